/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sends what waits. */
#include "cron/alert/outbox.h"

#include "cron/alert/worker.h"
#include "lib/err.h"
#include "lib/log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MAX  200 /* messages that are loaded at a time */
#define SLOTS      4 /* processes of one kind at a time: a dead mail server does not hold up SMS */
#define KINDS      2
#define MINUTE     60
#define ID_PATTERN "netmon.%lld.%lld.%u" /* event, delivery, time */

struct parcel {
	struct alert_delivery delivery;
	char *long_text;
	char id[SEND_ID_MAX];
	enum { WAITS, RUNS, ENDED } state;
	struct worker worker;
};

struct outbox {
	struct db *db;
	const struct outbox_options *options;
	struct outbox_counts *counts;
	int64_t end_ms; /* no message is begun later */
	size_t n;
	size_t running[KINDS];
	struct parcel *parcels;
};

uint32_t
outbox_next_try(unsigned attempts, uint32_t now_s, unsigned retry_after_s)
{
	static const unsigned minutes[] = { 1, 1, 2, 4, 8, 15, 30 };
	const size_t last = sizeof(minutes) / sizeof(minutes[0]) - 1;

	if (attempts + 1 >= OUTBOX_TRIES_MAX)
		return 0;
	unsigned wait_s = minutes[attempts < last ? attempts : last] * MINUTE;
	/* whole minutes: the next run may begin some seconds earlier in its minute than this one did */
	uint32_t next_s = now_s - now_s % MINUTE + wait_s;
	return retry_after_s && next_s < now_s + retry_after_s ? now_s + retry_after_s : next_s;
}

/* --- loading ---------------------------------------------------------------------------------------------------------- */

static int
load_one(void *ctx, const struct alert_delivery *delivery)
{
	struct outbox *box = ctx;
	struct parcel *p = &box->parcels[box->n];

	memset(p, 0, sizeof(*p));
	p->long_text = strdup(delivery->long_text);
	if (!p->long_text)
		return -ENOMEM;
	p->delivery = *delivery;
	p->delivery.long_text = p->long_text;
	(void)snprintf(p->id, sizeof(p->id), ID_PATTERN, (long long)delivery->event,
	               (long long)delivery->id, delivery->event_s);
	box->n++;
	return 0;
}

static void
unload(struct outbox *box)
{
	for (size_t i = 0; i < box->n; i++)
		free(box->parcels[i].long_text);
	box->n = 0;
}

/* --- settling --------------------------------------------------------------------------------------------------------- */

static void
log_try(const struct parcel *p, const struct send_result *result)
{
	char contact[4 * ALERT_NAME_MAX], name[4 * ALERT_NAME_MAX];

	(void)log_safe(contact, sizeof(contact), p->delivery.contact.name,
	               strlen(p->delivery.contact.name));
	(void)log_safe(name, sizeof(name), p->delivery.name, strlen(p->delivery.name));
	if (result->ok)
		log_info("rule %s: told %s: %s", name, contact, result->detail);
	else
		log_warn("rule %s: could not tell %s (try %u): %s", name, contact,
		         p->delivery.attempts + 1, result->detail);
}

static int
write_try(struct outbox *box, const struct parcel *p, const struct send_result *result)
{
	uint32_t now_s = box->options->now_s;
	int rc = db_begin_write(box->db);

	if (rc < 0)
		return rc;
	if (result->ok)
		rc = db_alert_delivery_sent(box->db, &p->delivery, now_s, result->detail);
	else
		rc = db_alert_delivery_failed(
		    box->db, &p->delivery, now_s,
		    outbox_next_try(p->delivery.attempts, now_s, result->retry_after_s),
		    result->detail);
	rc = db_end_write(box->db, rc);
	/* the rule was disabled or removed meanwhile */
	return rc == NM_ENOTFOUND ? NM_OK : rc;
}

static int
settle(struct outbox *box, struct parcel *p, const struct send_result *result)
{
	log_try(p, result);
	p->state = ENDED;
	if (result->ok)
		box->counts->sent++;
	else
		box->counts->failed++;
	return write_try(box, p, result);
}

/* --- one round -------------------------------------------------------------------------------------------------------- */

