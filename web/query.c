/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Query strings and forms: one table of keys. */
#include "web/query.h"

#include "lib/err.h"
#include "netmon/wire.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CHOICES_MAX 9

enum key_type { TYPE_CHOICE, TYPE_NUMBER, TYPE_TEXT };

static const struct {
	const char *name;
	enum key_type type;
	size_t offset; /* in struct query */
	/* numbers: limits and default; choices: default; text: bytes with the NUL */
	unsigned min;
	unsigned max;
	unsigned dflt;
	const char *choices[CHOICES_MAX]; /* ends with NULL */
} keys[KEY_COUNT] = {
#define AT(field) offsetof(struct query, field)
#define TEXT(field)                                                     \
	TYPE_TEXT, AT(field), 0, sizeof(((struct query *)0)->field), 0, \
	{                                                               \
		NULL                                                    \
	}
	[KEY_PERIOD] = { "period",
	                 TYPE_CHOICE,
	                 AT(period),
	                 0,
	                 0,
	                 PERIOD_DAY,
	                 { "6h", "day", "week", "month", "year", NULL } },
	[KEY_SORT] = { "sort",
	               TYPE_CHOICE,
	               AT(sort),
	               0,
	               0,
	               COLUMN_SHARE,
	               { "name", "share", "in5m", "out5m", "in1h", "out1h", "in6h", "out6h",
	                 NULL } },
	[KEY_ORDER] = { "order",
	                TYPE_CHOICE,
	                AT(order),
	                0,
	                0,
	                ORDER_DESC,
	                { "desc", "asc", NULL } },
	[KEY_SHOW] = { "show",
	               TYPE_CHOICE,
	               AT(show),
	               0,
	               0,
	               SHOW_TEN,
	               { "ten", "apps", "groups", "hosts", "peers", NULL } },
	[KEY_Q] = { "q", TEXT(q) },
	[KEY_BEFORE] = { "before", TYPE_NUMBER, AT(before), 0, UINT32_MAX, 0, { NULL } },
	[KEY_WIDTH] = { "width", TYPE_NUMBER, AT(width), 280, 2000, 1100, { NULL } },
	[KEY_THEME] = { "theme",
	                TYPE_CHOICE,
	                AT(theme),
	                0,
	                0,
	                THEME_LIGHT,
	                { "light", "dark", NULL } },
	[KEY_SCALE] = { "scale", TYPE_NUMBER, AT(scale), 1, 2, 1, { NULL } },
	[KEY_VERSION] = { "v", TYPE_NUMBER, AT(version), 0, UINT32_MAX, 0, { NULL } },
	[KEY_NEXT] = { "next", TEXT(next) },
	[KEY_USER] = { "user", TEXT(user) },
	[KEY_PASSWORD] = { "password", TEXT(password) },
#undef TEXT
#undef AT
};

static unsigned *
number_of(struct query *q, size_t key)
{
	return (unsigned *)(void *)((char *)q + keys[key].offset);
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes up to `stop` or the end of the bytes into `out`. Octets written, or -1: does not fit, bad %XX, or a NUL. */
static int
decode(struct wire *in, uint8_t stop, char *out, size_t size)
{
	size_t n = 0;

	while (wire_left(in) && *in->at != stop) {
		int c = wire_u8(in);

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = hex_value(wire_u8(in));
			int low = hex_value(wire_u8(in));
			c = high < 0 || low < 0 ? 0 : high << 4 | low;
		}
		if (c == 0 || !wire_ok(in) || n + 1 >= size)
			return -1;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return (int)n;
}

static int
find_key(const char *name, unsigned allowed)
{
	for (int i = 0; i < KEY_COUNT; i++)
		if ((allowed & KEY_BIT(i)) && strcmp(keys[i].name, name) == 0)
			return i;
	return -1;
}

static int
set_choice(struct query *q, size_t key, const char *value, char *err, size_t err_size)
{
	char list[128] = "";
	size_t used = 0;

	for (unsigned i = 0; keys[key].choices[i]; i++) {
		if (strcmp(keys[key].choices[i], value) == 0) {
			*number_of(q, key) = i;
			return NM_OK;
		}
		int n = snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
		                 keys[key].choices[i]);
		used += n > 0 && (size_t)n < sizeof(list) - used ? (size_t)n : 0;
	}
	(void)snprintf(err, err_size, "“%s” must be one of: %s.", keys[key].name, list);
	return NM_EFORMAT;
}

