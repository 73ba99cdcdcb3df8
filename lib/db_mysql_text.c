/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQL texts for MariaDB and MySQL. */
#include "lib/db_mysql.h"
#include "lib/err.h"

#include <ctype.h>
#include <string.h>

/* How long the quoted text or the comment at `p` is; 0 for neither. One that is never closed goes to the end. */
static size_t
passed_over(const char *p)
{
	size_t n = 1;

	if (*p == '#' || (strncmp(p, "--", 2) == 0 && isspace((unsigned char)p[2])))
		return strcspn(p, "\n");
	if (strncmp(p, "/*", 2) == 0) {
		const char *end = strstr(p + 2, "*/");
		return end ? (size_t)(end - p) + 2 : strlen(p);
	}
	if (!*p || !strchr("'\"`", *p))
		return 0;
	/* a doubled quote is the end of one text and the beginning of the next, which comes to the same */
	while (p[n] && p[n] != *p)
		n++;
	return p[n] ? n + 1 : n;
}

size_t
mysql_statement_length(const char *script, size_t *ret_skip)
{
	size_t skip = 0, n;

	for (;;) {
		skip += strspn(script + skip, " \t\r\n");
		const char *p = script + skip;
		if (!strchr("#-/", *p) || (n = passed_over(p)) == 0)
			break;
		skip += n;
	}
	*ret_skip = skip;
	n = 0;
	while (script[skip + n]) {
		size_t over = passed_over(script + skip + n);

		if (over == 0 && script[skip + n] == ';')
			return n + 1;
		n += over ? over : 1;
	}
	return n;
}

/* The translation under way. */
struct output {
	char *text;
	size_t size;
	size_t used;
	bool full;
};

static void
put(struct output *out, const char *text, size_t len)
{
	if (len >= out->size - out->used) {
		out->full = true;
		return;
	}
	memcpy(out->text + out->used, text, len);
	out->used += len;
	out->text[out->used] = '\0';
}

static void
put_string(struct output *out, const char *text)
{
	put(out, text, strlen(text));
}

static size_t
name_length(const char *p)
{
	return strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

/* ON CONFLICT (a, b) DO UPDATE SET ... | DO NOTHING. Returns what is behind it. */
static const char *
put_conflict(struct output *out, const char *p)
{
	static const char update[] = ") DO UPDATE SET", nothing[] = ") DO NOTHING";
	const char *first = p + strcspn(p, "(") + 1;
	const char *end = first + strcspn(first, ")");

	put_string(out, "ON DUPLICATE KEY UPDATE");
	if (strncmp(end, update, sizeof(update) - 1) == 0)
		return end + sizeof(update) - 1;
	if (strncmp(end, nothing, sizeof(nothing) - 1) != 0) {
		out->full = true; /* no statement of ours is so; the server would not take it */
		return end;
	}
	/* what is set to itself does not change */
	put_string(out, " ");
	put(out, first, name_length(first));
	put_string(out, " = ");
	put(out, first, name_length(first));
	return end + sizeof(nothing) - 1;
}

static const char *
put_excluded(struct output *out, const char *p)
{
	size_t len;

	p += sizeof("excluded.") - 1;
	len = name_length(p);
	put_string(out, "VALUES(");
	put(out, p, len);
	put_string(out, ")");
	return p + len;
}

static const char *
put_division(struct output *out, const char *p)
{
	put_string(out, " DIV ");
	return p + 1;
}

static const struct rule {
	const char *word;
	const char *(*put)(struct output *out, const char *p);
} rules[] = {
	{ "ON CONFLICT (", put_conflict },
	{ "excluded.", put_excluded },
	{ "/", put_division },
};

static const struct rule *
find_rule(const char *p)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strncmp(p, rules[i].word, strlen(rules[i].word)) == 0)
			return &rules[i];
	return NULL;
}

int
mysql_translate(const char *sql, char *ret_text, size_t size)
{
	struct output out = { .text = ret_text, .size = size };
	const char *p = sql;

	if (size == 0)
		return NM_ELIMIT;
	ret_text[0] = '\0';
	while (*p && !out.full) {
		size_t over = passed_over(p);
		const struct rule *rule = over ? NULL : find_rule(p);

		if (rule) {
			p = rule->put(&out, p);
			continue;
		}
		over = over ? over : 1;
		put(&out, p, over);
		p += over;
	}
	return out.full ? NM_ELIMIT : NM_OK;
}
