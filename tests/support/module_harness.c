/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs classifier modules as the probe does. */
#include "tests/support/module_harness.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct harness *
harness_new(const struct nm_module *const *modules)
{
	struct harness *h = calloc(1, sizeof(*h));
	size_t n = 0;

	assert_non_null(h);
	while (modules[n])
		n++;
	assert_int_equal(classify_new(NULL, &h->classifier), NM_OK);
	assert_int_equal(classify_load_static(h->classifier, modules, n), NM_OK);
	struct classify_stats stats;
	classify_get_stats(h->classifier, &stats);
	assert_int_equal(stats.modules, n);
	h->now_ns = UINT64_C(1700000000) * 1000000000U;
	return h;
}

void
harness_free(struct harness *h)
{
	classify_free(h->classifier);
	free(h);
}

/* "10.0.0.1:80" or "[2001:db8::1]:80" */
static void
parse_end(const char *text, size_t len, struct addr *ret_addr, uint16_t *ret_port)
{
	char copy[ADDR_TEXT_MAX + 8];

	assert_true(len < sizeof(copy));
	memcpy(copy, text, len);
	copy[len] = '\0';
	char *colon = strrchr(copy, ':');
	assert_non_null(colon);
	*colon = '\0';
	char *addr = copy;
	if (*addr == '[') {
		addr++;
		colon[-1] = '\0';
	}
	assert_int_equal(addr_parse(addr, ret_addr), NM_OK);
	*ret_port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

struct talk
talk_begin(struct harness *h, uint8_t transport, const char *ends)
{
	struct talk t = { .h = h, .packet = { .protocol = transport } };
	const char *space = strchr(ends, ' ');

	assert_non_null(space);
	parse_end(ends, (size_t)(space - ends), &t.packet.saddr, &t.packet.sport);
	parse_end(space + 1, strlen(space + 1), &t.packet.daddr, &t.packet.dport);
	return t;
}

const char *
talk_send(struct talk *t, bool from_client, const void *bytes, size_t len)
{
	struct packet packet = t->packet;
	uint8_t *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	if (len > 0)
		memcpy(exact, bytes, len);
	if (!from_client) {
		packet.saddr = t->packet.daddr;
		packet.daddr = t->packet.saddr;
		packet.sport = t->packet.dport;
		packet.dport = t->packet.sport;
	}
	packet.tcp_seq = t->seq[!from_client];
	t->seq[!from_client] += (uint32_t)len;
	packet.ts_ns = t->h->now_ns;
	t->h->now_ns += 1000000;
	packet.octets = (uint32_t)len + 40;
	packet.payload = len ? exact : NULL;
	packet.payload_len = (uint32_t)len;
	packet.payload_wire_len = (uint32_t)len;
	classify_packet(t->h->classifier, &packet, from_client, &t->state);
	free(exact);
	return talk_app(t);
}

const char *
talk_app(const struct talk *t)
{
	return classify_app_name(t->h->classifier, t->state.app);
}

const char *
talk_host(struct talk *t)
{
	(void)classify_host(t->h->classifier, t->state.host, t->host, &t->host_source);
	return t->host;
}

const char *
harness_one(struct harness *h, uint8_t transport, const char *ends, const struct sample *sample)
{
	struct talk t = talk_begin(h, transport, ends);

	return talk_send(&t, sample->from_client, sample->bytes, sample->len);
}

void
harness_cut(struct harness *h, uint8_t transport, const char *ends, const struct sample *sample,
            const char *app)
{
	for (size_t len = 1; len < sample->len; len++) {
		struct sample cut = { sample->name, sample->bytes, len, sample->from_client };
		const char *got = harness_one(h, transport, ends, &cut);

		if (strcmp(got, app) != 0 && strcmp(got, "Unknown") != 0)
			fail_msg("%s, first %zu octets: %s", sample->name, len, got);
	}
	const char *got = harness_one(h, transport, ends, sample);
	if (strcmp(got, app) != 0)
		fail_msg("%s: %s, should be %s", sample->name, got, app);
}
