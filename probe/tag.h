/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What flows told of others: a table of (address, port, transport) -> application with a time to live. Life cycle:
 * tag_new(), then tag_learn(), tag_find() and tag_forget() in any order, tag_free().
 *
 * Any number of threads may share a table between tag_new() and tag_free(). Nobody waits for anybody: a look-up that
 * runs into a change a few times over says that there is no tag, a change that does so is refused (tag_learn()) or left
 * out (tag_forget()).
 *
 * Time is packet time in whole seconds. It may jump back (a second capture file): a tag is good for its time to live
 * around its last use, in both directions. Nothing is allocated after tag_new(), and no call walks the whole table: each
 * tag_learn() looks a few buckets further for tags whose time is up, all of them together once around the table in a second.
 */
#ifndef NETMON_PROBE_TAG_H
#define NETMON_PROBE_TAG_H

#include "lib/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tag_table;
struct ends;

/* An endpoint. Hashed as bytes, so no padding. */
struct tag_key {
	struct addr addr;
	uint16_t port;     /* host byte order */
	uint8_t transport; /* IP protocol number */
	uint8_t zero;      /* always 0 */
};
_Static_assert(sizeof(struct tag_key) == 20, "the key is hashed as bytes");

/* What is known of it. */
struct tag_fact {
	uint16_t app;
	uint16_t reason; /* as in struct classify_state */
	uint16_t ttl_s;  /* seconds that it lives without being used */
	uint8_t confidence;
};

/* An empty table for at most `max` tags; `seed` is secret, so that nobody can choose colliding endpoints. 0 or
 * -ENOMEM. */
int tag_new(size_t max, uint64_t seed, struct tag_table **ret_table);
void tag_free(struct tag_table *t);

/* Fills the table, before others use it, up to the last place, four times what was asked for, and then lets new facts take the places
 * of those that were not used for longest: for facts that are worth most when they are new, and that nobody may keep out by
 * filling the table. */
void tag_forgets(struct tag_table *t);

/* Learns or renews. A fact of less confidence does not replace a live one of the same endpoint, it only renews it. When
 * there is no room, it may take that of a fact of less confidence. 0, or NM_ELIMIT when there is no room or other threads
 * were in the way. */
int tag_learn(struct tag_table *t, const struct tag_key *key, const struct tag_fact *fact,
              uint32_t now_s);

/* The fact of an endpoint, which thereby begins its time to live anew. False without touching *ret_fact when there is
 * none. */
bool tag_find(struct tag_table *t, const struct tag_key *key, uint32_t now_s,
              struct tag_fact *ret_fact);

/* The filter in front of the table, as long as the table lives: what ends_may_have() denies has no tag. It is for look-ups
 * that have to be cheap; tag_find() does without it. */
const struct ends *tag_ends(const struct tag_table *t);

/* Forgets an endpoint; no harm when it is not known. */
void tag_forget(struct tag_table *t, const struct tag_key *key);

/* A tag as it is kept outside of the table. */
struct tag_entry {
	struct tag_key key;
	struct tag_fact fact;
	uint32_t used_s; /* packet time of its last use */
};

/* Shows `each` the tags, until it says false. Others may change the table meanwhile: what they put into a bucket, or take out
 * of it, while it is looked at may be shown or not, and a bucket that they do not leave alone is passed over. Each tag is shown
 * at most once, and as it was at one moment. */
void tag_walk(const struct tag_table *t, bool (*each)(void *ctx, const struct tag_entry *entry),
              void *ctx);

/* Puts back a tag that tag_walk() showed: its time to live goes on from its last use. One that is known already stays as it
 * is. `now_s` is the time of all that are put back, not before the last use of any of them. 0, or NM_ELIMIT as
 * tag_learn(). */
int tag_restore(struct tag_table *t, const struct tag_entry *entry, uint32_t now_s);

/* Whether an entry's time is up at `now_s`, in either direction of time. */
bool tag_entry_is_over(const struct tag_entry *entry, uint32_t now_s);

/* Tags in the table, those included whose time is up but not noticed yet. */
size_t tag_count(const struct tag_table *t);
/* How many facts were refused, or had to make room. */
uint64_t tag_refused(const struct tag_table *t);
/* How many buckets were looked at for tags whose time is up. */
uint64_t tag_swept(const struct tag_table *t);

#endif
