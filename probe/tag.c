/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tag table: buckets of eight slots. The slots' 16-bit marks stand together in front, so that a look-up of an endpoint
 * that is not there (by far the usual case) reads one cache line and no counter. There are four slots for each tag that is
 * allowed, so a bucket overflows practically never before the cap is reached.
 *
 * Each bucket has a sequence number, odd while somebody changes it. A reader that saw the same even number before and
 * after has read one slot as a whole. The data itself is read with acquire and written with release order: a reader that
 * got a new word then also sees the odd number that came before it. On the machines in use these are plain loads and
 * stores.
 */
#include "probe/tag.h"

#include "lib/err.h"
#include "probe/tag_ends.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define WAYS            8
#define MARKS_PER_WORD  4
#define SLOTS_PER_TAG   4
#define SWEEP_BUCKETS   1  /* looked at by each tag_learn() */
#define SWEEP_WHEN_FULL 64 /* looked at before a tag is refused */
#define MARK_FREE       0
#define EACH_MARK       UINT64_C(0x0001000100010001)
#define READ_TRIES      4 /* a reader that meets a writer so often answers that there is no tag */
#define LOCK_TRIES      256 /* a writer that meets others so often gives up; a change takes some 20 ns */

struct slot {
	_Atomic uint64_t addr[2];
	_Atomic uint32_t port;   /* and transport, see ends_port() */
	_Atomic uint32_t used_s; /* packet time of the last use */
	_Atomic uint64_t fact;   /* see fact_word() */
};

struct bucket {
	alignas(64) _Atomic uint64_t marks[WAYS / MARKS_PER_WORD]; /* of 16 bits, MARK_FREE or some
	                                                            * bits of the hash */
	_Atomic uint32_t sequence;                                 /* odd: being changed */
	struct slot slot[WAYS];
};

struct tag_table {
	struct bucket *buckets;
	struct ends *ends;
	size_t mask; /* buckets - 1 */
	size_t max;
	uint64_t seed;
	/* what all threads change, away from what they all only read */
	alignas(64) _Atomic size_t count;
	_Atomic size_t sweep_at;
	_Atomic uint32_t
	    sweep_s; /* the second of the round, and the buckets that are left of it: */
	_Atomic size_t sweep_left; /* who looks at one twice in a second finds nothing new */
	_Atomic uint64_t swept;
	_Atomic uint64_t refused;
	bool forgets; /* tag_forgets() */
};

/* A slot's key and contents, as words. */
struct words {
	uint64_t addr[2];
	uint32_t port;
};

int
tag_new(size_t max, uint64_t seed, struct tag_table **ret_table)
{
	struct tag_table *t = aligned_alloc(alignof(struct tag_table), sizeof(*t));
	size_t buckets = 1;

	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof(*t));
	while (buckets < SIZE_MAX / sizeof(struct bucket) / 4 &&
	       buckets * WAYS / SLOTS_PER_TAG < max)
		buckets *= 2;
	/* zeroed, and not there before it is touched */
	t->buckets = mmap(NULL, buckets * sizeof(*t->buckets), PROT_READ | PROT_WRITE,
	                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int rc = t->buckets == MAP_FAILED ? -ENOMEM : ends_new(max, &t->ends);
	if (rc != 0) {
		if (t->buckets != MAP_FAILED)
			(void)munmap(t->buckets, buckets * sizeof(*t->buckets));
		free(t);
		return rc;
	}
	t->mask = buckets - 1;
	t->max = max;
	t->seed = seed;
	*ret_table = t;
	return 0;
}

void
tag_free(struct tag_table *t)
{
	if (!t)
		return;
	(void)munmap(t->buckets, (t->mask + 1) * sizeof(*t->buckets));
	ends_free(t->ends);
	free(t);
}

void
tag_forgets(struct tag_table *t)
{
	t->forgets = true;
}

/* --- words ------------------------------------------------------------------------------------------------------- */

static struct words
words_of(const struct tag_key *key)
{
	struct words w = { .port = ends_port(key->port, key->transport) };

	memcpy(w.addr, key->addr.b, sizeof(w.addr));
	return w;
}

static uint64_t
fact_word(const struct tag_fact *fact)
{
	return (uint64_t)fact->app << 48 | (uint64_t)fact->reason << 32 |
	       (uint64_t)fact->ttl_s << 16 | fact->confidence;
}

