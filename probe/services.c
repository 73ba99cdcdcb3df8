/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Services by the names of their hosts. The domains of the file lie in one text and one hash index (open addressing, at most
 * half full). A name is looked up with all its labels that a domain of the file can have, then without the first one, and so
 * on: the first hit is the longest domain. The file cannot be chosen by those who choose the names, so the hash needs no
 * secret.
 */
#include "probe/services.h"

#include "lib/err.h"
#include "probe/listfile.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define DOMAIN_MAX  253 /* octets, RFC 1035 section 2.3.4 */
#define LABEL_MAX   63
#define LABELS_MAX  ((DOMAIN_MAX + 1) / 2)
#define NO_CATEGORY "Other"

/* A place of the index. */
struct domain {
	uint32_t hash;
	uint32_t text; /* where its letters begin */
	uint32_t line; /* of the file */
	uint16_t service;
	uint8_t len; /* 0: free */
};

struct services {
	atomic_uint refs;
	size_t count;
	struct service *list;
	struct domain *domains;
	uint32_t mask; /* places of the index - 1 */
	uint32_t n_domains;
	unsigned labels_max; /* of a domain */
	char *text;
	uint32_t text_len;
	uint64_t digest;
};

static inline uint32_t
hash_of(const char *name, size_t len)
{
	return (uint32_t)XXH3_64bits(name, len);
}

/* The place of a domain, or the free one where it would be. */
static inline struct domain *
place_of(const struct services *s, const char *name, size_t len, uint32_t hash)
{
	for (uint32_t i = hash & s->mask;; i = (i + 1) & s->mask) {
		struct domain *d = &s->domains[i];

		if (d->len == 0 ||
		    (d->hash == hash && d->len == len && memcmp(s->text + d->text, name, len) == 0))
			return d;
	}
}

