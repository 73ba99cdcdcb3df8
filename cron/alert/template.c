/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Templates of the SMS gateway's URL and body. */
#include "cron/alert/template.h"

#include "lib/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct out {
	char *text;
	size_t size;
	size_t len;
	bool full; /* sticky */
};

static void
put(struct out *out, const char *bytes, size_t len)
{
	if (out->full || len >= out->size - out->len) {
		out->full = true;
		return;
	}
	memcpy(out->text + out->len, bytes, len);
	out->len += len;
	out->text[out->len] = '\0';
}

/* RFC 3986 section 2.3: what never needs encoding */
static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("-._~", c);
}

static void
put_url(struct out *out, const char *value)
{
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		char hex[4];

		(void)snprintf(hex, sizeof(hex), "%%%02X", c);
		if (is_unreserved(c))
			put(out, value, 1);
		else
			put(out, hex, 3);
	}
}

static void
put_json(struct out *out, const char *value)
{
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		char escaped[7];

		if (c == '"' || c == '\\')
			(void)snprintf(escaped, sizeof(escaped), "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			(void)snprintf(escaped, sizeof(escaped), "\\u%04x", c);
		else
			(void)snprintf(escaped, sizeof(escaped), "%c", c);
		put(out, escaped, strlen(escaped));
	}
}

static const struct {
	const char *name;
	size_t offset;
} names[] = {
	{ "{to}", offsetof(struct template_slots, to) },
	{ "{text}", offsetof(struct template_slots, text) },
	{ "{id}", offsetof(struct template_slots, id) },
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* The value of the slot that begins at `at` and the length of its name; NULL when none does. */
static const char *
slot_at(const char *at, const struct template_slots *slots, size_t *ret_len)
{
	for (size_t i = 0; i < N_NAMES; i++) {
		size_t len = strlen(names[i].name);

		if (strncmp(at, names[i].name, len) != 0)
			continue;
		*ret_len = len;
		return *(const char *const *)(const void *)((const char *)slots + names[i].offset);
	}
	return NULL;
}

int
template_expand(enum template_kind kind, const char *template, const struct template_slots *slots,
                char *ret_text, size_t size)
{
	struct out out = { .text = ret_text, .size = size };
	void (*put_value)(struct out *, const char *) = kind == TEMPLATE_URL ? put_url : put_json;
	size_t len = 0;

	ret_text[0] = '\0';
	for (const char *at = template; *at; at += len) {
		const char *value = *at == '{' ? slot_at(at, slots, &len) : NULL;

		if (value) {
			put_value(&out, value);
			continue;
		}
		if (*at == '{' && kind == TEMPLATE_URL)
			return NM_EFORMAT;
		len = 1;
		put(&out, at, 1);
	}
	return out.full ? NM_ELIMIT : NM_OK;
}