static struct tag_fact
fact_of(uint64_t word)
{
	return (struct tag_fact){
		.app = (uint16_t)(word >> 48),
		.reason = (uint16_t)(word >> 32),
		.ttl_s = (uint16_t)(word >> 16),
		.confidence = (uint8_t)word,
	};
}

/* The bucket of a key, and its mark there. */
static struct bucket *
home(const struct tag_table *t, const struct tag_key *key, uint16_t *ret_mark)
{
	uint64_t hash = XXH3_64bits_withSeed(key, sizeof(*key), t->seed);
	uint16_t mark = (uint16_t)(hash >> 48);

	*ret_mark = mark == MARK_FREE ? 1 : mark;
	return &t->buckets[hash & t->mask];
}

/* The top bit of each 16 bits of the word that may be equal to `mark`: all that are, and seldom one above such a one. */
static uint64_t
marks_like(uint64_t word, uint16_t mark)
{
	uint64_t differs = word ^ EACH_MARK * mark;

	return (differs - EACH_MARK) & ~differs & EACH_MARK << 15;
}

static uint16_t
mark_at(const struct bucket *b, unsigned i)
{
	uint64_t word = atomic_load_explicit(&b->marks[i / MARKS_PER_WORD], memory_order_acquire);

	return (uint16_t)(word >> i % MARKS_PER_WORD * 16);
}

static bool
same_key(const struct slot *slot, const struct words *w)
{
	return atomic_load_explicit(&slot->addr[0], memory_order_acquire) == w->addr[0] &&
	       atomic_load_explicit(&slot->addr[1], memory_order_acquire) == w->addr[1] &&
	       atomic_load_explicit(&slot->port, memory_order_acquire) == w->port;
}

/* The slot of a key in its bucket, or WAYS. */
static unsigned
find_slot(const struct bucket *b, uint16_t mark, const struct words *w)
{
	for (unsigned part = 0; part < WAYS / MARKS_PER_WORD; part++) {
		uint64_t marks = atomic_load_explicit(&b->marks[part], memory_order_acquire);
		uint64_t like = marks_like(marks, mark);

		for (; like; like &= like - 1) {
			unsigned i = part * MARKS_PER_WORD + (unsigned)__builtin_ctzll(like) / 16;

			if (mark_at(b, i) == mark && same_key(&b->slot[i], w))
				return i;
		}
	}
	return WAYS;
}

static struct tag_fact
slot_fact(const struct slot *slot)
{
	return fact_of(atomic_load_explicit(&slot->fact, memory_order_acquire));
}

/* Packet time may have gone back further than the tag lives, which ends it too. */
static bool
is_time_up(uint32_t used_s, uint16_t ttl_s, uint32_t now_s)
{
	return now_s - used_s > ttl_s && used_s - now_s > ttl_s;
}

static bool
is_over(const struct slot *slot, uint32_t now_s)
{
	uint32_t used_s = atomic_load_explicit(&slot->used_s, memory_order_acquire);

	return is_time_up(used_s, slot_fact(slot).ttl_s, now_s);
}

/* --- changes, under the bucket's odd number ---------------------------------------------------------------------- */

static bool
lock(struct bucket *b)
{
	for (unsigned tries = 0; tries < LOCK_TRIES; tries++) {
		uint32_t sequence = atomic_load_explicit(&b->sequence, memory_order_relaxed);

		if (!(sequence & 1) && atomic_compare_exchange_weak_explicit(
					   &b->sequence, &sequence, sequence + 1,
					   memory_order_acq_rel, memory_order_relaxed))
			return true;
	}
	return false;
}

static void
unlock(struct bucket *b)
{
	uint32_t sequence = atomic_load_explicit(&b->sequence, memory_order_relaxed);

	atomic_store_explicit(&b->sequence, sequence + 1, memory_order_release);
}

static void
set_mark(struct bucket *b, unsigned i, uint16_t mark)
{
	_Atomic uint64_t *at = &b->marks[i / MARKS_PER_WORD];
	unsigned shift = i % MARKS_PER_WORD * 16;
	uint64_t word = atomic_load_explicit(at, memory_order_relaxed);

	word = (word & ~(UINT64_C(0xffff) << shift)) | (uint64_t)mark << shift;
	atomic_store_explicit(at, word, memory_order_release);
}

