/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of several links that see the same packets counts for a conversation. */
#include "collector/overlap.h"

#include "lib/db_overlap.h"
#include "lib/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define WAYS   8u /* places that a conversation may be in */
#define SECOND 256u
#define SLACK  ((uint64_t)OVERLAP_SLACK_S * SECOND)
#define SKEW   ((uint64_t)OVERLAP_SKEW_S * SECOND)
/* No record is longer (netmonc's longest time-out): what says so does not own its conversation for ever. */
#define LONGEST (86400u * (uint64_t)SECOND)

/* A link of a set. */
struct member {
	char probe[FRAME_NAME_MAX + 1];
	char link[LINK_NAME_MAX];
	uint16_t set; /* from 0 */
};

/* A span of packet time that a link owns. Its end without the slack. */
struct span {
	uint32_t begin_s;
	uint32_t end_s;
	uint32_t
	    promised_s; /* end of the last duplicate that went on behind the owner's end, next second */
	uint8_t begin_frac;
	uint8_t end_frac;
	uint16_t owner; /* member + 1; 0: this one and all behind it are free */
};

struct conversation {
	XXH128_hash_t key; /* 0, 0: free */
	/* by direction, then in the order of their beginnings */
	struct span spans[2][OVERLAP_SPANS];
};

struct overlap {
	size_t n_members;
	struct member members[OVERLAP_LINKS_MAX];
	uint8_t secret[XXH3_SECRET_SIZE_MIN];
	size_t n_buckets; /* a power of two, of WAYS places each */
	struct conversation *table;
	struct overlap_stats stats;
};

/* --- sets --------------------------------------------------------------------------------------------------------- */

static struct member *
find_member(struct overlap *o, const char *probe, const char *link)
{
	for (size_t i = 0; i < o->n_members; i++)
		if (strcmp(o->members[i].link, link) == 0 &&
		    strcmp(o->members[i].probe, probe) == 0)
			return &o->members[i];
	return NULL;
}

/* Copies a part of a name without the blanks around it; false when nothing or too much is left. */
static bool
copy_name(const char *begin, const char *end, char *ret, size_t size)
{
	while (begin < end && *begin == ' ')
		begin++;
	while (end > begin && end[-1] == ' ')
		end--;
	if (begin == end || (size_t)(end - begin) >= size)
		return false;
	memcpy(ret, begin, (size_t)(end - begin));
	ret[end - begin] = '\0';
	return true;
}

/* One "PROBE/LINK" of a set. */
static int
add_member(struct overlap *o, uint16_t set, const char *begin, const char *end)
{
	struct member *m = &o->members[o->n_members];
	const char *slash = memchr(begin, '/', (size_t)(end - begin));

	if (o->n_members == OVERLAP_LINKS_MAX)
		return NM_ELIMIT;
	if (!slash || !copy_name(begin, slash, m->probe, sizeof(m->probe)) ||
	    !copy_name(slash + 1, end, m->link, sizeof(m->link)))
		return NM_EFORMAT;
	if (find_member(o, m->probe, m->link))
		return NM_EEXISTS;
	m->set = set;
	o->n_members++;
	return NM_OK;
}

