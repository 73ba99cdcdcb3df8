/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: feed NAME=VALUE...
 *
 * A probe without packets, for the fault tests: netmonc's exporter and spool, with flow records that no other run makes, at a
 * steady rate, in small batches. Goes on until SIGTERM, then waits until everything is delivered. Exit status 0: it was.
 *
 * Names: see `settings`. Each record has the run's number and its own in its addresses and ports; its packets, octets, family,
 * link, VLAN and times follow from these. The ledger counts each as seen and metered.
 */
#include "lib/err.h"
#include "lib/log.h"
#include "lib/tls.h"
#include "probe/export.h"
#include "probe/spool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_NS 2000000
#define LINKS   2

struct feed {
	const char *host;
	const char *probe;
	const char *spool;
	const char *policy;
	const char *cert;
	const char *key;
	const char *ca;
	unsigned long port;
	unsigned long run;    /* number of this run */
	unsigned long rate;   /* records a second */
	unsigned long count;  /* records after which it only waits; 0: no end */
	unsigned long batch;  /* records of one */
	unsigned long age_ms; /* of a batch */
	unsigned long queue;  /* records in memory; 0: the exporter's own number */
	/* its clock: `origin` at the time `began`, and then `speed` seconds a second; 0: the machine's. Seconds, UTC */
	unsigned long speed;
	unsigned long began;
	unsigned long origin;
	unsigned long spool_mb;
	unsigned long finish_s; /* without progress */
	struct tls *tls;        /* NULL: plain TCP */
	struct spool *store;    /* NULL: in memory */
	struct sink *sink;
	uint32_t serial;
};

#define TEXT(member)                                         \
	{                                                    \
#		member, offsetof(struct feed, member), true \
	}
#define NUMBER(member)                                        \
	{                                                     \
#		member, offsetof(struct feed, member), false \
	}

static const struct {
	const char *name;
	size_t offset;
	bool is_text;
} settings[] = {
	TEXT(host),    TEXT(probe),   TEXT(spool),    TEXT(policy),     TEXT(cert),
	TEXT(key),     TEXT(ca),      NUMBER(port),   NUMBER(run),      NUMBER(rate),
	NUMBER(count), NUMBER(batch), NUMBER(age_ms), NUMBER(spool_mb), NUMBER(finish_s),
	NUMBER(queue), NUMBER(speed), NUMBER(began),  NUMBER(origin),
};

static volatile sig_atomic_t stop_wanted;

static void
on_signal(int number)
{
	(void)number;
	stop_wanted = 1;
}

/* Takes "name=value" apart. False: no such name. */
static bool
set(struct feed *f, const char *word)
{
	const char *value = strchr(word, '=');

	for (size_t i = 0; value && i < sizeof(settings) / sizeof(settings[0]); i++) {
		char *at = (char *)f + settings[i].offset;
		if (strlen(settings[i].name) != (size_t)(value - word) ||
		    strncmp(word, settings[i].name, (size_t)(value - word)) != 0)
			continue;
		if (settings[i].is_text)
			*(const char **)(void *)at = value + 1;
		else
			*(unsigned long *)(void *)at = strtoul(value + 1, NULL, 10);
		return true;
	}
	return false;
}

static double
now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct addr
end_of(const struct feed *f, uint8_t first)
{
	uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, first };
	const uint8_t v4[4] = { first, (uint8_t)(f->run >> 16), (uint8_t)(f->run >> 8),
		                (uint8_t)f->run };

	memcpy(v6 + 12, v4, sizeof(v4));
	return f->serial % 16 == 0 ? addr_from_v6(v6) : addr_from_v4(v4);
}

static uint32_t
second_of(const struct feed *f)
{
	double t = now(CLOCK_REALTIME);

	return f->speed == 0
	           ? (uint32_t)t
	           : (uint32_t)((double)f->origin + (t - (double)f->began) * (double)f->speed);
}

