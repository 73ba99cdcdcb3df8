/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The path of a frame, and the loss ledger. */
#include "probe/meter.h"

#include "lib/err.h"
#include "probe/fragment.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_S      UINT64_C(1000000000)
#define NS_PER_MINUTE (60 * NS_PER_S)

/* One link: its time, its sampling, and its ledger: the minute that is being counted, and what was handed over before. */
struct link {
	uint64_t newest_ns; /* newest time stamp */
	uint32_t leave_out; /* frames until the next one that is looked at */
	uint64_t minute_begin_ns;
	uint64_t calm_ns; /* for so long behind `minute_begin_ns` nothing is handed over */
	struct meter_count now[LEDGER_CAUSE_MAX];    /* not yet handed over */
	struct meter_count before[LEDGER_CAUSE_MAX]; /* handed over */
};

#define STEP_PASSED LEDGER_CAUSE_MAX /* instead of a cause: another meter counts it */

/* A frame between decoding and the flow table. */
struct step {
	enum ledger_cause cause;
	enum ledger_cause odd; /* what is odd about its time: LEDGER_LATE or _NO_TIME, else 0 */
	uint32_t frame_octets;
	struct packet pkt; /* only link and time if the cause is not LEDGER_METERED */
	struct flow_place place;
};

struct meter {
	struct flow_table *flows;
	struct fragment_table *fragments;
	struct classifier *classifier;
	struct sink *sink;
	unsigned decode_flags;
	bool late_tags;
	meter_pass_fn pass;
	void *pass_ctx;
	uint32_t sampling;       /* one frame of a link in so many is looked at */
	uint32_t octets_max;     /* of a packet, so that a record can hold them scaled up */
	uint64_t handed_over_ns; /* packet time of the last hand-over */
	uint16_t n_links;        /* one more than the largest index that was seen */
	struct step steps[METER_BATCH];
	struct link links[METER_LINKS_MAX];
};

static void
record_to_sink(void *ctx, const struct record *record)
{
	struct meter *m = ctx;
	struct record late;

	bool guess = record->application == APP_UNKNOWN && record->roles & RECORD_ANSWERED;
	if (guess || (m->late_tags && record->confidence < NM_CONF_SIGNATURE)) {
		late = *record;
		if (m->late_tags)
			classify_record(m->classifier, &late);
		classify_guess(m->classifier, &late);
		record = &late;
	}
	m->sink->ops->record(m->sink, record);
}

int
meter_new(const struct meter_config *config, struct classifier *classifier, struct sink *sink,
          struct meter **ret_meter)
{
	struct meter *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->classifier = classifier;
	m->sink = sink;
	m->decode_flags = config->decode_flags;
	m->late_tags = config->late_tags;
	m->pass = config->pass;
	m->pass_ctx = config->pass_ctx;
	m->sampling = config->flow.sampling ? config->flow.sampling : 1;
	m->octets_max = UINT32_MAX / m->sampling;
	for (unsigned i = 0; i < METER_LINKS_MAX; i++)
		m->links[i].leave_out = m->sampling - 1;
	size_t fragments = config->fragments_max ? config->fragments_max : METER_FRAGMENTS_MAX;
	int rc = flow_table_new(&config->flow, record_to_sink, m, &m->flows);
	if (rc == NM_OK)
		rc = fragment_table_new(fragments, &m->fragments);
	if (rc < 0) {
		meter_free(m);
		return rc;
	}
	*ret_meter = m;
	return NM_OK;
}

void
meter_free(struct meter *m)
{
	if (!m)
		return;
	flow_table_free(m->flows);
	fragment_table_free(m->fragments);
	free(m);
}

/* --- ledger ------------------------------------------------------------------------------------------------------ */

static void
hand_over_link(struct meter *m, uint16_t link)
{
	struct link *l = &m->links[link];

	for (unsigned cause = 0; cause < LEDGER_CAUSE_MAX; cause++) {
		struct meter_count *now = &l->now[cause];
		if (!now->packets)
			continue;
		struct ledger_delta delta = {
			.minute = (uint32_t)(l->minute_begin_ns / NS_PER_S),
			.link = link,
			.cause = (uint16_t)cause,
			.packets = now->packets,
			.octets = now->octets,
		};
		m->sink->ops->ledger(m->sink, &delta);
		l->before[cause].packets += now->packets;
		l->before[cause].octets += now->octets;
	}
	memset(l->now, 0, sizeof(l->now));
}

static void
hand_over(struct meter *m, uint64_t ts_ns)
{
	m->handed_over_ns = ts_ns;
	for (uint16_t link = 0; link < m->n_links; link++) {
		hand_over_link(m, link);
		m->links[link].calm_ns = 0;
	}
}

/* True when `ts_ns` is outside the span that begins at `begin_ns`. A packet that is a little late does not count as
 * outside, so that reordering at an edge does not tear the counts into many rows. */
