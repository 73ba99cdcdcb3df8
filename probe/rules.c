/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The admin's own rules. Each axis (an end's host, an end's port, protocol, VLAN) is cut where some rule's range begins or
 * ends, and each piece has one bit for each rule: does it hold there? A conversation finds its piece of each axis by bisection
 * and ands their bits; the lowest bit that is left is the first rule. So a thousand rules cost hardly more than ten, whatever
 * they say, and what has to be compared for them is in a few cache lines.
 */
#include "probe/rules.h"

#include "lib/err.h"
#include "probe/listfile.h"
#include "probe/rules_parse.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The pieces of an axis, in order: piece i begins at begins[i] and has `words` words of bits. There is always a first
 * one, which begins at 0. */
struct axis {
	struct rules_value *begins;
	uint64_t *bits;
	size_t pieces;
};

struct rules {
	atomic_uint refs;
	size_t count;
	size_t words; /* of 64 rules */
	struct rule *list;
	struct axis axes[RULES_AXES];
	uint64_t digest;
};

static inline bool
is_below(struct rules_value a, struct rules_value b)
{
	return a.high < b.high || (a.high == b.high && a.low < b.low);
}

/* The bits of the piece that a value is in. */
static inline const uint64_t *
bits_at(const struct rules *r, enum rules_axis which, struct rules_value value)
{
	const struct axis *axis = &r->axes[which];
	size_t low = 0;

	for (size_t n = axis->pieces; n > 1;) {
		size_t half = n / 2;

		if (!is_below(value, axis->begins[low + half]))
			low += half;
		n -= half;
	}
	return axis->bits + low * r->words;
}

/* What the axes say of a conversation, taken one way round. */
struct way {
	const uint64_t *of_end[4]; /* host and port of the rule's first end, of its second one */
};

static struct way
way_of(const struct rules *r, const struct rules_value host[2], const struct rules_value port[2])
{
	return (struct way){ {
	    bits_at(r, RULES_HOST0, host[0]),
	    bits_at(r, RULES_PORT0, port[0]),
	    bits_at(r, RULES_HOST1, host[1]),
	    bits_at(r, RULES_PORT1, port[1]),
	} };
}

static inline uint64_t
word_of(const struct way *way, size_t i)
{
	return way->of_end[0][i] & way->of_end[1][i] & way->of_end[2][i] & way->of_end[3][i];
}

const struct rule *
rules_find(const struct rules *r, const struct packet *pkt)
{
	if (r->count == 0)
		return NULL;
	struct rules_value source = rules_value_of(&pkt->saddr);
	struct rules_value destination = rules_value_of(&pkt->daddr);
	const struct rules_value host[3] = { source, destination, source };
	const struct rules_value port[3] = { { 0, pkt->sport },
		                             { 0, pkt->dport },
		                             { 0, pkt->sport } };
	const struct way there = way_of(r, host, port);
	const struct way back = way_of(r, host + 1, port + 1);
	const uint64_t *proto = bits_at(r, RULES_PROTO, (struct rules_value){ 0, pkt->protocol });
	const uint64_t *vlan = bits_at(r, RULES_VLAN, (struct rules_value){ 0, pkt->vlan });

	for (size_t i = 0; i < r->words; i++) {
		uint64_t bits = proto[i] & vlan[i] & (word_of(&there, i) | word_of(&back, i));

		if (bits)
			return &r->list[i * 64 + (size_t)__builtin_ctzll(bits)];
	}
	return NULL;
}

/* --- building ---------------------------------------------------------------------------------------------------- */

/* What is only known while the file is read. */
struct reader {
	struct rules *r;
	struct rules_range *ranges;
	size_t n_ranges;
};

static int
compare_values(const void *left, const void *right)
{
	const struct rules_value *a = left;
	const struct rules_value *b = right;

	return is_below(*a, *b) ? -1 : is_below(*b, *a);
}

/* The value behind; false when there is none. */
static bool
value_behind(struct rules_value v, struct rules_value *ret_next)
{
	v.low++;
	v.high += v.low == 0;
	*ret_next = v;
	return v.low || v.high;
}

/* Where the ranges of an axis begin, or stop: sorted, each once. `begins` has room for them all. */
static size_t
cut_axis(const struct reader *reader, enum rules_axis which, struct rules_value *begins)
{
	size_t n = 1;
	size_t kept = 1;

	begins[0] = (struct rules_value){ 0, 0 };
	for (size_t i = 0; i < reader->n_ranges; i++) {
		const struct rules_range *range = &reader->ranges[i];

		if (range->axis != which)
			continue;
		begins[n++] = range->first;
		n += value_behind(range->last, &begins[n]);
	}
	qsort(begins, n, sizeof(*begins), compare_values);
	for (size_t i = 1; i < n; i++)
		if (compare_values(&begins[i], &begins[kept - 1]) != 0)
			begins[kept++] = begins[i];
	return kept;
}

/* Sets a rule's bit in all pieces of the range. */
static void
fill_range(const struct rules *r, struct axis *axis, const struct rules_range *range)
{
	const struct rules_value *first = bsearch(&range->first, axis->begins, axis->pieces,
	                                          sizeof(*axis->begins), compare_values);

	if (!first) /* each range's begin is a piece's */
		return;
	for (size_t i = (size_t)(first - axis->begins);
	     i < axis->pieces && !is_below(range->last, axis->begins[i]); i++)
		axis->bits[i * r->words + range->rule / 64] |= UINT64_C(1) << range->rule % 64;
}

