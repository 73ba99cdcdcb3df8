/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The admin's own rules: etc/rules.conf, netmon-rules(5). They beat every signature. Life cycle: rules_load(), rules_bind() for
 * each rule, then rules_find() by any number of threads at a time; rules_ref() and rules_unref().
 *
 *   tcp host 10.1.2.0/24 port 8000-8010 = "Billing"
 */
#ifndef NETMON_PROBE_RULES_H
#define NETMON_PROBE_RULES_H

#include "lib/record.h"
#include "probe/packet.h"

#include <stddef.h>
#include <stdint.h>

#define RULES_MAX 1000 /* rules of one file */

struct rules;

struct rule {
	char name[APP_NAME_MAX];         /* of the application that it gives */
	char category[APP_CATEGORY_MAX]; /* "" where the rule says none */
	unsigned line;                   /* of the file */
	uint16_t app;                    /* application id, 0 before rules_bind() */
	uint16_t reason;                 /* labels_reason(), same */
};

/* Reads a file of rules. NULL stands for an empty one. 0 with one reference the caller's; or, with "FILE:LINE: what and what to
 * do" in `err`: -errno when it cannot be read, NM_EFORMAT, NM_ELIMIT. */
int rules_load(const char *path, struct rules **ret_rules, char *err, size_t err_size);
struct rules *rules_ref(struct rules *r);
/* NULL is fine. */
void rules_unref(struct rules *r);

/* How many there are, and each by index, in the order of the file. */
size_t rules_count(const struct rules *r);
const struct rule *rules_at(const struct rules *r, size_t i);
/* Sets what a rule gives, before other threads see it. */
void rules_bind(struct rules *r, size_t i, uint16_t app, uint16_t reason);

/* The first rule of the file that a packet's conversation meets, whichever end is which; NULL for none. Asked once for each
 * conversation, with its first packet. */
const struct rule *rules_find(const struct rules *r, const struct packet *pkt);

/* Of what the file says: 64 bits that change when it does (comments and white space may count). */
uint64_t rules_digest(const struct rules *r);

#endif