static void
release(struct tag_table *t, struct bucket *b, unsigned i)
{
	set_mark(b, i, MARK_FREE);
	(void)atomic_fetch_sub_explicit(&t->count, 1, memory_order_relaxed);
}

/* Room for one more under the cap. */
static bool
reserve(struct tag_table *t)
{
	size_t count = atomic_fetch_add_explicit(&t->count, 1, memory_order_relaxed);

	if (t->forgets || count < t->max)
		return true;
	(void)atomic_fetch_sub_explicit(&t->count, 1, memory_order_relaxed);
	return false;
}

static void
put_slot(struct bucket *b, unsigned i, uint16_t mark, const struct words *w, uint64_t fact,
         uint32_t now_s)
{
	struct slot *slot = &b->slot[i];

	atomic_store_explicit(&slot->addr[0], w->addr[0], memory_order_release);
	atomic_store_explicit(&slot->addr[1], w->addr[1], memory_order_release);
	atomic_store_explicit(&slot->port, w->port, memory_order_release);
	atomic_store_explicit(&slot->used_s, now_s, memory_order_release);
	atomic_store_explicit(&slot->fact, fact, memory_order_release);
	set_mark(b, i, mark);
}

/* Frees what is over in the bucket. */
static void
release_over(struct tag_table *t, struct bucket *b, uint32_t now_s)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (mark_at(b, i) != MARK_FREE && is_over(&b->slot[i], now_s))
			release(t, b, i);
}

/* How many of `n` buckets may be looked at: one round of all in a second, however many tags are learned. Threads that
 * count at the same time may make it a little more. */
static size_t
take_from_round(struct tag_table *t, size_t n, uint32_t now_s)
{
	if (atomic_load_explicit(&t->sweep_s, memory_order_relaxed) != now_s) {
		atomic_store_explicit(&t->sweep_s, now_s, memory_order_relaxed);
		atomic_store_explicit(&t->sweep_left, t->mask + 1, memory_order_relaxed);
	}
	size_t left = atomic_load_explicit(&t->sweep_left, memory_order_relaxed);
	if (n > left)
		n = left;
	atomic_store_explicit(&t->sweep_left, left - n, memory_order_relaxed);
	return n;
}

/* Frees what is over in the next `n` buckets of the round. */
static void
sweep(struct tag_table *t, size_t n, uint32_t now_s)
{
	n = take_from_round(t, n, now_s);
	if (n == 0)
		return;
	size_t at = atomic_fetch_add_explicit(&t->sweep_at, n, memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&t->swept, n, memory_order_relaxed);

	while (n-- > 0) {
		struct bucket *b = &t->buckets[at++ & t->mask];
		uint64_t used = 0;

		for (unsigned i = 0; i < WAYS / MARKS_PER_WORD; i++)
			used |= atomic_load_explicit(&b->marks[i], memory_order_relaxed);
		if (!used || !lock(b))
			continue;
		release_over(t, b, now_s);
		unlock(b);
	}
}

static unsigned
free_slot(const struct bucket *b)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (mark_at(b, i) == MARK_FREE)
			return i;
	return WAYS;
}

/* The slot that was not used for longest; WAYS when there is none of as little confidence. */
static unsigned
oldest_slot(const struct bucket *b, uint8_t confidence, uint32_t now_s)
{
	unsigned oldest = WAYS;
	uint32_t most = 0;

	for (unsigned i = 0; i < WAYS; i++) {
		uint32_t age =
		    now_s - atomic_load_explicit(&b->slot[i].used_s, memory_order_acquire);

		if (mark_at(b, i) != MARK_FREE && age <= INT32_MAX && age >= most &&
		    slot_fact(&b->slot[i]).confidence <= confidence) {
			oldest = i;
			most = age;
		}
	}
	return oldest;
}

/* A slot of less confidence than this, made free; WAYS when there is none. */
static unsigned
take_room(struct tag_table *t, struct bucket *b, uint8_t confidence, uint32_t now_s)
{
	unsigned weakest = t->forgets ? oldest_slot(b, confidence, now_s) : WAYS;

	for (unsigned i = 0; i < WAYS; i++) {
		uint8_t other = slot_fact(&b->slot[i]).confidence;

		if (!t->forgets && mark_at(b, i) != MARK_FREE && other < confidence) {
			weakest = i;
			confidence = other;
		}
	}
	if (weakest < WAYS) {
		release(t, b, weakest);
		(void)atomic_fetch_add_explicit(&t->refused, 1, memory_order_relaxed);
	}
	return weakest;
}