static int
set_number(struct query *q, size_t key, const char *value, char *err, size_t err_size)
{
	uint64_t n = 0;
	bool bad = !*value;

	for (const char *p = value; *p && !bad; p++) {
		bad = *p < '0' || *p > '9' || n > UINT32_MAX;
		n = n * 10 + (unsigned)(*p - '0');
	}
	if (bad || n < keys[key].min || n > keys[key].max) {
		(void)snprintf(err, err_size, "“%s” must be a number from %u to %u.",
		               keys[key].name, keys[key].min, keys[key].max);
		return NM_EFORMAT;
	}
	*number_of(q, key) = (unsigned)n;
	return NM_OK;
}

static int
set_value(struct query *q, size_t key, struct wire *in, char *err, size_t err_size)
{
	char value[64] = "";

	if (keys[key].type == TYPE_TEXT) {
		char *text = (char *)q + keys[key].offset;
		if (decode(in, '&', text, keys[key].max) >= 0)
			return NM_OK;
		text[0] = '\0';
		(void)snprintf(err, err_size, "“%s” is badly encoded or longer than %u bytes.",
		               keys[key].name, keys[key].max - 1);
		return NM_EFORMAT;
	}
	if (decode(in, '&', value, sizeof(value)) < 0)
		value[0] = '\0';
	return keys[key].type == TYPE_CHOICE ? set_choice(q, key, value, err, err_size)
	                                     : set_number(q, key, value, err, err_size);
}

static void
set_defaults(struct query *q)
{
	memset(q, 0, sizeof(*q));
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (keys[i].type != TYPE_TEXT)
			*number_of(q, i) = keys[i].dflt;
}

/* One "key=value". */
static int
parse_pair(struct wire *in, unsigned allowed, struct query *q, char *err, size_t err_size)
{
	char name[16];
	int key = decode(in, '=', name, sizeof(name)) < 0 ? -1 : find_key(name, allowed);

	if (key < 0) {
		(void)snprintf(
		    err, err_size,
		    "The address has a part behind the “?” that this page does not know.");
		return NM_EFORMAT;
	}
	if (q->present & KEY_BIT(key)) {
		(void)snprintf(err, err_size, "“%s” is given twice.", keys[key].name);
		return NM_EFORMAT;
	}
	q->present |= KEY_BIT(key);
	wire_skip(in, wire_left(in) ? 1 : 0); /* the '=' */
	int rc = set_value(q, (size_t)key, in, err, err_size);
	wire_skip(in, wire_left(in) ? 1 : 0); /* the '&' */
	return rc;
}

int
query_parse(const char *text, size_t len, unsigned allowed, struct query *ret_query, char *err,
            size_t err_size)
{
	struct wire in = wire_init(text, len);
	int rc = NM_OK;

	set_defaults(ret_query);
	if (len > QUERY_TEXT_MAX) {
		(void)snprintf(err, err_size, "The address or form is longer than %d bytes.",
		               QUERY_TEXT_MAX);
		return NM_ELIMIT;
	}
	while (rc == NM_OK && wire_left(&in))
		rc = parse_pair(&in, allowed, ret_query, err, err_size);
	return rc;
}

const char *
query_choice(enum query_key key, unsigned value)
{
	for (unsigned i = 0; keys[key].type == TYPE_CHOICE && keys[key].choices[i]; i++)
		if (i == value)
			return keys[key].choices[i];
	return NULL;
}

const char *
query_key_name(enum query_key key)
{
	return keys[key].name;
}

unsigned
query_default(enum query_key key)
{
	return keys[key].dflt;
}
