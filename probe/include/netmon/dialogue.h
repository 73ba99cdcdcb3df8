/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What modules share whose protocols show themselves in a dialogue only: a message is no proof, but one and its answer, or two
 * that follow one another, are. The flow's note (struct nm_call) keeps what the earlier one was.
 *
 * Life cycle, in a rating function: nm_note_is() asks for what an earlier packet left, nm_note_put() leaves something for a
 * later one, the last word counts. A family has one note: its protocols give their messages kinds of different numbers.
 * Header-only, usable from modules, no state: any thread. Where another module has the flow's note nothing is kept, and
 * every question is answered with no.
 */
#ifndef NETMON_DIALOGUE_H
#define NETMON_DIALOGUE_H

#include <netmon/family.h>

/* How the sides of the earlier and of this packet have to be to each other. */
enum nm_note_side {
	NM_NOTE_ANY,   /* no matter */
	NM_NOTE_OTHER, /* this one answers: it comes from the other side */
	NM_NOTE_SAME,  /* this one follows: it comes from the same side */
};

/*
 *  63           56 55 54                           48 47                          0
 *  | kind, not 0  |S | 0                             | 48 bits of the message    |     S: the server sent it
 */
#define NM_NOTE_KIND_SHIFT 56
#define NM_NOTE_SERVER     (UINT64_C(1) << 55)
#define NM_NOTE_VALUE      ((UINT64_C(1) << 48) - 1)

/* One protocol's word on a message, as in struct nm_family_row, of a function that may ask for and leave notes. */
struct nm_dialogue_row {
	uint8_t transport; /* NM_TCP or NM_UDP: of other packets it is not asked */
	uint16_t app;      /* one of the module's applications */
	uint8_t (*rate)(const struct nm_packet *pkt, struct nm_call *call, struct wire w);
};

/* Leaves a note of the packet: `kind` is 1..255, of `value` the low 48 bits are kept. */
static inline void
nm_note_put(const struct nm_packet *pkt, struct nm_call *call, uint8_t kind, uint64_t value)
{
	if (call->note)
		*call->note = (uint64_t)kind << NM_NOTE_KIND_SHIFT |
		              (pkt->direction == NM_FROM_SERVER ? NM_NOTE_SERVER : 0) |
		              (value & NM_NOTE_VALUE);
}

/* Is the note of this kind, and from such a side? Then *ret_value is what it keeps. */
static inline bool
nm_note_get(const struct nm_packet *pkt, const struct nm_call *call, uint8_t kind,
            enum nm_note_side side, uint64_t *ret_value)
{
	uint64_t note = call->note ? *call->note : 0;
	bool same = ((note & NM_NOTE_SERVER) != 0) == (pkt->direction == NM_FROM_SERVER);

	if (note >> NM_NOTE_KIND_SHIFT != kind || (side == NM_NOTE_OTHER && same) ||
	    (side == NM_NOTE_SAME && !same))
		return false;
	*ret_value = note & NM_NOTE_VALUE;
	return true;
}

/* The same, and does it keep `value` (of which 48 bits count)? */
static inline bool
nm_note_is(const struct nm_packet *pkt, const struct nm_call *call, uint8_t kind,
           enum nm_note_side side, uint64_t value)
{
	uint64_t kept;

	return nm_note_get(pkt, call, kind, side, &kept) && kept == (value & NM_NOTE_VALUE);
}

/* For a message that says the same as its answer: rates `first` and leaves a note, or NM_CONF_SIGNATURE where the note says
 * that the other side sent one of this kind and value already. */
static inline uint8_t
nm_note_pair(const struct nm_packet *pkt, struct nm_call *call, uint8_t kind, uint64_t value,
             uint8_t first)
{
	if (nm_note_is(pkt, call, kind, NM_NOTE_OTHER, value))
		return NM_CONF_SIGNATURE;
	nm_note_put(pkt, call, kind, value);
	return first;
}

/* A whole classify(): all `n` rows of the packet's transport are asked, the surest one's word counts, of equals the first
 * one's; the server is tagged when that is a signature. */
static inline enum nm_result
nm_dialogue_classify(const struct nm_dialogue_row *rows, size_t n, const struct nm_packet *pkt,
                     struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	for (size_t i = 0; i < n; i++) {
		uint8_t confidence =
		    rows[i].transport == pkt->transport ? rows[i].rate(pkt, call, w) : 0;

		if (confidence > verdict->confidence)
			(void)nm_signature(verdict, rows[i].app, confidence);
	}
	return nm_settle(pkt, call, verdict);
}

#endif