/* A rule that says nothing about the axis holds everywhere on it. */
static int
fill_axis(struct reader *reader, enum rules_axis which)
{
	struct rules *r = reader->r;
	struct axis *axis = &r->axes[which];
	uint64_t free_rules[(RULES_MAX + 63) / 64];

	axis->bits = calloc(axis->pieces * r->words, sizeof(*axis->bits));
	if (!axis->bits)
		return -ENOMEM;
	memset(free_rules, 0xff, sizeof(free_rules));
	for (size_t i = r->count; i < r->words * 64; i++)
		free_rules[i / 64] &= ~(UINT64_C(1) << i % 64);
	for (size_t i = 0; i < reader->n_ranges; i++) {
		const struct rules_range *range = &reader->ranges[i];

		if (range->axis != which)
			continue;
		free_rules[range->rule / 64] &= ~(UINT64_C(1) << range->rule % 64);
		fill_range(r, axis, range);
	}
	for (size_t i = 0; i < axis->pieces * r->words; i++)
		axis->bits[i] |= free_rules[i % r->words];
	return NM_OK;
}

static int
build(struct reader *reader)
{
	struct rules *r = reader->r;
	int rc = NM_OK;

	r->words = (r->count + 63) / 64;
	for (unsigned which = 0; rc == NM_OK && r->count > 0 && which < RULES_AXES; which++) {
		struct axis *axis = &r->axes[which];

		axis->begins = calloc(2 * reader->n_ranges + 1, sizeof(*axis->begins));
		if (!axis->begins)
			return -ENOMEM;
		axis->pieces = cut_axis(reader, which, axis->begins);
		struct rules_value *fits =
		    realloc(axis->begins, axis->pieces * sizeof(*axis->begins));
		if (fits)
			axis->begins = fits;
		rc = fill_axis(reader, which);
	}
	return rc;
}

/* Rules of one name are of one category, which one of them has to say. */
static int
check_category(struct rules *r, const struct listfile *file, struct rule *rule)
{
	for (size_t i = 0; i < r->count; i++) {
		struct rule *other = &r->list[i];

		if (strcmp(other->name, rule->name) != 0)
			continue;
		if (!*rule->category)
			memcpy(rule->category, other->category, sizeof(rule->category));
		if (!*other->category)
			memcpy(other->category, rule->category, sizeof(rule->category));
		if (strcmp(other->category, rule->category) != 0)
			return listfile_complain(file,
			                         "\"%s\" has category \"%s\" in line %u: write the "
			                         "same, or none",
			                         rule->name, other->category, other->line);
	}
	return NM_OK;
}

static int
on_line(void *ctx, const struct listfile *file, char *text)
{
	struct reader *reader = ctx;
	struct rules *r = reader->r;
	struct rules_line line = {
		.ranges = reader->ranges + reader->n_ranges,
		.ranges_max = RULES_RANGES_MAX - reader->n_ranges,
	};

	if (r->count == RULES_MAX) {
		(void)listfile_complain(file, "more than %d rules: join some with lists",
		                        RULES_MAX);
		return NM_ELIMIT;
	}
	int rc = rules_parse(file, text, &line);
	if (rc == NM_OK)
		rc = check_category(r, file, &line.rule);
	if (rc != NM_OK)
		return rc;
	for (size_t i = 0; i < line.n_ranges; i++)
		line.ranges[i].rule = (uint16_t)r->count;
	reader->n_ranges += line.n_ranges;
	r->list[r->count++] = line.rule;
	return NM_OK;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

static void
rules_free(struct rules *r)
{
	for (unsigned i = 0; i < RULES_AXES; i++) {
		free(r->axes[i].begins);
		free(r->axes[i].bits);
	}
	free(r->list);
	free(r);
}

int
rules_load(const char *path, struct rules **ret_rules, char *err, size_t err_size)
{
	struct rules *r = calloc(1, sizeof(*r));
	struct reader reader = { .r = r };
	int rc = -ENOMEM;

	if (!r)
		goto out;
	atomic_init(&r->refs, 1);
	r->list = calloc(RULES_MAX, sizeof(*r->list));
	reader.ranges = calloc(RULES_RANGES_MAX, sizeof(*reader.ranges));
	if (!r->list || !reader.ranges)
		goto out;
	rc = path ? listfile_read(path, on_line, &reader, err, err_size, &r->digest) : NM_OK;
	if (rc == NM_OK)
		rc = build(&reader);
	if (rc == NM_OK) {
		*ret_rules = r;
		r = NULL;
	}
out:
	if (rc == -ENOMEM)
		(void)snprintf(err, err_size, "%s: out of memory", path ? path : "rules");
	free(reader.ranges);
	if (r)
		rules_free(r);
	return rc;
}

struct rules *
rules_ref(struct rules *r)
{
	(void)atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void
rules_unref(struct rules *r)
{
	if (r && atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1)
		rules_free(r);
}

size_t
rules_count(const struct rules *r)
{
	return r->count;
}

const struct rule *
rules_at(const struct rules *r, size_t i)
{
	return &r->list[i];
}

void
rules_bind(struct rules *r, size_t i, uint16_t app, uint16_t reason)
{
	r->list[i].app = app;
	r->list[i].reason = reason;
}

uint64_t
rules_digest(const struct rules *r)
{
	return r->digest;
}