const struct service *
services_find(const struct services *s, const char *name, size_t len)
{
	const char *begins[LABELS_MAX];
	unsigned n = 0;

	if (s->n_domains == 0 || len == 0 || len > DOMAIN_MAX)
		return NULL;
	/* from the right, so that labels in front of the longest domain cost nothing */
	for (const char *at = name + len; at > name && n < s->labels_max; at--)
		if (at[-1] == '.')
			begins[n++] = at;
	if (n < s->labels_max)
		begins[n++] = name;
	while (n-- > 0) {
		size_t left = (size_t)(name + len - begins[n]);
		const struct domain *d = place_of(s, begins[n], left, hash_of(begins[n], left));

		if (d->len)
			return &s->list[d->service];
	}
	return NULL;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* What is only known while the file is read. */
struct reader {
	struct services *s;
	const struct listfile *file;
	unsigned lines[SERVICES_MAX];          /* where each service came up */
	unsigned category_lines[SERVICES_MAX]; /* where its category did, 0: not yet */
	uint16_t by_name[2 * SERVICES_MAX]; /* 1 + service, an index by its name in small letters */
};

static char
small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static void
make_small(char *text)
{
	for (; *text; text++)
		*text = small(*text);
}

/* The service of this name in any letters, or where it would be in by_name. */
static uint16_t *
find_name(struct reader *r, const char *name)
{
	char key[APP_NAME_MAX];
	size_t len = strlen(name);

	memcpy(key, name, len + 1);
	make_small(key);
	for (uint32_t i = hash_of(key, len);; i++) {
		uint16_t *at = &r->by_name[i % (2 * SERVICES_MAX)];

		if (*at == 0 || strcasecmp(r->s->list[*at - 1].name, name) == 0)
			return at;
	}
}

/* The service of a line, which is made when it is new: *ret_service. */
static int
take_name(struct reader *r, const char *name, uint16_t *ret_service)
{
	char shown[LISTFILE_QUOTE_MAX];
	struct services *s = r->s;

	if (!listfile_is_name(name, APP_NAME_MAX))
		return listfile_complain(r->file,
		                         "\"%s\" is no name of a service: write 1 to %d printable "
		                         "ASCII characters without comma and quote",
		                         listfile_quote(name, shown), APP_NAME_MAX - 1);
	uint16_t *at = find_name(r, name);
	if (*at && strcmp(s->list[*at - 1].name, name) != 0)
		return listfile_complain(r->file,
		                         "service \"%s\" is \"%s\" in line %u: write both alike",
		                         name, s->list[*at - 1].name, r->lines[*at - 1]);
	if (*at == 0) {
		if (s->count == SERVICES_MAX) {
			(void)listfile_complain(r->file, "more than %d services: leave some out",
			                        SERVICES_MAX);
			return NM_ELIMIT;
		}
		r->lines[s->count] = r->file->line;
		(void)snprintf(s->list[s->count].name, APP_NAME_MAX, "%s", name);
		*at = (uint16_t)++s->count;
	}
	*ret_service = *at - 1;
	return NM_OK;
}

static int
take_category(struct reader *r, uint16_t service, const char *category)
{
	char shown[LISTFILE_QUOTE_MAX];
	struct service *to = &r->s->list[service];

	if (!listfile_is_name(category, APP_CATEGORY_MAX))
		return listfile_complain(r->file,
		                         "\"%s\" is no category: write 1 to %d printable ASCII "
		                         "characters without comma and quote",
		                         listfile_quote(category, shown), APP_CATEGORY_MAX - 1);
	if (r->category_lines[service] && strcmp(to->category, category) != 0)
		return listfile_complain(r->file,
		                         "service \"%s\" has category \"%s\" in line %u: write the "
		                         "same, or none",
		                         to->name, to->category, r->category_lines[service]);
	if (!r->category_lines[service])
		r->category_lines[service] = r->file->line;
	(void)snprintf(to->category, sizeof(to->category), "%s", category);
	return NM_OK;
}

/* How many labels a domain has; 0 for what is none: letters, digits, '-' and '_', a last label that is no number. */
static unsigned
count_labels(const char *domain)
{
	unsigned labels = 0;
	bool letter = false;

	for (const char *at = domain;; at++) {
		size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-_");

		letter = strspn(at, "0123456789") < len;
		at += len;
		if (len == 0 || len > LABEL_MAX || (*at && *at != '.'))
			return 0;
		labels++;
		if (!*at)
			break;
	}
	return letter ? labels : 0;
}

/* Why this is no domain, in words that help. */
static int
complain_domain(const struct listfile *file, const char *word)
{
	static const struct {
		const char *has;
		const char *remedy;
	} slips[] = {
		{ "*", "example.org holds for all names below it too: leave the \"*.\" out" },
		{ "/", "write the host's name only, without scheme and path" },
		{ ":", "write the host's name only, without port" },
		{ " ", "write a comma between domains" },
	};
	char shown[LISTFILE_QUOTE_MAX];
	const char *remedy = "write a name such as example.org; addresses belong into rules";

	for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++)
		if (strstr(word, slips[i].has)) {
			remedy = slips[i].remedy;
			break;
		}
	for (const char *c = word; *c; c++)
		if ((unsigned char)*c >= 0x80)
			remedy = "write it as the net does, xn--...";
	return listfile_complain(file, "\"%s\" is no domain: %s", listfile_quote(word, shown),
	                         remedy);
}