static int
add_set(struct overlap *o, uint16_t set, const char *text, char *err, size_t err_size)
{
	size_t before = o->n_members;
	const char *at = text;
	int rc = NM_OK;

	while (rc == NM_OK) {
		const char *end = strchrnul(at, ',');

		rc = add_member(o, set, at, end);
		if (*end == '\0')
			break;
		at = end + 1;
	}
	if (rc == NM_OK && o->n_members - before < 2)
		rc = NM_EFORMAT;
	if (rc < 0)
		(void)snprintf(err, err_size, "overlap \"%s\": %s", text,
		               rc == NM_EEXISTS  ? "a link is in two sets"
		               : rc == NM_ELIMIT ? "too many links"
		                                 : "write PROBE/LINK, PROBE/LINK ...");
	return rc;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

/* What makes a conversation, lower end first, without padding. */
struct key {
	struct addr addr[2];
	uint16_t port[2];
	uint16_t set;
	uint16_t protocol;
};

_Static_assert(sizeof(struct key) == 40, "struct key has no padding");

/* Fills the key; returns the record's direction, 0 or 1. */
static unsigned
make_key(const struct record *r, uint16_t set, struct key *ret_key)
{
	int order = memcmp(&r->saddr, &r->daddr, sizeof(r->saddr));
	unsigned dir = order != 0 ? order > 0 : r->sport > r->dport;

	ret_key->addr[dir] = r->saddr;
	ret_key->addr[!dir] = r->daddr;
	ret_key->port[dir] = r->sport;
	ret_key->port[!dir] = r->dport;
	ret_key->set = set;
	ret_key->protocol = r->protocol;
	return dir;
}

static uint64_t
begin_of(const struct span *s)
{
	return (uint64_t)s->begin_s * SECOND + s->begin_frac;
}

static uint64_t
end_of(const struct span *s)
{
	return (uint64_t)s->end_s * SECOND + s->end_frac;
}

static void
set_begin(struct span *s, uint64_t at)
{
	s->begin_s = (uint32_t)(at / SECOND);
	s->begin_frac = (uint8_t)(at % SECOND);
}

static void
extend(struct span *s, uint64_t end)
{
	if (end <= end_of(s))
		return;
	s->end_s = (uint32_t)(end / SECOND);
	s->end_frac = (uint8_t)(end % SECOND);
}

static uint64_t
last_end(const struct conversation *c)
{
	uint64_t last = 0;

	for (size_t dir = 0; dir < 2; dir++)
		for (const struct span *s = c->spans[dir];
		     s < c->spans[dir] + OVERLAP_SPANS && s->owner; s++)
			if (end_of(s) > last)
				last = end_of(s);
	return last;
}

static bool
is_free(const struct conversation *c)
{
	return c->key.low64 == 0 && c->key.high64 == 0;
}

/* The conversation, new or known; the one of its places that ended first makes way for it when none is free. */
static struct conversation *
find_conversation(struct overlap *o, const struct key *key, uint64_t now)
{
	XXH128_hash_t hash =
	    XXH3_128bits_withSecret(key, sizeof(*key), o->secret, sizeof(o->secret));
	struct conversation *bucket = &o->table[(hash.low64 & (o->n_buckets - 1)) * WAYS];
	struct conversation *oldest = bucket;

	for (struct conversation *c = bucket; c < bucket + WAYS; c++) {
		if (XXH128_isEqual(c->key, hash))
			return c;
		if (is_free(c)) {
			c->key = hash;
			return c;
		}
		if (last_end(c) < last_end(oldest))
			oldest = c;
	}
	o->stats.forgotten += last_end(oldest) + SLACK > now;
	*oldest = (struct conversation){ .key = hash };
	return oldest;
}

/* --- spans -------------------------------------------------------------------------------------------------------- */

static size_t
count_spans(const struct span *spans)
{
	size_t n = 0;

	while (n < OVERLAP_SPANS && spans[n].owner)
		n++;
	return n;
}

/* How many spans begin at or before `at`. */
static size_t
count_begun(const struct span *spans, uint64_t at)
{
	size_t n = 0;

	while (n < OVERLAP_SPANS && spans[n].owner && begin_of(&spans[n]) <= at)
		n++;
	return n;
}

static void
remove_span(struct span *spans, size_t at)
{
	memmove(&spans[at], &spans[at + 1], (OVERLAP_SPANS - 1 - at) * sizeof(*spans));
	spans[OVERLAP_SPANS - 1] = (struct span){ 0 };
}

/* Makes room: the two neighbours of one owner that are closest become one, which owns the silence between them, too. Where
 * there are none, the oldest goes. */
static void
make_room(struct span *spans)
{
	uint64_t least = UINT64_MAX;
	size_t best = OVERLAP_SPANS;

	for (size_t i = 0; i + 1 < OVERLAP_SPANS; i++) {
		uint64_t begin = begin_of(&spans[i + 1]), end = end_of(&spans[i]);
		uint64_t gap = begin > end ? begin - end : 0;

		if (spans[i].owner == spans[i + 1].owner && gap < least) {
			least = gap;
			best = i;
		}
	}
	if (best == OVERLAP_SPANS) {
		remove_span(spans, 0);
		return;
	}
	extend(&spans[best], end_of(&spans[best + 1]));
	if (spans[best + 1].promised_s > spans[best].promised_s)
		spans[best].promised_s = spans[best + 1].promised_s;
	remove_span(spans, best + 1);
}

/* Where a new span begins: a little before its first record, but not in what the span before reaches to, and not before the end
 * of what was marked as a duplicate because that one's owner was expected to have it. */
static uint64_t
new_begin(const struct span *before, uint64_t start)
{
	uint64_t begin = start > SKEW ? start - SKEW : 0;

	if (before && end_of(before) + SLACK > begin)
		begin = end_of(before) + SLACK;
	if (before && (uint64_t)before->promised_s * SECOND > begin)
		begin = (uint64_t)before->promised_s * SECOND;
	return begin < start ? begin : start;
}

static void
claim(struct span *spans, uint64_t start, uint64_t end, uint16_t owner)
{
	size_t n = count_spans(spans), at = count_begun(spans, start);
	struct span new = { .owner = owner };

	set_begin(&new, new_begin(at > 0 ? &spans[at - 1] : NULL, start));
	extend(&new, end);
	if (n == OVERLAP_SPANS) {
		/* older than all that is remembered: the others' records of that time will count, too */
		if (at == 0)
			return;
		make_room(spans);
		n--;
		at = count_begun(spans, start);
	}
	memmove(&spans[at + 1], &spans[at], (n - at) * sizeof(*spans));
	spans[at] = new;
}

/* Whether a record from `start` to `end` is another owner's; else its time becomes the owner's, if it is nobody's. */
static bool
is_duplicate(struct span *spans, uint64_t start, uint64_t end, uint16_t owner)
{
	size_t begun = count_begun(spans, start);
	struct span *s = begun > 0 ? &spans[begun - 1] : NULL;

	if (!s || start > end_of(s) + SLACK) {
		claim(spans, start, end, owner);
		return false;
	}
	if (s->owner == owner) {
		extend(s, end);
		return false;
	}
	uint32_t until_s = (uint32_t)(end / SECOND + 1);
	if (end > end_of(s) && until_s > s->promised_s)
		s->promised_s = until_s;
	return true;
}

/* Judges one record of a member. */
static bool
judge(struct overlap *o, const struct member *m, const struct record *r)
{
	uint64_t start = (uint64_t)r->started * SECOND + r->start_frac;
	uint64_t end = (uint64_t)r->expires * SECOND + r->end_frac;
	struct key key;

	/* nobody's: which packets of the other link these were cannot be said */
	if (record_is_overflow(r->protocol, &r->saddr, &r->daddr))
		return false;
	if (end < start)
		end = start;
	if (end - start > LONGEST)
		end = start + LONGEST;
	unsigned dir = make_key(r, m->set, &key);
	struct conversation *c = find_conversation(o, &key, start);
	return is_duplicate(c->spans[dir], start, end, (uint16_t)(m - o->members + 1));
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

/* Adds to the batch's ledger what a duplicate counts for. */
static void
count_duplicate(struct overlap *o, struct batch *b, const struct record *r)
{
	struct ledger_delta d = { .minute = r->expires - r->expires % 60,
		                  .link = r->link,
		                  .cause = LEDGER_DUPLICATE,
		                  .packets = r->packets,
		                  .octets = r->octets };

	/* the newest rows are at the end, and a batch's records are of a few minutes and links */
	for (size_t i = b->n_ledger; i > 0 && b->ledger[i - 1].cause == LEDGER_DUPLICATE; i--) {
		struct ledger_delta *row = &b->ledger[i - 1];

		if (row->minute == d.minute && row->link == d.link) {
			row->packets += d.packets;
			row->octets += d.octets;
			return;
		}
	}
	if (b->n_ledger < BATCH_LEDGER_MAX)
		b->ledger[b->n_ledger++] = d;
	else
		o->stats.lost_rows++;
}

void
overlap_mark(struct overlap *o, const struct frame_hello *hello, struct batch *batch)
{
	const struct member *members[FRAME_LINKS_MAX];

	if (!o)
		return;
	for (size_t i = 0; i < hello->n_links; i++)
		members[i] = find_member(o, hello->probe, hello->links[i]);
	for (struct record *r = batch->records; r < batch->records + batch->n_records; r++) {
		const struct member *m = r->link < hello->n_links ? members[r->link] : NULL;

		if (!m)
			continue;
		if (!judge(o, m, r)) {
			o->stats.counted++;
			continue;
		}
		o->stats.duplicates++;
		r->roles |= RECORD_DUPLICATE;
		count_duplicate(o, batch, r);
	}
}

/* The link of the row before: rows come in runs of one link. */
struct warming {
	struct overlap *overlap;
	int64_t link_id;
	const struct member *member;
};

static int
warm_one(void *ctx, const struct db_overlap_flow *flow)
{
	struct warming *w = ctx;

	if (w->link_id != flow->link_id) {
		w->link_id = flow->link_id;
		w->member = find_member(w->overlap, flow->probe, flow->link);
	}
	if (w->member)
		(void)judge(w->overlap, w->member, &flow->record);
	return 0;
}

int
overlap_warm(struct overlap *overlap, struct db *db)
{
	struct warming w = { .overlap = overlap, .link_id = -1 };

	return overlap ? db_overlap_each(db, OVERLAP_WARM_FLOWS, warm_one, &w) : NM_OK;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int
make_table(struct overlap *o, size_t conversations)
{
	o->n_buckets = 1;
	while (o->n_buckets * WAYS < conversations && o->n_buckets < SIZE_MAX / 2 / WAYS)
		o->n_buckets *= 2;
	o->table = calloc(o->n_buckets * WAYS, sizeof(*o->table));
	if (!o->table)
		return -ENOMEM;
	if (getrandom(o->secret, sizeof(o->secret), 0) != (ssize_t)sizeof(o->secret))
		return -EIO;
	return NM_OK;
}

int
overlap_new(const struct opt_list *sets, size_t conversations, struct overlap **ret_overlap,
            char *err, size_t err_size)
{
	if (sets->n == 0) {
		*ret_overlap = NULL;
		return NM_OK;
	}
	struct overlap *o = calloc(1, sizeof(*o));
	int rc = o ? make_table(o, conversations ? conversations : OVERLAP_CONVERSATIONS) : -ENOMEM;
	if (rc < 0)
		(void)snprintf(err, err_size, "overlap: %s", nm_strerror(rc));
	for (size_t i = 0; i < sets->n && rc == NM_OK; i++)
		rc = add_set(o, (uint16_t)i, sets->v[i], err, err_size);
	if (rc < 0) {
		overlap_free(o);
		return rc;
	}
	*ret_overlap = o;
	return NM_OK;
}

void
overlap_free(struct overlap *overlap)
{
	if (!overlap)
		return;
	free(overlap->table);
	free(overlap);
}

void
overlap_get_stats(const struct overlap *overlap, struct overlap_stats *ret_stats)
{
	*ret_stats = overlap ? overlap->stats : (struct overlap_stats){ 0 };
}
