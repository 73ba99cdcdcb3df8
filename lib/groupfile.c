/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of groups. */
#include "lib/groupfile.h"

#include "lib/db_group.h"
#include "lib/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_OCTETS 65536

/* Where the reader is, and what it tells. */
struct reader {
	const char *path;
	unsigned line;
	int (*each)(void *ctx, const char *name, const struct addr_range *member);
	void *ctx;
	char *err;
	size_t err_size;
};

static int __attribute__((format(printf, 2, 3)))
complain(const struct reader *r, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(r->err, r->err_size, "%s:%u: %s", r->path, r->line, text);
	return NM_EFORMAT;
}

/* Cuts white space off both ends. */
static char *
trim(char *text)
{
	static const char blanks[] = " \t\r\n";

	text += strspn(text, blanks);
	size_t len = strlen(text);
	while (len > 0 && strchr(blanks, text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int
check_name(const struct reader *r, const char *name)
{
	if (!*name)
		return complain(r, "no name in front of '=': write NAME = MEMBER, MEMBER");
	if (strlen(name) >= GROUP_NAME_MAX)
		return complain(r, "the name \"%.70s...\" is longer than %d bytes: shorten it",
		                name, GROUP_NAME_MAX - 1);
	if (!db_group_name_valid(name))
		return complain(r, "the name has a control character or is no UTF-8");
	return NM_OK;
}

/* "NAME = MEMBER, MEMBER" without comment, not empty. */
static int
read_group(const struct reader *r, char *text)
{
	char *equals = strchr(text, '=');
	char *rest, *word;

	if (!equals)
		return complain(r, "\"%.70s\" is no group: write NAME = MEMBER, MEMBER", text);
	*equals = '\0';
	const char *name = trim(text);
	int rc = check_name(r, name);
	if (rc == NM_OK && !*trim(equals + 1))
		return complain(r, "group \"%.70s\" has no member: write some behind the '='",
		                name);
	rest = equals + 1;
	while (rc == NM_OK && (word = strsep(&rest, ","))) {
		struct addr_range member;
		const char *m = trim(word);

		if (addr_range_parse(m, &member) < 0)
			return complain(
			    r,
			    "\"%.100s\" is no address, range or prefix: write 10.0.0.1, "
			    "10.0.0.1-10.0.0.9 or 10.0.0.0/8, with commas between",
			    m);
		rc = r->each(r->ctx, name, &member);
	}
	return rc;
}

static int
read_line(const struct reader *r, char *text)
{
	char *comment = strchr(text, '#');

	if (comment)
		*comment = '\0';
	text = trim(text);
	return *text ? read_group(r, text) : NM_OK;
}

int
groupfile_read(const char *path,
               int (*each)(void *ctx, const char *name, const struct addr_range *member), void *ctx,
               char *err, size_t err_size)
{
	struct reader r = {
		.path = path, .each = each, .ctx = ctx, .err = err, .err_size = err_size
	};
	int rc = NM_OK;

	char *text = malloc(LINE_MAX_OCTETS);
	FILE *file = fopen(path, "re");
	if (!file || !text) {
		rc = text ? -errno : -ENOMEM;
		(void)snprintf(err, err_size, "%s: %s", path, nm_strerror(rc));
		goto out;
	}
	while (rc == NM_OK && fgets(text, LINE_MAX_OCTETS, file)) {
		r.line++;
		/* without its end: cut off, or a zero byte hides it */
		if (!strchr(text, '\n') && !feof(file))
			rc = complain(&r, "the line is too long or has a zero byte: give the group "
			                  "several lines");
		else
			rc = read_line(&r, text);
	}
	if (rc == NM_OK && ferror(file)) {
		(void)snprintf(err, err_size, "%s: cannot be read", path);
		rc = -EIO;
	}
out:
	free(text);
	if (file)
		(void)fclose(file);
	return rc;
}
