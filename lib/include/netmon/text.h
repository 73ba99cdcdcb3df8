/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading lines and words of text protocols through the cursor of wire.h. Bytes are 8-bit clean and never taken for
 * NUL-terminated. Header-only, usable from modules; any thread.
 */
#ifndef NETMON_TEXT_H
#define NETMON_TEXT_H

#include <netmon/wire.h>

/* ASCII only, whatever the locale is. */
static inline uint8_t
text_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static inline bool
text_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool
text_is_print(uint8_t c)
{
	return c >= 0x20 && c <= 0x7e;
}

/* Does what is left begin with `word`, by octet? Nothing is read. A cursor over nothing may have no bytes at all. */
static inline bool
text_begins(const struct wire *w, const char *word)
{
	size_t len = strlen(word);

	return w->at && len <= wire_left(w) && memcmp(w->at, word, len) == 0;
}

/* The same for a `word` in lower case, whatever the case of the text. */
static inline bool
text_begins_nocase(const struct wire *w, const char *word)
{
	size_t len = strlen(word);

	if (len > wire_left(w))
		return false;
	for (size_t i = 0; i < len; i++)
		if (text_lower(w->at[i]) != (uint8_t)word[i])
			return false;
	return true;
}

/* The first place of `c` in what lies between, NULL for none. */
static inline const uint8_t *
text_find(const uint8_t *at, const uint8_t *end, uint8_t c)
{
	return at < end ? (const uint8_t *)memchr(at, c, (size_t)(end - at)) : NULL;
}

/* Which octet of a word to look for first: one that is no letter is rarer, and has one case only. */
static inline size_t
text_anchor(const char *word, size_t len)
{
	size_t i = 0;

	while (i + 1 < len && word[i] >= 'a' && word[i] <= 'z')
		i++;
	return i;
}

/* Places where a word is looked for in earnest: text that a word is really in has fewer before it. */
#define TEXT_TRIES_MAX 128

/* Moves to the first place where `word` (in lower case) stands, in any case. False, and nothing read, when it does not, or when
 * its anchor's octet stands in TEXT_TRIES_MAX places before. Costs about an instruction for each ten octets, and 40 for each of
 * these places. */
static inline bool
text_seek(struct wire *w, const char *word)
{
	size_t len = strlen(word);

	if (len == 0 || len > wire_left(w))
		return len < wire_left(w);
	size_t anchor = text_anchor(word, len);
	const uint8_t *end = w->end - len + anchor + 1; /* no anchor stands there or behind */
	uint8_t low = (uint8_t)word[anchor];
	uint8_t high = low >= 'a' && low <= 'z' ? (uint8_t)(low - ('a' - 'A')) : low;
	const uint8_t *lower = text_find(w->at + anchor, end, low);
	const uint8_t *upper = high == low ? NULL : text_find(w->at + anchor, end, high);
	for (unsigned tries = 0; (lower || upper) && tries < TEXT_TRIES_MAX; tries++) {
		bool take_upper = !lower || (upper && upper < lower);
		const uint8_t *hit = take_upper ? upper : lower;
		struct wire try = { .at = hit - anchor, .end = w->end };

		if (text_begins_nocase(&try, word)) {
			*w = try;
			return true;
		}
		if (take_upper)
			upper = text_find(hit + 1, end, high);
		else
			lower = text_find(hit + 1, end, low);
	}
	return false;
}

/* Takes the next line, without its CRLF or LF, as a cursor of its own. The rest is a line too when no LF comes, and
 * *ret_ended then says false. */
static inline struct wire
text_line(struct wire *w, bool *ret_ended)
{
	size_t left = wire_left(w);
	const uint8_t *lf = left ? memchr(w->at, '\n', left) : NULL;
	size_t len = lf ? (size_t)(lf - w->at) : left;
	struct wire line = wire_init(w->at, len);

	*ret_ended = lf != NULL;
	wire_skip(w, lf ? len + 1 : len);
	if (lf && len > 0 && line.at[len - 1] == '\r')
		line.end--;
	return line;
}

/* Takes what lies before the next NUL, and that too, as a cursor of its own. Sets the error, and takes nothing, when no NUL
 * comes behind at most `max` octets. */
static inline struct wire
text_string(struct wire *w, size_t max)
{
	size_t left = wire_left(w) < max + 1 ? wire_left(w) : max + 1;
	const uint8_t *nul = left ? memchr(w->at, 0, left) : NULL;
	struct wire text = wire_init(w->at, nul ? (size_t)(nul - w->at) : 0);

	if (!nul)
		w->failed = true;
	wire_skip(w, wire_left(&text) + 1);
	return text;
}

/* Reads a decimal number of at most `max`. Sets the cursor's error when no digit comes or the number is larger. */
static inline uint32_t
text_number(struct wire *w, uint32_t max)
{
	uint64_t value = 0;
	unsigned digits = 0;

	while (wire_left(w) > 0 && text_is_digit(*w->at) && value <= max) {
		value = value * 10 + (wire_u8(w) - (unsigned)'0');
		digits++;
	}
	if (digits == 0 || value > max)
		w->failed = true;
	return w->failed ? 0 : (uint32_t)value;
}

/* Reads one octet that has to be `c`; anything else sets the cursor's error. */
static inline void
text_expect(struct wire *w, char c)
{
	if (wire_u8(w) != (uint8_t)c)
		w->failed = true;
}

/* Are eight octets all printable ASCII? Adding 0x60 sets the top bit of those from 0x20 up, adding 1 that of 0x7f. */
static inline bool
text_eight_print(const uint8_t *at)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t x;

	memcpy(&x, at, sizeof(x));
	return ((x + 0x60 * each) & ~(x + each) & ~x & 0x80 * each) == 0x80 * each;
}

/* Are all octets that are left printable ASCII or tabs? */
static inline bool
text_all_print(const struct wire *w)
{
	size_t left = wire_left(w);
	size_t i = 0;

	while (i < left) {
		if (left - i >= 8 && text_eight_print(w->at + i)) {
			i += 8;
			continue;
		}
		if (!text_is_print(w->at[i]) && w->at[i] != '\t')
			return false;
		i++;
	}
	return true;
}

#endif
