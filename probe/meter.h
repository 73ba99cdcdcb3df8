/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The path of a frame: decode, flow table, classifier, ledger; what comes out goes to a sink. Life cycle: meter_new(),
 * meter_frame() for every frame, meter_drops() and meter_idle() about once a second, meter_finish(),
 * meter_free(). One thread.
 *
 * The ledger closes to the packet, for every link and minute: LEDGER_SEEN is the sum of LEDGER_METERED and all causes whose
 * kind (ledger_cause_kind()) is a loss or left out. LEDGER_LATE, _NO_TIME and _ORPHAN are said of packets that count under
 * one of those as well.
 * Octets are those of the frame, those of LEDGER_METERED and LEDGER_TABLE_OVERFLOW the IP packet's: the sums of these two,
 * times the sampling, are the sums of all records.
 *
 * Time: a frame without a time stamp, or with one up to FLOW_STEP_S behind the newest of its link, counts at that one and is
 * named so in the ledger. So the packets of a link are in order of time but for steps, see probe/flow.h.
 *
 * Sampling: of each N frames of a link the last one is looked at; the count goes by frames, before anything is decoded, so that
 * the same frames give the same records each time. With several meters for a link, each of them counts its own.
 */
#ifndef NETMON_PROBE_METER_H
#define NETMON_PROBE_METER_H

#include "probe/classify.h"
#include "probe/decode.h"
#include "probe/flow.h"
#include "probe/sink.h"

#include <stdbool.h>
#include <stdint.h>

#define METER_LINKS_MAX     64 /* as many as HELLO can name */
#define METER_FRAGMENTS_MAX 4096
#define METER_BATCH         32 /* enough to hide the latency, few enough to stay in the first cache */

struct meter;

/* A packet on its way from one meter to the one that counts its flow. */
struct meter_passed {
	struct packet pkt;
	uint32_t frame_octets; /* of the frame that it came in, for the ledger */
	bool is_fragment; /* its ports are still to be found: fragments go by their addresses */
};

/* Asked for each packet that decodes, when several meters share the packets of a link: for a fragment (`is_fragment`) whether
 * its datagram is another meter's, then for every packet, fragments with the ports that were found, whether its flow is.
 * True when it is: that one then has a copy, or the packet is counted as lost. The octets are the frame's. */
typedef bool (*meter_pass_fn)(void *ctx, const struct packet *pkt, uint32_t frame_octets,
                              bool is_fragment);

struct meter_config {
	struct flow_limits
	    flow; /* its `sampling` is for packets too: one in so many of each link is metered */
	unsigned decode_flags; /* DECODE_* */
	size_t
	    fragments_max; /* fragmented datagrams that are followed at a time; 0: METER_FRAGMENTS_MAX */
	bool late_tags; /* other threads' tags may come late: records are classified once more */
	meter_pass_fn pass; /* NULL: all flows are this meter's */
	void *pass_ctx;
};

/* The classifier and the sink stay the caller's and must outlive the meter. 0, -ENOMEM or NM_ELIMIT (see
 * flow_table_new()). */
int meter_new(const struct meter_config *config, struct classifier *classifier, struct sink *sink,
              struct meter **ret_meter);
void meter_free(struct meter *m);

/* One frame; frame->link below METER_LINKS_MAX. */
void meter_frame(struct meter *m, const struct decode_link *type, const struct frame_bytes *frame);

/* The same for `n` frames in order, at most METER_BATCH. Cheaper: while one is dealt with, the memory for the next ones is
 * fetched. */
void meter_frames(struct meter *m, const struct decode_link *type, const struct frame_bytes *frames,
                  size_t n);

/* `n` packets that another meter passed on, at most METER_BATCH. They may be passed on again. */
void meter_passed(struct meter *m, const struct meter_passed *packets, size_t n);

/* Packets of a link, and their frames' octets, that are lost at `ts_ns` under a cause of their own. */
void meter_lost(struct meter *m, uint16_t link, uint64_t ts_ns, enum ledger_cause cause,
                uint64_t packets, uint64_t octets);

/* Packets that the kernel or the interface dropped since the last call, counted at the link's last packet's time, or
 * at `ts_ns` if that is later. */
void meter_drops(struct meter *m, uint16_t link, uint64_t ts_ns, uint64_t kernel,
                 uint64_t interface);

/* Time went on to `ts_ns` (packet time) without a packet: expires flows, hands the ledger over. */
void meter_idle(struct meter *m, uint64_t ts_ns);

/* Cuts all flows and hands everything to the sink, which is not finished. */
void meter_finish(struct meter *m);

/* Counts of a link since the start, by enum ledger_cause; `ret_counts` has LEDGER_CAUSE_MAX places. */
struct meter_count {
	uint64_t packets;
	uint64_t octets;
};
void meter_get_counts(const struct meter *m, uint16_t link, struct meter_count *ret_counts);
void meter_get_stats(const struct meter *m, struct flow_stats *ret_stats);

#endif