static void
renew(struct slot *slot, const struct tag_fact *fact, uint32_t now_s)
{
	if (fact->confidence >= slot_fact(slot).confidence || is_over(slot, now_s))
		atomic_store_explicit(&slot->fact, fact_word(fact), memory_order_release);
	atomic_store_explicit(&slot->used_s, now_s, memory_order_release);
}

/* Puts a fact that the bucket does not hold into it. False when there is no room. */
static bool
add(struct tag_table *t, struct bucket *b, uint16_t mark, const struct words *w,
    const struct tag_fact *fact, uint32_t now_s)
{
	unsigned i = free_slot(b);

	if (i == WAYS || !reserve(t)) {
		release_over(t, b, now_s);
		i = free_slot(b);
		if (i == WAYS || !reserve(t)) {
			i = take_room(t, b, fact->confidence, now_s);
			if (i == WAYS || !reserve(t))
				return false;
		}
	}
	put_slot(b, i, mark, w, fact_word(fact), now_s);
	return true;
}

/* --- entry ------------------------------------------------------------------------------------------------------- */

int
tag_learn(struct tag_table *t, const struct tag_key *key, const struct tag_fact *fact,
          uint32_t now_s)
{
	const struct words w = words_of(key);
	uint16_t mark;
	struct bucket *b = home(t, key, &mark);
	bool learned = true;

	ends_add(t->ends, &key->addr, w.port, now_s);
	bool full = atomic_load_explicit(&t->count, memory_order_relaxed) >= t->max;
	/* one that forgets needs no room made beforehand */
	if (!t->forgets)
		sweep(t, full ? SWEEP_WHEN_FULL : SWEEP_BUCKETS, now_s);
	if (!lock(b)) {
		learned = false;
	} else {
		unsigned i = find_slot(b, mark, &w);

		if (i < WAYS)
			renew(&b->slot[i], fact, now_s);
		else
			learned = add(t, b, mark, &w, fact, now_s);
		unlock(b);
	}
	if (learned)
		return 0;
	(void)atomic_fetch_add_explicit(&t->refused, 1, memory_order_relaxed);
	return NM_ELIMIT;
}

/* Frees a slot that a reader found to be over. Whoever comes later does it if the bucket is being changed. */
static void
release_found(struct tag_table *t, struct bucket *b, uint32_t now_s)
{
	if (!lock(b))
		return;
	release_over(t, b, now_s);
	unlock(b);
}

/* What find_in() says besides a slot's number. */
#define FOUND_TORN (WAYS + 1)

/* Reads the fact of a key if nobody changes the bucket meanwhile. */
static unsigned
find_in(const struct bucket *b, uint16_t mark, const struct words *w, struct tag_fact *ret_fact)
{
	uint32_t sequence = atomic_load_explicit(&b->sequence, memory_order_acquire);
	unsigned i = find_slot(b, mark, w);

	if (i < WAYS)
		*ret_fact = slot_fact(&b->slot[i]);
	if (sequence & 1 || atomic_load_explicit(&b->sequence, memory_order_relaxed) != sequence)
		return FOUND_TORN;
	return i;
}

bool
tag_find(struct tag_table *t, const struct tag_key *key, uint32_t now_s, struct tag_fact *ret_fact)
{
	struct tag_fact fact;
	uint16_t mark;

	if (atomic_load_explicit(&t->count, memory_order_relaxed) == 0)
		return false;
	struct bucket *b = home(t, key, &mark);
	uint64_t low = atomic_load_explicit(&b->marks[0], memory_order_relaxed);
	uint64_t high = atomic_load_explicit(&b->marks[1], memory_order_relaxed);
	if (!(marks_like(low, mark) | marks_like(high, mark)))
		return false;
	const struct words w = words_of(key);
	unsigned i = FOUND_TORN;
	for (unsigned tries = 0; i == FOUND_TORN && tries < READ_TRIES; tries++)
		i = find_in(b, mark, &w, &fact);
	if (i >= WAYS)
		return false;
	struct slot *slot = &b->slot[i];
	if (is_over(slot, now_s)) {
		release_found(t, b, now_s);
		return false;
	}
	/* written only when it changes, because other processors' copies of the line are lost by it */
	if (atomic_load_explicit(&slot->used_s, memory_order_relaxed) != now_s)
		atomic_store_explicit(&slot->used_s, now_s, memory_order_relaxed);
	ends_add(t->ends, &key->addr, w.port, now_s);
	*ret_fact = fact;
	return true;
}

