/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: records <FILE
 *
 * Adds up what `netmonc -o records` wrote and prints it as one JSON object:
 *   records, packets, octets   of all flow records
 *   ledger                     {"cause": [packets, octets], ...}
 *   hosts                      {"10.99.0.7": [packets, octets], ...}: records to and from each host of 10.99.0.0/16, where
 *                              the generator puts the conversations that it counts one by one
 */
#include "lib/err.h"
#include "lib/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HOSTS 65536u /* 10.99.0.0/16 */

struct count {
	uint64_t packets;
	uint64_t octets;
};

struct sums {
	uint64_t records;
	struct count all;
	struct count ledger[LEDGER_CAUSE_MAX];
	struct count hosts[HOSTS];
	struct batch batch;
	struct record rows[BATCH_RECORDS_MAX];
	struct ledger_delta deltas[BATCH_LEDGER_MAX];
	uint8_t frame[FRAME_MAX];
};

static void
add(struct count *c, uint64_t packets, uint64_t octets)
{
	c->packets += packets;
	c->octets += octets;
}

static void
add_host(struct sums *s, const struct addr *a, const struct record *r)
{
	if (addr_is_v4(a) && a->b[12] == 10 && a->b[13] == 99)
		add(&s->hosts[a->b[14] << 8 | a->b[15]], r->packets, r->octets);
}

static int
add_batch(struct sums *s, size_t len)
{
	s->batch.records = s->rows;
	s->batch.ledger = s->deltas;
	int rc = frame_decode_batch(s->frame, len, &s->batch);
	if (rc < 0)
		return rc;
	s->records += s->batch.n_records;
	for (size_t i = 0; i < s->batch.n_records; i++) {
		const struct record *r = &s->rows[i];
		add(&s->all, r->packets, r->octets);
		add_host(s, &r->saddr, r);
		add_host(s, &r->daddr, r);
	}
	for (size_t i = 0; i < s->batch.n_ledger; i++)
		if (s->deltas[i].cause < LEDGER_CAUSE_MAX)
			add(&s->ledger[s->deltas[i].cause], s->deltas[i].packets,
			    s->deltas[i].octets);
	return NM_OK;
}

static int
read_frames(struct sums *s)
{
	uint8_t bytes[FRAME_HEADER_SIZE];
	struct frame_header header;

	while (fread(bytes, sizeof(bytes), 1, stdin) == 1) {
		int rc = frame_decode_header(bytes, &header);
		if (rc < 0)
			return rc;
		if (header.length && fread(s->frame, header.length, 1, stdin) != 1)
			return NM_EFORMAT;
		rc = header.type == FRAME_BATCH ? add_batch(s, header.length) : NM_OK;
		if (rc < 0)
			return rc;
	}
	return feof(stdin) ? NM_OK : NM_EFORMAT;
}

static void
print_count(const char *name, const struct count *c, bool *first)
{
	printf("%s\"%s\": [%" PRIu64 ", %" PRIu64 "]", *first ? "" : ", ", name, c->packets,
	       c->octets);
	*first = false;
}

static void
print_sums(const struct sums *s)
{
	char name[ADDR_TEXT_MAX];
	bool first = true;

	printf("{\"records\": %" PRIu64 ", \"packets\": %" PRIu64 ", \"octets\": %" PRIu64
	       ", \"ledger\": {",
	       s->records, s->all.packets, s->all.octets);
	for (unsigned cause = 0; cause < LEDGER_CAUSE_MAX; cause++)
		if (s->ledger[cause].packets)
			print_count(ledger_cause_name((enum ledger_cause)cause), &s->ledger[cause],
			            &first);
	printf("}, \"hosts\": {");
	first = true;
	for (unsigned i = 0; i < HOSTS; i++) {
		(void)snprintf(name, sizeof(name), "10.99.%u.%u", i >> 8, i & 0xff);
		if (s->hosts[i].packets)
			print_count(name, &s->hosts[i], &first);
	}
	printf("}}\n");
}

int
main(void)
{
	struct sums *s = calloc(1, sizeof(*s));
	int rc = s ? read_frames(s) : NM_ELIMIT;

	if (rc < 0)
		(void)fprintf(stderr, "records: %s\n", nm_strerror(rc));
	else
		print_sums(s);
	free(s);
	return rc < 0 ? 1 : 0;
}
