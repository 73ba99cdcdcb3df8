/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: storeput STORE [SECONDS [BATCHES]]
 *
 * Puts made up batches of 4,096 records into STORE (sqlite:PATH, made when it is not there; mysql://...), BATCHES (8) of them
 * a transaction, for SECONDS (10), and prints one JSON object: records, wall_s, cpu_s (this process), records_per_s (of wall
 * time), worst_commit_s. What commits slowly shows in wall_s alone, what computes in both.
 */
#include "lib/db_flow.h"
#include "lib/err.h"
#include "lib/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define RECORDS_A_SECOND 300000 /* of the made up traffic's own time */
#define LINGER_S         60     /* flows come up to so long after their end */
#define LEDGER_ROWS      24

struct load {
	struct db *db;
	int64_t probe;
	int64_t links[2];
	uint64_t sequence;
	uint64_t random;
	uint64_t made;
	struct record records[BATCH_RECORDS_MAX];
	struct ledger_delta ledger[LEDGER_ROWS];
};

/* xorshift64: the same traffic each time */
static uint64_t
draw(struct load *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random;
}

static struct addr
make_addr(uint32_t host)
{
	const uint8_t octets[4] = { (uint8_t)(host >> 24), (uint8_t)(host >> 16),
		                    (uint8_t)(host >> 8), (uint8_t)host };

	return addr_from_v4(octets);
}

static void
make_record(struct load *l, struct record *r)
{
	uint64_t a = draw(l), b = draw(l);
	struct addr inside = make_addr(0x0a000000 | (a & 0xffff));
	struct addr outside = make_addr((uint32_t)(a >> 16) | 0x20000000);
	uint32_t now = (uint32_t)(1700000000 + l->made++ / RECORDS_A_SECOND);

	*r = (struct record){ .saddr = b & 1 ? inside : outside,
		              .daddr = b & 1 ? outside : inside,
		              .sport = b & 1 ? (uint16_t)(a >> 48) : 443,
		              .dport = b & 1 ? 443 : (uint16_t)(a >> 48),
		              .protocol = 6,
		              .packets = (uint16_t)(1 + (b >> 8) % 1000),
		              .octets = (uint32_t)(64 + (b >> 16) % 1000000),
		              .application = (b >> 40) % 20 ? (uint16_t)(1 + (b >> 44) % 50) : 0,
		              .start_frac = (uint8_t)(b >> 24),
		              .end_frac = (uint8_t)(b >> 32),
		              .link = b >> 1 & 1 };
	r->expires = now - (uint32_t)(a >> 32) % LINGER_S % ((uint32_t)(b >> 50) % LINGER_S + 1);
	r->started = r->expires - (uint32_t)(b >> 20) % LINGER_S;
}

static struct batch
make_batch(struct load *l)
{
	l->sequence++;
	for (size_t i = 0; i < BATCH_RECORDS_MAX; i++)
		make_record(l, &l->records[i]);
	for (size_t i = 0; i < LEDGER_ROWS; i++)
		l->ledger[i] = (struct ledger_delta){ .minute = l->records[0].expires / 60 * 60,
			                              .link = i & 1,
			                              .cause = (uint16_t)(1 + i / 2),
			                              .packets = i,
			                              .octets = i };
	return (struct batch){ .epoch = 1,
		               .first = l->sequence,
		               .sequence = l->sequence,
		               .previous = (uint32_t)l->sequence,
		               .crc = (uint32_t)l->sequence + 1,
		               .n_records = BATCH_RECORDS_MAX,
		               .n_ledger = LEDGER_ROWS,
		               .records = l->records,
		               .ledger = l->ledger };
}

static double
now_s(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One transaction. */
static int
put(struct load *l, int batches)
{
	if (db_begin_write(l->db) < 0)
		return NM_ESTORE;
	int rc = NM_OK;
	for (int i = 0; i < batches && rc == NM_OK; i++) {
		struct batch b = make_batch(l);

		rc = db_batch_add(l->db, l->probe, l->links, 2, &b, b.records[0].expires);
	}
	return rc == NM_OK ? db_commit(l->db) : rc;
}

static int
run(struct load *l, double seconds, int batches)
{
	double began = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID), worst = 0,
	       wall = 0;

	while (wall < seconds) {
		double start = now_s(CLOCK_MONOTONIC);
		int rc = put(l, batches);
		if (rc < 0)
			return rc;
		double end = now_s(CLOCK_MONOTONIC);
		if (end - start > worst)
			worst = end - start;
		wall = end - began;
	}
	(void)printf("{\"records\": %" PRIu64
	             ", \"wall_s\": %.2f, \"cpu_s\": %.2f, \"records_per_s\": %.0f, "
	             "\"worst_commit_s\": %.2f}\n",
	             l->made, wall, now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu, (double)l->made / wall,
	             worst);
	return NM_OK;
}

int
main(int argc, char **argv)
{
	static const char names[2][LINK_NAME_MAX] = { "eth0", "eth1" };
	static const struct db_probe_names probe = { "bench", names, 2 };
	static struct load l = { .random = 88172645463325252u };
	char err[512];

	if (argc < 2 || argc > 4) {
		(void)fprintf(stderr, "usage: storeput STORE [SECONDS [BATCHES]]\n");
		return 2;
	}
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 10;
	int batches = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 8;
	if (db_open(argv[1], DB_CREATE, &l.db, err, sizeof(err)) < 0) {
		(void)fprintf(stderr, "storeput: %s\n", err);
		return 1;
	}
	int rc = db_probe_put(l.db, &probe, 1700000000, &l.probe, l.links);
	if (rc == NM_OK)
		rc = run(&l, seconds, batches);
	if (rc < 0)
		(void)fprintf(stderr, "storeput: %s: %s\n", nm_strerror(rc), db_error(l.db));
	db_close(l.db);
	return rc < 0;
}