static inline bool
outside(uint64_t begin_ns, uint64_t span_ns, uint64_t ts_ns)
{
	uint64_t behind = ts_ns - begin_ns;

	return behind >= span_ns && behind < UINT64_MAX - FLOW_STEP_S * NS_PER_S;
}

static inline void
ledger_minute(struct meter *m, uint16_t link, uint64_t ts_ns)
{
	struct link *l = &m->links[link];

	if (!outside(l->minute_begin_ns, NS_PER_MINUTE, ts_ns))
		return;
	hand_over_link(m, link);
	l->minute_begin_ns = ts_ns - ts_ns % NS_PER_MINUTE;
	l->calm_ns = 0;
}

/* Hands over what is due before a packet counts, and works out how long nothing will be. */
static void
ledger_due(struct meter *m, uint16_t link, uint64_t ts_ns)
{
	struct link *l = &m->links[link];

	ledger_minute(m, link, ts_ns);
	if (outside(m->handed_over_ns, NS_PER_S, ts_ns))
		hand_over(m, ts_ns);
	if (link >= m->n_links)
		m->n_links = link + 1;
	uint64_t next_ns = m->handed_over_ns + NS_PER_S;
	l->calm_ns = next_ns > l->minute_begin_ns ? next_ns - l->minute_begin_ns : 0;
	if (l->calm_ns > NS_PER_MINUTE)
		l->calm_ns = NS_PER_MINUTE;
}

static inline void
ledger_count(struct meter *m, uint16_t link, enum ledger_cause cause, uint64_t packets,
             uint64_t octets)
{
	struct meter_count *c = &m->links[link].now[cause];

	if (link >= m->n_links)
		m->n_links = link + 1;
	c->packets += packets;
	c->octets += octets;
}

/* --- frames ------------------------------------------------------------------------------------------------------ */

/* Counts a decoded packet in the flow table and classifies it. Returns what it is counted under. */
static inline enum ledger_cause
meter_packet(struct meter *m, const struct step *step)
{
	struct flow_hit hit;

	if (!flow_add(m->flows, &step->pkt, &step->place, &hit))
		return LEDGER_TABLE_OVERFLOW;
	if (hit.state) {
		classify_packet(m->classifier, &step->pkt, hit.from_client, hit.state);
		*hit.settled = classify_is_settled(hit.state);
	}
	return LEDGER_METERED;
}

static inline bool
is_in_records(enum ledger_cause cause)
{
	return cause == LEDGER_METERED || cause == LEDGER_TABLE_OVERFLOW;
}

static inline void
count_one(struct link *l, enum ledger_cause cause, uint32_t octets)
{
	l->now[cause].packets++;
	l->now[cause].octets += octets;
}

static inline void
meter_step(struct meter *m, const struct step *step)
{
	const struct packet *pkt = &step->pkt;
	struct link *l = &m->links[pkt->link];
	enum ledger_cause cause = step->cause;

	if (cause == STEP_PASSED)
		return;
	if (pkt->ts_ns - l->minute_begin_ns >= l->calm_ns)
		ledger_due(m, pkt->link, pkt->ts_ns);
	if (cause == LEDGER_METERED)
		cause = meter_packet(m, step);
	count_one(l, LEDGER_SEEN, step->frame_octets);
	count_one(l, cause, is_in_records(cause) ? pkt->octets : step->frame_octets);
	if (step->odd && is_in_records(cause))
		count_one(l, step->odd, pkt->octets);
}

/* The time that a frame counts at: its own, or when that is missing or behind, the newest of its link. A larger step back
 * is a clock that was set, or another file. */
static inline uint64_t
frame_time(struct link *l, uint64_t ts_ns, enum ledger_cause *ret_odd)
{
	*ret_odd = 0;
	if (ts_ns >= l->newest_ns) {
		*ret_odd = ts_ns ? 0 : LEDGER_NO_TIME;
		l->newest_ns = ts_ns;
	} else if (ts_ns == 0) {
		*ret_odd = LEDGER_NO_TIME;
	} else if (l->newest_ns - ts_ns <= FLOW_STEP_S * NS_PER_S) {
		*ret_odd = LEDGER_LATE;
	} else {
		l->newest_ns = ts_ns;
	}
	return l->newest_ns;
}

/* True for a frame that sampling leaves out: all but the last of each `sampling` of its link. */
static inline bool
is_left_out(const struct meter *m, struct link *l)
{
	if (l->leave_out) {
		l->leave_out--;
		return true;
	}
	l->leave_out = m->sampling - 1;
	return false;
}

/* True when the step's packet is another meter's. */
static inline bool
pass_on(struct meter *m, const struct step *step, bool is_fragment)
{
	return m->pass(m->pass_ctx, &step->pkt, step->frame_octets, is_fragment);
}

/* Finds the ports of a fragment. */
static void
resolve_fragment(struct meter *m, struct packet *pkt)
{
	if (fragment_resolve(m->fragments, pkt) != FRAGMENT_ORPHAN)
		return;
	ledger_minute(m, pkt->link, pkt->ts_ns);
	ledger_count(m, pkt->link, LEDGER_ORPHAN, 1, pkt->octets);
}

