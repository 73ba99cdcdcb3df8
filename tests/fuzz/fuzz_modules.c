/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as the payloads of one conversation, through dispatch, tags and all modules. The input is: transport (its lowest
 * two bits: TCP, UDP, SCTP, RSVP), two octets each of client and server port, then packets of a head octet (top bit: from the
 * server; the others: octets of the stream that are missing before it, of TCP, or as many that come again from 64 on) and a
 * length octet that counts eights. The environment's NETMON_FUZZ_MODULES, names with commas between, leaves the other modules out.
 */
#include "tests/support/all_modules.h"

#include "probe/classify.h"

#include <stdlib.h>
#include <string.h>

#define PACKETS_MAX 64
#define MODULES     (sizeof(all_modules) / sizeof(all_modules[0]) - 1)

/* SCTP and RSVP stand for what has a protocol number of its own. */
static const uint8_t transports[] = { NM_TCP, NM_UDP, 132, 46 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Is it among the names with commas between? */
static bool
is_among(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = names; (at = strstr(at, name)); at += len)
		if ((at == names || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
			return true;
	return false;
}

static size_t
choose(const struct nm_module *ret_chosen[MODULES])
{
	const char *names = getenv("NETMON_FUZZ_MODULES");
	size_t n = 0;

	for (size_t i = 0; i < MODULES; i++)
		if (!names || is_among(names, all_modules[i]->name))
			ret_chosen[n++] = all_modules[i];
	return n;
}

static struct classifier *
new_classifier(void)
{
	const struct nm_module *chosen[MODULES];
	size_t n = choose(chosen);
	struct classifier *c;

	if (classify_new(&(struct classify_limits){ .tags_max = 512 }, &c) != 0 || n == 0 ||
	    classify_load_static(c, chosen, n) != 0)
		abort();
	return c;
}

/* A verdict that stands must have a name, a confidence and a reason. */
static void
check(const struct classifier *c, const struct classify_state *st)
{
	if ((st->app == 0) != (st->confidence == 0) || st->confidence > 100)
		abort();
	if (st->app != 0 && *classify_reason(c, st->reason) == '\0')
		abort();
}

/* The payload in a block of its own, so that a read behind its end is seen. */
static void
send_payload(struct classifier *c, struct packet pkt, struct wire bytes, bool from_client,
             struct classify_state *st)
{
	size_t len = wire_left(&bytes);
	uint8_t *exact = malloc(len ? len : 1);

	if (!exact)
		return;
	wire_copy(&bytes, exact, len);
	pkt.payload = exact;
	pkt.payload_len = (uint32_t)len;
	pkt.payload_wire_len = (uint32_t)len;
	classify_packet(c, &pkt, from_client, st);
	check(c, st);
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct classifier *c;
	struct wire w = wire_init(data, size);
	struct packet forth = { .protocol = transports[wire_u8(&w) % 4] };
	struct classify_state st = { 0 };

	if (!c)
		c = new_classifier();
	forth.saddr.b[15] = 1;
	forth.daddr.b[15] = 2;
	forth.sport = wire_u16(&w);
	forth.dport = wire_u16(&w);
	struct packet back = forth;
	back.saddr = forth.daddr;
	back.daddr = forth.saddr;
	back.sport = forth.dport;
	back.dport = forth.sport;
	for (unsigned i = 0; i < PACKETS_MAX && wire_left(&w) > 0; i++) {
		uint8_t head = wire_u8(&w);
		bool from_client = !(head & 0x80);
		size_t len = (size_t)wire_u8(&w) * 8;
		struct wire payload = w;

		forth.ts_ns += 1000000;
		back.ts_ns = forth.ts_ns;
		uint32_t *seq = from_client ? &forth.tcp_seq : &back.tcp_seq;
		*seq += head & 0x40 ? 0U - (head & 0x3fU) : head & 0x3fU;
		wire_limit(&payload, len);
		send_payload(c, from_client ? forth : back, payload, from_client, &st);
		*seq += (uint32_t)wire_left(&payload);
		wire_skip(&w, len < wire_left(&w) ? len : wire_left(&w));
	}
	return 0;
}