static struct record
make_record(const struct feed *f)
{
	uint32_t n = f->serial, mixed = (n + (uint32_t)f->run) * 2654435761u;
	uint32_t second = second_of(f);

	return (struct record){
		.saddr = end_of(f, 10),
		.daddr = end_of(f, 172),
		.sport = (uint16_t)n,
		.dport = (uint16_t)(n >> 16),
		.protocol = n % 3 ? 6 : 17,
		.packets = (uint16_t)(1 + mixed % 1000),
		.octets = 28 + (mixed >> 8),
		.application = (uint16_t)(n % 2),
		.start_frac = (uint8_t)mixed,
		.end_frac = (uint8_t)(mixed >> 16),
		.started = second,
		.expires = second,
		.vlan = n % 32 == 1 ? 1 + mixed % 4094 : VLAN_NONE,
		.link = (uint16_t)(n % LINKS),
	};
}

static void
feed_one(struct feed *f)
{
	struct record r = make_record(f);
	struct ledger_delta d = { .minute = r.expires - r.expires % 60,
		                  .link = r.link,
		                  .packets = r.packets,
		                  .octets = r.octets };

	d.cause = LEDGER_SEEN;
	f->sink->ops->ledger(f->sink, &d);
	d.cause = LEDGER_METERED;
	f->sink->ops->ledger(f->sink, &d);
	f->sink->ops->record(f->sink, &r);
	f->serial++;
}

static void
feed_all(struct feed *f)
{
	const struct timespec nap = { 0, TICK_NS };
	double began = now(CLOCK_MONOTONIC);

	while (!stop_wanted) {
		double due = (now(CLOCK_MONOTONIC) - began) * (double)f->rate;
		while (f->serial < due && !stop_wanted && (f->count == 0 || f->serial < f->count))
			feed_one(f);
		f->sink->ops->tick(f->sink);
		(void)nanosleep(&nap, NULL);
	}
}

static const char *const links[LINKS] = { "east", "west" };

static void
open_spool(struct feed *f)
{
	const struct spool_config config = { .folder = f->spool,
		                             .probe = f->probe,
		                             .size_max = (uint64_t)f->spool_mb << 20,
		                             .drop_oldest = f->policy &&
		                                            strcmp(f->policy, "drop-oldest") == 0 };

	if (!f->spool)
		return;
	if (spool_open(&config, &f->store) < 0)
		exit(1);
	for (int i = 0; i < LINKS; i++)
		if (spool_link(f->store, links[i]) != i)
			log_fatal(1, "the spool has other links");
	if (spool_begin(f->store, 0) < 0)
		exit(1);
}

static int
open_sink(struct feed *f)
{
	static const struct application apps[] = {
		{ .id = 1, .name = "Feed", .category = "Test" }
	};
	const struct export_config config = {
		.host = f->host,
		.port = (uint16_t)f->port,
		.tls = f->tls,
		.spool = f->store,
		.probe = f->probe,
		.links = links,
		.n_links = LINKS,
		.labels = 1,
		.queue_records_max = f->queue,
		.wait_when_full = false,
		.batch_records = f->batch,
		.batch_age_ms = (unsigned)f->age_ms,
		.finish_s = (unsigned)f->finish_s,
	};

	int rc = export_new(&config, &f->sink);
	if (rc == NM_OK)
		f->sink->ops->apps(f->sink, apps, 1, 1);
	return rc;
}

static void
open_tls(struct feed *f)
{
	const struct tls_files files = { .cert = f->cert, .key = f->key, .ca = f->ca };
	char err[512];

	if (f->cert && tls_new(&files, false, &f->tls, err, sizeof(err)) < 0)
		log_fatal(1, "%s", err);
}

int
main(int argc, char **argv)
{
	struct feed f = { .host = "127.0.0.1",
		          .probe = "feed",
		          .rate = 2000,
		          .batch = 20,
		          .age_ms = 5,
		          .finish_s = 30,
		          .spool_mb = 64 };
	struct sigaction action = { .sa_handler = on_signal };

	log_init("feed", LOG_LEVEL_INFO);
	for (int i = 1; i < argc; i++)
		if (!set(&f, argv[i]))
			log_fatal(2, "what is %s?", argv[i]);
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGTERM, &action, NULL);
	open_tls(&f);
	open_spool(&f);
	int rc = open_sink(&f);
	if (rc < 0)
		log_fatal(1, "%s", nm_strerror(rc));
	feed_all(&f);
	rc = f.sink->ops->finish(f.sink);
	bool kept = export_is_kept(f.sink);
	f.sink->ops->free(f.sink);
	spool_close(f.store, kept);
	tls_free(f.tls);
	return rc < 0 ? 1 : 0;
}