static int
start_one(struct outbox *box, struct parcel *p)
{
	struct send_job job = { .contact = &p->delivery.contact,
		                .short_text = p->delivery.short_text,
		                .long_text = p->long_text,
		                .id = p->id,
		                .when_s = p->delivery.event_s };
	int rc = worker_start(&box->options->send, &job, &p->worker);

	if (rc < 0)
		return rc;
	p->state = RUNS;
	box->running[p->delivery.contact.kind]++;
	return NM_OK;
}

static int
start_some(struct outbox *box)
{
	int rc = NM_OK;

	for (size_t i = 0; i < box->n && rc == NM_OK; i++) {
		struct parcel *p = &box->parcels[i];

		if (p->state == WAITS && box->running[p->delivery.contact.kind] < SLOTS &&
		    worker_now_ms() < box->end_ms)
			rc = start_one(box, p);
	}
	return rc;
}

/* Waits until one of the processes has a result or has used up its time. */
static void
wait_for_one(const struct outbox *box)
{
	struct pollfd fds[KINDS * SLOTS];
	int64_t until_ms = INT64_MAX;
	nfds_t n = 0;

	for (size_t i = 0; i < box->n && n < KINDS * SLOTS; i++) {
		const struct parcel *p = &box->parcels[i];

		if (p->state != RUNS)
			continue;
		fds[n++] = (struct pollfd){ .fd = p->worker.fd, .events = POLLIN };
		if (p->worker.deadline_ms < until_ms)
			until_ms = p->worker.deadline_ms;
	}
	int64_t wait_ms = until_ms - worker_now_ms();
	(void)poll(fds, n, wait_ms < 0 ? 0 : (int)wait_ms);
}

static bool
is_over(const struct parcel *p)
{
	struct pollfd ready = { .fd = p->worker.fd, .events = POLLIN };

	return p->state == RUNS &&
	       (worker_now_ms() >= p->worker.deadline_ms || poll(&ready, 1, 0) > 0);
}

/* Ends every process that `all` or its state asks for; goes on after an error, so that none stays behind. */
static int
end_some(struct outbox *box, bool all)
{
	struct send_result result;
	int first = NM_OK;

	for (size_t i = 0; i < box->n; i++) {
		struct parcel *p = &box->parcels[i];

		if (p->state != RUNS || (!all && !is_over(p)))
			continue;
		worker_end(&p->worker, &result);
		box->running[p->delivery.contact.kind]--;
		int rc = settle(box, p, &result);
		if (first == NM_OK)
			first = rc;
	}
	return first;
}

static int
run_round(struct outbox *box)
{
	int rc = NM_OK;

	for (;;) {
		rc = start_some(box);
		if (rc < 0 || box->running[ALERT_EMAIL] + box->running[ALERT_SMS] == 0)
			break;
		wait_for_one(box);
		rc = end_some(box, false);
		if (rc < 0)
			break;
	}
	int ended = end_some(box, true);
	return rc < 0 ? rc : ended;
}

int
outbox_run(struct db *db, const struct outbox_options *options, struct outbox_counts *ret_counts)
{
	struct outbox_counts counts = { 0 };
	struct outbox box = { .db = db,
		              .options = options,
		              .counts = &counts,
		              .end_ms = worker_now_ms() + (int64_t)options->budget_s * 1000 };
	unsigned sent_before;
	int rc;

	box.parcels = calloc(ROUND_MAX, sizeof(*box.parcels));
	if (!box.parcels)
		return -ENOMEM;
	/* a message that was sent makes way for the rule's next one, so there may be another round */
	do {
		sent_before = counts.sent;
		rc = db_alert_delivery_each(db, options->now_s, ROUND_MAX, load_one, &box);
		if (rc == NM_OK)
			rc = run_round(&box);
		counts.left = 0;
		for (size_t i = 0; i < box.n; i++)
			counts.left += box.parcels[i].state == WAITS;
		unload(&box);
	} while (rc == NM_OK && counts.sent > sent_before && worker_now_ms() < box.end_ms);
	free(box.parcels);
	*ret_counts = counts;
	return rc;
}

void
outbox_send_one(const struct send_context *ctx, const struct send_job *job,
                struct send_result *ret_result)
{
	struct worker worker;
	int rc = worker_start(ctx, job, &worker);

	if (rc < 0) {
		send_failed(ret_result, "%s", nm_strerror(rc));
		return;
	}
	struct pollfd ready = { .fd = worker.fd, .events = POLLIN };
	(void)poll(&ready, 1, (int)(worker.deadline_ms - worker_now_ms()));
	worker_end(&worker, ret_result);
}
