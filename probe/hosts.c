/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of hosts. The ring is an array of words that are written and read one by one. The head moves before a word is written,
 * so a reader who has read a word of the next name also sees that the head has moved over his own.
 *
 *   word 0  hash (32 bits) | source (8) | length (8) | 0
 *   word 1… the name, filled up with zeros
 */
#include "probe/hosts.h"

#include "lib/err.h"
#include "probe/tag.h"
#include "probe/tag_ends.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define WORDS_PER_NAME 4 /* for room: the head and 24 octets */
#define WORDS_MAX      (1 + (HOSTS_NAME_MAX + 7) / 8)
#define ANSWER_TTL_MIN 600
#define ANSWER_TTL_MAX 7200

struct hosts {
	_Atomic uint64_t *words;
	uint64_t mask;            /* words - 1 */
	_Atomic uint64_t head;    /* words that were ever taken */
	_Atomic uint32_t *recent; /* by hash: a name that is likely to come again */
	uint32_t recent_mask;
	uint64_t seed;
	_Atomic uint64_t names;
	struct tag_table *answers; /* (server, hash of the client) -> number of a name */
};

/* A name in the form that is kept. */
struct name {
	uint64_t words[WORDS_MAX];
	uint64_t hash;
	size_t len;
	size_t n_words; /* the head included */
};

/* --- life -------------------------------------------------------------------------------------------------------- */

static uint64_t
power_of_two(uint64_t least)
{
	uint64_t n = 64;

	while (n < least)
		n *= 2;
	return n;
}

int
hosts_new(size_t names_max, uint64_t seed, struct hosts **ret_hosts)
{
	struct hosts *h = calloc(1, sizeof(*h));
	uint64_t words = power_of_two((uint64_t)names_max * WORDS_PER_NAME);
	uint64_t recent = power_of_two(names_max);

	if (!h)
		return -ENOMEM;
	h->seed = seed;
	h->mask = words - 1;
	h->recent_mask = (uint32_t)(recent - 1);
	h->words = calloc(words, sizeof(*h->words));
	h->recent = calloc(recent, sizeof(*h->recent));
	/* one that forgets is filled up to four times what was asked for */
	if (!h->words || !h->recent || tag_new((names_max + 3) / 4, seed, &h->answers) != 0) {
		hosts_free(h);
		return -ENOMEM;
	}
	tag_forgets(h->answers);
	atomic_store(&h->head, 1); /* 0 is HOST_NONE */
	*ret_hosts = h;
	return NM_OK;
}

void
hosts_free(struct hosts *h)
{
	if (!h)
		return;
	tag_free(h->answers);
	free(h->recent);
	free(h->words);
	free(h);
}

/* --- what a name is ---------------------------------------------------------------------------------------------- */

