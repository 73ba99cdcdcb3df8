/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One line of rules.conf as numbers: between the parser and the index of the rules, for nobody else. Grammar (words in any
 * order in front of '=', lists with commas):
 *
 *   rule  = cond { ["and"] cond } "=" name [ "[" category "]" ]
 *   cond  = "tcp" | "udp" | "sctp" | "icmp" | "esp" ... | ["ip"] "proto" LIST
 *         | "host" LIST | "port" LIST | "vlan" LIST
 *
 * `host` and `port` speak of one end of the conversation until one of them comes again: that begins the other end.
 */
#ifndef NETMON_PROBE_RULES_PARSE_H
#define NETMON_PROBE_RULES_PARSE_H

#include "lib/addr.h"
#include "probe/listfile.h"
#include "probe/rules.h"

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What a condition is about. The two ends are those of the rule, which may be either one's of a conversation. */
enum rules_axis {
	RULES_HOST0,
	RULES_HOST1,
	RULES_PORT0,
	RULES_PORT1,
	RULES_PROTO,
	RULES_VLAN,
	RULES_AXES,
};

#define RULES_RANGES_MAX 8192 /* of one file: addresses, ports and so on that its rules list */

/* A value of an axis: an address as a number of 128 bits, anything else in `low`. */
struct rules_value {
	uint64_t high;
	uint64_t low;
};

static inline struct rules_value
rules_value_of(const struct addr *addr)
{
	uint64_t half[2];

	memcpy(half, addr->b, sizeof(half));
	return (struct rules_value){ be64toh(half[0]), be64toh(half[1]) };
}

/* One item of a list: both ends included. A rule without ranges on an axis says nothing about it. */
struct rules_range {
	struct rules_value first;
	struct rules_value last;
	uint16_t rule;
	uint8_t axis; /* enum rules_axis */
};

/* What the parser makes of a line. */
struct rules_line {
	struct rule rule;           /* name, category, line */
	struct rules_range *ranges; /* the caller's room for them */
	size_t n_ranges;            /* of this line */
	size_t ranges_max;
};

/* Reads a line without comment, which it may change. 0, NM_EFORMAT or NM_ELIMIT with the reader's message. */
int rules_parse(const struct listfile *file, char *text, struct rules_line *line);

#endif