void
tag_forget(struct tag_table *t, const struct tag_key *key)
{
	const struct words w = words_of(key);
	uint16_t mark;
	struct bucket *b = home(t, key, &mark);

	if (!lock(b))
		return;
	unsigned i = find_slot(b, mark, &w);
	if (i < WAYS)
		release(t, b, i);
	unlock(b);
}

/* --- outside of the table ---------------------------------------------------------------------------------------- */

static struct tag_entry
entry_of(const struct slot *slot)
{
	uint32_t port = atomic_load_explicit(&slot->port, memory_order_acquire);
	struct tag_entry entry = {
		.key = { .port = (uint16_t)(port >> 8), .transport = (uint8_t)port },
		.fact = slot_fact(slot),
		.used_s = atomic_load_explicit(&slot->used_s, memory_order_acquire),
	};

	for (unsigned i = 0; i < 2; i++) {
		uint64_t half = atomic_load_explicit(&slot->addr[i], memory_order_acquire);
		memcpy(entry.key.addr.b + i * sizeof(half), &half, sizeof(half));
	}
	return entry;
}

/* The tags of a bucket at one moment: how many, or FOUND_TORN. */
static unsigned
copy_bucket(const struct bucket *b, struct tag_entry entries[WAYS])
{
	uint32_t sequence = atomic_load_explicit(&b->sequence, memory_order_acquire);
	unsigned n = 0;

	for (unsigned i = 0; i < WAYS; i++)
		if (mark_at(b, i) != MARK_FREE)
			entries[n++] = entry_of(&b->slot[i]);
	if (sequence & 1 || atomic_load_explicit(&b->sequence, memory_order_relaxed) != sequence)
		return FOUND_TORN;
	return n;
}

void
tag_walk(const struct tag_table *t, bool (*each)(void *ctx, const struct tag_entry *entry),
         void *ctx)
{
	struct tag_entry entries[WAYS];

	for (size_t at = 0; at <= t->mask; at++) {
		unsigned n = FOUND_TORN;

		for (unsigned tries = 0; n == FOUND_TORN && tries < LOCK_TRIES; tries++)
			n = copy_bucket(&t->buckets[at], entries);
		for (unsigned i = 0; n != FOUND_TORN && i < n; i++)
			if (!each(ctx, &entries[i]))
				return;
	}
}

int
tag_restore(struct tag_table *t, const struct tag_entry *entry, uint32_t now_s)
{
	const struct words w = words_of(&entry->key);
	bool known = true;
	uint16_t mark;
	struct bucket *b = home(t, &entry->key, &mark);

	ends_add(t->ends, &entry->key.addr, w.port, now_s);
	if (!lock(b))
		return NM_ELIMIT;
	if (find_slot(b, mark, &w) == WAYS) {
		known = add(t, b, mark, &w, &entry->fact, now_s);
		unsigned i = find_slot(b, mark, &w);
		if (i < WAYS)
			atomic_store_explicit(&b->slot[i].used_s, entry->used_s,
			                      memory_order_release);
	}
	unlock(b);
	return known ? NM_OK : NM_ELIMIT;
}

bool
tag_entry_is_over(const struct tag_entry *entry, uint32_t now_s)
{
	return is_time_up(entry->used_s, entry->fact.ttl_s, now_s);
}

/* --- counts ------------------------------------------------------------------------------------------------------ */

const struct ends *
tag_ends(const struct tag_table *t)
{
	return t->ends;
}

size_t
tag_count(const struct tag_table *t)
{
	return atomic_load_explicit(&t->count, memory_order_relaxed);
}

uint64_t
tag_refused(const struct tag_table *t)
{
	return atomic_load_explicit(&t->refused, memory_order_relaxed);
}

uint64_t
tag_swept(const struct tag_table *t)
{
	return atomic_load_explicit(&t->swept, memory_order_relaxed);
}