/* Small letters of one octet of a name; 0 for one that no host's name has. */
static const char small_letter[256] = {
	['-'] = '-', ['.'] = '.', ['_'] = '_', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3',
	['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'a',
	['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h',
	['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o',
	['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v',
	['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c',
	['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j',
	['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q',
	['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x',
	['y'] = 'y', ['z'] = 'z',
};

/* Copies in small letters. False for what is no name of a host: labels that are not empty, at least two of them, the last one with
 * a letter, so that no address is one. */
static bool
copy_name(const uint8_t *bytes, size_t len, char *text)
{
	bool dots = false, letter = false;
	char before = '.';

	for (size_t i = 0; i < len; i++) {
		char c = small_letter[bytes[i]];

		if (!c || (c == '.' && before == '.'))
			return false;
		dots |= c == '.';
		letter = c >= 'a' || (letter && c != '.');
		text[i] = before = c;
	}
	return dots && letter && before != '.';
}

/* The form that is kept, but for the hash and the head. False for what is no name of a host. */
static bool
take_name(const uint8_t *bytes, size_t len, struct name *ret_name)
{
	if (len > 0 && bytes[len - 1] == '.')
		len--;
	if (len == 0 || len > HOSTS_NAME_MAX)
		return false;
	ret_name->len = len;
	ret_name->n_words = 1 + (len + 7) / 8;
	ret_name->words[ret_name->n_words - 1] = 0;
	return copy_name(bytes, len, (char *)(ret_name->words + 1));
}

/* --- the ring ---------------------------------------------------------------------------------------------------- */

static enum nm_name_source
source_of(uint64_t head_word)
{
	return (enum nm_name_source)(head_word >> 8 & 0xff);
}

/* Where a number lies in the ring: the position that ends in it, and is nearest behind the head. */
static uint64_t
position_of(uint32_t host, uint64_t head)
{
	return head - (uint32_t)((uint32_t)head - host);
}

/* Copies a name out. Its length, 0 when it is gone. */
static size_t
read_name(const struct hosts *h, uint32_t host, uint64_t ret_words[WORDS_MAX])
{
	uint64_t head = atomic_load_explicit(&h->head, memory_order_acquire);
	uint64_t at = position_of(host, head);

	if (host == HOST_NONE || head - at > h->mask)
		return 0;
	ret_words[0] = atomic_load_explicit(&h->words[at & h->mask], memory_order_acquire);
	size_t len = ret_words[0] & 0xff;
	size_t n_words = 1 + (len + 7) / 8;
	if (len > HOSTS_NAME_MAX)
		return 0;
	for (size_t i = 1; i < n_words; i++)
		ret_words[i] =
		    atomic_load_explicit(&h->words[(at + i) & h->mask], memory_order_acquire);
	head = atomic_load_explicit(&h->head, memory_order_relaxed);
	return head - at > h->mask ? 0 : len;
}

/* Puts a name at the head. Its number. */
static uint32_t
append(struct hosts *h, const struct name *name)
{
	uint64_t at;

	do
		at = atomic_fetch_add_explicit(&h->head, name->n_words, memory_order_relaxed);
	while ((uint32_t)at == HOST_NONE);
	for (size_t i = 0; i < name->n_words; i++)
		atomic_store_explicit(&h->words[(at + i) & h->mask], name->words[i],
		                      memory_order_release);
	atomic_fetch_add_explicit(&h->names, 1, memory_order_relaxed);
	return (uint32_t)at;
}

/* Is this the number of the same name, and not among the next to go? */
static bool
is_fresh(const struct hosts *h, uint32_t host, const struct name *name)
{
	uint64_t words[WORDS_MAX];
	uint64_t head = atomic_load_explicit(&h->head, memory_order_relaxed);

	return head - position_of(host, head) <= h->mask / 4 * 3 &&
	       read_name(h, host, words) == name->len &&
	       memcmp(words, name->words, name->n_words * sizeof(*words)) == 0;
}

uint32_t
hosts_learn(struct hosts *h, const uint8_t *bytes, size_t len, enum nm_name_source source)
{
	struct name name;

	if (!take_name(bytes, len, &name))
		return HOST_NONE;
	name.hash = XXH3_64bits_withSeed(name.words + 1, (name.n_words - 1) * sizeof(uint64_t),
	                                 h->seed + source);
	name.words[0] = name.hash << 32 | (uint64_t)source << 8 | name.len;
	_Atomic uint32_t *recent = &h->recent[name.hash >> 32 & h->recent_mask];
	uint32_t host = atomic_load_explicit(recent, memory_order_acquire);
	if (host != HOST_NONE && is_fresh(h, host, &name))
		return host;
	host = append(h, &name);
	atomic_store_explicit(recent, host, memory_order_release);
	return host;
}

size_t
hosts_name(const struct hosts *h, uint32_t host, char ret_name[HOSTS_NAME_MAX + 1],
           enum nm_name_source *ret_source)
{
	uint64_t words[WORDS_MAX];
	size_t len = read_name(h, host, words);

	memcpy(ret_name, words + 1, len);
	ret_name[len] = '\0';
	if (ret_source)
		*ret_source = len ? source_of(words[0]) : NM_NAME_NONE;
	return len;
}

enum nm_name_source
hosts_source(const struct hosts *h, uint32_t host)
{
	uint64_t words[WORDS_MAX];

	return read_name(h, host, words) ? source_of(words[0]) : NM_NAME_NONE;
}

/* --- answers of DNS ---------------------------------------------------------------------------------------------- */

/* The client does not fit into the key beside the server: 24 bits of its hash do. Two clients that share them are told each
 * other's names of the same server, one pair in 16 million. */
static struct tag_key
answer_key(const struct hosts *h, const struct addr *client, const struct addr *server)
{
	uint64_t hash = XXH3_64bits_withSeed(client, sizeof(*client), h->seed);

	return (struct tag_key){ .addr = *server,
		                 .port = (uint16_t)hash,
		                 .transport = (uint8_t)(hash >> 16) };
}

void
hosts_resolved(struct hosts *h, const struct addr *client, const struct addr *server, uint32_t host,
               uint32_t ttl_s, uint32_t now_s)
{
	const struct tag_key key = answer_key(h, client, server);
	struct tag_fact fact = {
		.app = (uint16_t)(host >> 16),
		.reason = (uint16_t)host,
		.ttl_s = ANSWER_TTL_MIN,
		.confidence = 1,
	};

	if (host == HOST_NONE)
		return;
	if (ttl_s > ANSWER_TTL_MIN)
		fact.ttl_s = (uint16_t)(ttl_s < ANSWER_TTL_MAX ? ttl_s : ANSWER_TTL_MAX);
	(void)tag_learn(h->answers, &key, &fact, now_s);
}

uint32_t
hosts_find(struct hosts *h, const struct addr *client, const struct addr *server, uint32_t now_s)
{
	const struct tag_key key = answer_key(h, client, server);
	struct tag_fact fact;

	if (!ends_may_have(tag_ends(h->answers), server, ends_port(key.port, key.transport)) ||
	    !tag_find(h->answers, &key, now_s, &fact))
		return HOST_NONE;
	return (uint32_t)fact.app << 16 | fact.reason;
}

void
hosts_get_stats(const struct hosts *h, struct hosts_stats *ret_stats)
{
	*ret_stats = (struct hosts_stats){
		.names = atomic_load_explicit(&h->names, memory_order_relaxed),
		.answers = tag_count(h->answers),
		.refused = tag_refused(h->answers),
	};
}