/* Finds out what flow a decoded packet belongs to, and whose it is. */
static inline void
find_place(struct meter *m, struct step *step, bool is_fragment)
{
	bool passed = is_fragment && m->pass && pass_on(m, step, true);

	if (is_fragment && !passed)
		resolve_fragment(m, &step->pkt);
	if (passed || (m->pass && pass_on(m, step, false))) {
		step->cause = STEP_PASSED;
		/* the other meter sees a time that is in order */
		if (step->odd) {
			ledger_minute(m, step->pkt.link, step->pkt.ts_ns);
			ledger_count(m, step->pkt.link, step->odd, 1, step->pkt.octets);
		}
	} else {
		flow_place(m->flows, &step->pkt, &step->place);
	}
}

/* The steps' packets, which are placed, into the flow table. */
static inline void
meter_steps(struct meter *m, size_t n)
{
	struct step *end = m->steps + n;

	for (struct step *step = m->steps; step < end; step++)
		if (step->cause == LEDGER_METERED)
			flow_fetch(m->flows, &step->place);
	for (struct step *step = m->steps; step < end; step++)
		if (step->cause == LEDGER_METERED)
			flow_touch(m->flows, &step->place);
	for (struct step *step = m->steps; step < end; step++)
		meter_step(m, step);
}

/* From a frame to its place. */
static inline void
prepare(struct meter *m, const struct decode_link *type, const struct frame_bytes *frame,
        struct step *step)
{
	struct link *l = &m->links[frame->link];
	uint64_t ts_ns = frame_time(l, frame->ts_ns, &step->odd);

	step->frame_octets = frame->wire_len > frame->len ? frame->wire_len : frame->len;
	if (m->sampling > 1 && is_left_out(m, l))
		step->cause = LEDGER_SAMPLED_OUT;
	else
		step->cause = decode_packet(type, frame, m->decode_flags, &step->pkt);
	step->pkt.link = frame->link;
	step->pkt.ts_ns = ts_ns;
	if (step->cause != LEDGER_METERED)
		return;
	if (step->pkt.octets > m->octets_max)
		step->pkt.octets = m->octets_max;
	find_place(m, step, step->pkt.fragment != FRAGMENT_NONE);
}

void
meter_frames(struct meter *m, const struct decode_link *type, const struct frame_bytes *frames,
             size_t n)
{
	for (size_t i = 0; i < n; i++)
		prepare(m, type, &frames[i], &m->steps[i]);
	meter_steps(m, n);
}

void
meter_passed(struct meter *m, const struct meter_passed *packets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct step *step = &m->steps[i];
		step->frame_octets = packets[i].frame_octets;
		step->cause = LEDGER_METERED;
		step->odd = 0;
		step->pkt = packets[i].pkt;
		find_place(m, step, packets[i].is_fragment);
	}
	meter_steps(m, n);
}

void
meter_frame(struct meter *m, const struct decode_link *type, const struct frame_bytes *frame)
{
	meter_frames(m, type, frame, 1);
}

void
meter_lost(struct meter *m, uint16_t link, uint64_t ts_ns, enum ledger_cause cause,
           uint64_t packets, uint64_t octets)
{
	ledger_minute(m, link, ts_ns);
	ledger_count(m, link, LEDGER_SEEN, packets, octets);
	ledger_count(m, link, cause, packets, octets);
}

void
meter_drops(struct meter *m, uint16_t link, uint64_t ts_ns, uint64_t kernel, uint64_t interface)
{
	if (!(kernel | interface))
		return;
	if (ts_ns > m->links[link].minute_begin_ns)
		ledger_minute(m, link, ts_ns);
	ledger_count(m, link, LEDGER_SEEN, kernel + interface, 0);
	ledger_count(m, link, LEDGER_KERNEL_DROPPED, kernel, 0);
	ledger_count(m, link, LEDGER_IF_DROPPED, interface, 0);
}

void
meter_idle(struct meter *m, uint64_t ts_ns)
{
	flow_advance(m->flows, ts_ns);
	if (ts_ns > m->handed_over_ns + NS_PER_S)
		hand_over(m, ts_ns);
}

void
meter_finish(struct meter *m)
{
	flow_flush(m->flows);
	hand_over(m, m->handed_over_ns);
}

void
meter_get_counts(const struct meter *m, uint16_t link, struct meter_count *ret_counts)
{
	const struct link *l = &m->links[link];

	for (unsigned i = 0; i < LEDGER_CAUSE_MAX; i++) {
		ret_counts[i].packets = l->before[i].packets + l->now[i].packets;
		ret_counts[i].octets = l->before[i].octets + l->now[i].octets;
	}
}

void
meter_get_stats(const struct meter *m, struct flow_stats *ret_stats)
{
	flow_get_stats(m->flows, ret_stats);
}