/* Makes the index larger before it is half full, and the text, as long as the file is read. */
static int
make_room(struct services *s, size_t len)
{
	if (s->n_domains * 2 >= s->mask) {
		struct domain *old = s->domains;
		uint32_t places = old ? s->mask + 1 : 0;

		struct domain *grown = calloc(places ? places * 2 : 64, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->domains = grown;
		s->mask = places ? places * 2 - 1 : 63;
		for (uint32_t i = 0; i < places; i++)
			if (old[i].len)
				*place_of(s, s->text + old[i].text, old[i].len, old[i].hash) =
				    old[i];
		free(old);
	}
	/* whenever it reaches a multiple */
	const uint32_t step = 65536;
	if (!s->text || s->text_len / step != (s->text_len + len) / step) {
		char *grown = realloc(s->text, (s->text_len / step + 2) * (size_t)step);
		if (!grown)
			return -ENOMEM;
		s->text = grown;
	}
	return NM_OK;
}

static int
take_domain(struct reader *r, uint16_t service, char *word)
{
	struct services *s = r->s;
	size_t len = strlen(word);

	make_small(word);
	if (len > 1 && word[len - 1] == '.') /* the root's */
		word[--len] = '\0';
	unsigned labels = len <= DOMAIN_MAX ? count_labels(word) : 0;
	if (labels == 0)
		return complain_domain(r->file, word);
	if (s->n_domains == SERVICES_DOMAINS_MAX) {
		(void)listfile_complain(r->file, "more than %d domains: leave some out",
		                        SERVICES_DOMAINS_MAX);
		return NM_ELIMIT;
	}
	if (make_room(s, len) < 0)
		return -ENOMEM;
	uint32_t hash = hash_of(word, len);
	struct domain *d = place_of(s, word, len, hash);
	if (d->len && d->service != service)
		return listfile_complain(r->file,
		                         "%s belongs to \"%s\" in line %u: leave it in one of them",
		                         word, s->list[d->service].name, d->line);
	if (d->len)
		return NM_OK;
	*d = (struct domain){ .hash = hash,
		              .text = s->text_len,
		              .line = r->file->line,
		              .service = service,
		              .len = (uint8_t)len };
	memcpy(s->text + s->text_len, word, len);
	s->text_len += (uint32_t)len;
	s->n_domains++;
	if (labels > s->labels_max)
		s->labels_max = labels;
	return NM_OK;
}

/* Cuts "[CATEGORY]" off what stands in front of '='; *ret_category is NULL when there is none. */
static int
cut_category(const struct listfile *file, char *head, char **ret_category)
{
	char *open = strchr(head, '[');
	char *close = strchr(head, ']');

	*ret_category = NULL;
	if (!open && !close)
		return NM_OK;
	if (!open || !close || close < open || *listfile_trim(close + 1))
		return listfile_complain(file,
		                         "the brackets are not right: write NAME [CATEGORY] = ...");
	*open = *close = '\0';
	*ret_category = listfile_trim(open + 1);
	return NM_OK;
}

/* "NAME [CATEGORY] = DOMAIN, DOMAIN" */
static int
on_line(void *ctx, const struct listfile *file, char *text)
{
	struct reader *r = ctx;
	char shown[LISTFILE_QUOTE_MAX];
	char *equals = strchr(text, '=');
	char *category, *word;
	uint16_t service = 0;

	r->file = file;
	if (!equals)
		return listfile_complain(file,
		                         "\"%s\" is no service: write NAME [CATEGORY] = "
		                         "DOMAIN, DOMAIN",
		                         listfile_quote(text, shown));
	*equals = '\0';
	int rc = cut_category(file, text, &category);
	if (rc == NM_OK)
		rc = take_name(r, listfile_trim(text), &service);
	if (rc == NM_OK && category)
		rc = take_category(r, service, category);
	char *rest = listfile_trim(equals + 1);
	if (rc == NM_OK && !*rest)
		return listfile_complain(file, "no domain behind '=': write NAME = DOMAIN, DOMAIN");
	while (rc == NM_OK && (word = strsep(&rest, ",")))
		rc = take_domain(r, service, listfile_trim(word));
	if (rc == -ENOMEM)
		(void)listfile_complain(file, "out of memory");
	return rc;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

static void
services_free(struct services *s)
{
	free(s->list);
	free(s->domains);
	free(s->text);
	free(s);
}

/* Gives back what the largest file would have taken, and fills in the categories that nobody gave. */
static void
finish(struct services *s)
{
	struct service *list = realloc(s->list, (s->count ? s->count : 1) * sizeof(*list));

	if (list)
		s->list = list;
	for (size_t i = 0; i < s->count; i++)
		if (!*s->list[i].category)
			(void)snprintf(s->list[i].category, APP_CATEGORY_MAX, NO_CATEGORY);
}

int
services_load(const char *path, struct services **ret_services, char *err, size_t err_size)
{
	struct services *s = calloc(1, sizeof(*s));
	struct reader *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (!s || !r)
		goto out;
	atomic_init(&s->refs, 1);
	s->list = calloc(SERVICES_MAX, sizeof(*s->list));
	if (!s->list)
		goto out;
	r->s = s;
	rc = path ? listfile_read(path, on_line, r, err, err_size, &s->digest) : NM_OK;
	if (rc == NM_OK) {
		finish(s);
		*ret_services = s;
		s = NULL;
	}
out:
	if (rc == -ENOMEM)
		(void)snprintf(err, err_size, "%s: out of memory", path ? path : "services");
	free(r);
	if (s)
		services_free(s);
	return rc;
}

struct services *
services_ref(struct services *s)
{
	(void)atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
services_unref(struct services *s)
{
	if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
		services_free(s);
}

size_t
services_count(const struct services *s)
{
	return s->count;
}

const struct service *
services_at(const struct services *s, size_t i)
{
	return &s->list[i];
}

void
services_bind(struct services *s, size_t i, uint16_t app)
{
	s->list[i].app = app;
}

uint64_t
services_digest(const struct services *s)
{
	return s->digest;
}
