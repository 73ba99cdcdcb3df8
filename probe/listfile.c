/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of the admin's lists. */
#include "probe/listfile.h"

#include "lib/err.h"
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static const char blanks[] = " \t\r\n";

int
listfile_complain(const struct listfile *file, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(file->err, file->err_size, "%s:%u: %s", file->path, file->line, text);
	return NM_EFORMAT;
}

const char *
listfile_quote(const char *text, char buf[LISTFILE_QUOTE_MAX])
{
	static const char more[] = "...";
	size_t len = strlen(text);
	size_t fits = (LISTFILE_QUOTE_MAX - sizeof(more)) / 4; /* log_safe() makes four of one */
	bool plain = len < LISTFILE_QUOTE_MAX - sizeof(more);

	for (size_t i = 0; plain && i < len; i++)
		plain = text[i] >= 0x20 && text[i] < 0x7f && text[i] != '\\';
	if (plain)
		fits = len;
	(void)log_safe(buf, LISTFILE_QUOTE_MAX, text, len < fits ? len : fits);
	if (len > fits)
		(void)strncat(buf, more, LISTFILE_QUOTE_MAX - strlen(buf) - 1);
	return buf;
}

char *
listfile_trim(char *text)
{
	text += strspn(text, blanks);
	size_t len = strlen(text);
	while (len > 0 && strchr(blanks, text[len - 1]))
		text[--len] = '\0';
	return text;
}

bool
listfile_is_name(const char *text, size_t size)
{
	size_t len = strlen(text);

	if (len == 0 || len >= size || text[0] == ' ' || text[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e || text[i] == ',' || text[i] == '"')
			return false;
	return true;
}

/* Where the comment begins, or the line ends. */
static char *
end_of_text(char *text)
{
	bool quoted = false;

	for (; *text && (quoted || *text != '#'); text++)
		if (*text == '"')
			quoted = !quoted;
	return text;
}

static int
read_line(struct listfile *file, listfile_fn each, void *ctx, char *text)
{
	*end_of_text(text) = '\0';
	text = listfile_trim(text);
	if (!*text)
		return NM_OK;
	/* with its end, so that two lines are not the same as one */
	file->digest = XXH3_64bits_withSeed(text, strlen(text) + 1, file->digest);
	return each(ctx, file, text);
}

static int
read_lines(struct listfile *file, FILE *in, char *text, listfile_fn each, void *ctx)
{
	while (fgets(text, LISTFILE_LINE_MAX + 2, in)) {
		int rc;

		file->line++;
		/* without its end: cut off, or a zero byte hides it */
		if (!strchr(text, '\n') && !feof(in))
			rc = listfile_complain(file,
			                       "the line is longer than %d octets or has a "
			                       "zero byte: write several lines",
			                       LISTFILE_LINE_MAX);
		else
			rc = read_line(file, each, ctx, text);
		if (rc != NM_OK)
			return rc;
	}
	if (!ferror(in))
		return NM_OK;
	int rc = errno ? -errno : -EIO;
	(void)snprintf(file->err, file->err_size, "%s: %s", file->path, nm_strerror(rc));
	return rc;
}

int
listfile_read(const char *path, listfile_fn each, void *ctx, char *err, size_t err_size,
              uint64_t *ret_digest)
{
	struct listfile file = { .path = path, .err = err, .err_size = err_size };
	int rc;

	char *text = malloc(LISTFILE_LINE_MAX + 2);
	FILE *in = text ? fopen(path, "re") : NULL;
	if (in) {
		rc = read_lines(&file, in, text, each, ctx);
	} else {
		rc = text ? -errno : -ENOMEM;
		(void)snprintf(err, err_size, "%s: %s", path, nm_strerror(rc));
	}
	if (rc == NM_OK)
		*ret_digest = file.digest;
	free(text);
	if (in)
		(void)fclose(in);
	return rc;
}
