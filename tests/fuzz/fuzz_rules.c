/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a file of rules, and behind a zero byte as a packet's addresses, ports, protocol and VLAN. What is refused must be
 * said in words. The rule that is found must be that of the first line that holds when it is alone, and the same one for
 * the packet's answer.
 */
#include "lib/err.h"
#include "probe/rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
load(const uint8_t *text, size_t len, struct rules **ret_rules)
{
	char path[64], err[256] = "";
	int fd = memfd_create("rules", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int rc = rules_load(path, ret_rules, err, sizeof(err));
	if ((rc < 0) != (*err != '\0'))
		abort();
	(void)close(fd);
	return rc;
}

/* The number of the first line that holds by itself, 0 for none. */
static unsigned
first_line(const uint8_t *text, size_t len, const struct packet *pkt)
{
	unsigned line = 0;

	for (size_t at = 0; at < len;) {
		const uint8_t *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) + 1 - at : len - at;
		struct rules *alone = NULL;

		line++;
		if (load(text + at, n, &alone) != NM_OK)
			abort();
		bool holds = rules_find(alone, pkt) != NULL;
		rules_unref(alone);
		if (holds)
			return line;
		at += n;
	}
	return 0;
}

static struct packet
make_packet(const uint8_t *data, size_t size)
{
	uint8_t bytes[40] = { 0 };
	struct packet pkt = { 0 };

	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	pkt.saddr = bytes[0] & 1 ? addr_from_v6(bytes) : addr_from_v4(bytes);
	pkt.daddr = bytes[0] & 1 ? addr_from_v6(bytes + 16) : addr_from_v4(bytes + 16);
	pkt.sport = (uint16_t)(bytes[32] << 8 | bytes[33]);
	pkt.dport = (uint16_t)(bytes[34] << 8 | bytes[35]);
	pkt.protocol = bytes[36];
	pkt.vlan = (uint16_t)((bytes[37] & 0x0f) << 8 | bytes[38]);
	return pkt;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t text = zero ? (size_t)(zero - data) : size;
	struct packet pkt = make_packet(zero ? zero + 1 : data, zero ? size - text - 1 : size);
	struct packet back = pkt;
	struct rules *r = NULL;

	if (load(data, text, &r) == NM_OK) {
		back.saddr = pkt.daddr;
		back.daddr = pkt.saddr;
		back.sport = pkt.dport;
		back.dport = pkt.sport;
		const struct rule *found = rules_find(r, &pkt);
		if (rules_find(r, &back) != found ||
		    (found ? found->line : 0) != first_line(data, text, &pkt))
			abort();
	}
	rules_unref(r);
	return 0;
}
