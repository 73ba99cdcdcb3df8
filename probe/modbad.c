/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of modules that failed. */
#include "probe/modbad.h"

#include "lib/err.h"
#include "probe/modcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGEST_DIGITS  16
#define SECONDS_DIGITS 20 /* of 64 bits */

struct modbad {
	size_t count; /* seen so far; row `i` is at i % MODBAD_ROWS_MAX */
	struct modbad_row rows[MODBAD_ROWS_MAX];
};

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* The next word of a line that is not NUL-terminated; empty at its end. */
struct span {
	const char *at;
	size_t len;
};

static struct span
next_word(struct span *line)
{
	struct span word = { line->at, 0 };

	while (word.len < line->len && word.at[word.len] != ' ')
		word.len++;
	size_t used = word.len < line->len ? word.len + 1 : word.len;
	line->at += used;
	line->len -= used;
	return word;
}

/* All of it, in that base. */
static bool
number(struct span word, unsigned base, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t value = 0;

	if (word.len == 0 || word.len > SECONDS_DIGITS - 1)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		const char *digit = memchr(digits, word.at[i], base);

		if (!digit)
			return false;
		value = value * base + (uint64_t)(digit - digits);
	}
	*ret = value;
	return true;
}

static bool
copy_text(struct span from, char *to, size_t size)
{
	if (from.len == 0 || from.len >= size)
		return false;
	for (size_t i = 0; i < from.len; i++)
		if (from.at[i] < 0x20 || from.at[i] > 0x7e)
			return false;
	memcpy(to, from.at, from.len);
	to[from.len] = '\0';
	return true;
}

static bool
parse_line(struct span line, struct modbad_row *ret_row)
{
	struct modbad_row row = { .digest = 0 };
	struct span name = next_word(&line);
	struct span digest = next_word(&line);
	struct span when = next_word(&line);

	if (!copy_text(name, row.name, sizeof(row.name)) || !modcheck_name(row.name) ||
	    digest.len != DIGEST_DIGITS || !number(digest, 16, &row.digest) ||
	    !number(when, 10, &row.when_s) || !copy_text(line, row.deed, sizeof(row.deed)))
		return false;
	*ret_row = row;
	return true;
}

int
modbad_parse(const char *text, size_t len, struct modbad **ret_list)
{
	struct modbad *list = calloc(1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		struct span line = { text, end ? (size_t)(end - text) : len };
		size_t used = end ? line.len + 1 : len;

		if (parse_line(line, &list->rows[list->count % MODBAD_ROWS_MAX]))
			list->count++;
		text += used;
		len -= used;
	}
	*ret_list = list;
	return NM_OK;
}

/* The end of the file. */
static int
read_end(int fd, char *buf, size_t *ret_len)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	off_t begin = st.st_size > MODBAD_SIZE_MAX ? st.st_size - MODBAD_SIZE_MAX : 0;
	ssize_t n = pread(fd, buf, MODBAD_SIZE_MAX, begin);
	if (n < 0)
		return -errno;
	*ret_len = (size_t)n;
	return NM_OK;
}

int
modbad_read(int folder, struct modbad **ret_list)
{
	size_t len = 0;
	int fd = openat(folder, MODBAD_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? modbad_parse("", 0, ret_list) : -errno;
	char *buf = malloc(MODBAD_SIZE_MAX);
	int rc = buf ? read_end(fd, buf, &len) : -ENOMEM;
	if (rc == NM_OK)
		rc = modbad_parse(buf, len, ret_list);
	free(buf);
	(void)close(fd);
	return rc;
}

void
modbad_free(struct modbad *list)
{
	free(list);
}

const struct modbad_row *
modbad_find(const struct modbad *list, const char *name, uint64_t digest)
{
	const struct modbad_row *found = NULL;

	for (size_t i = 0; list && i < list->count && i < MODBAD_ROWS_MAX; i++) {
		size_t at = (list->count - 1 - i) % MODBAD_ROWS_MAX;

		if (!found && list->rows[at].digest == digest &&
		    strcmp(list->rows[at].name, name) == 0)
			found = &list->rows[at];
	}
	return found;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static char *
put_text(char *at, const char *text, size_t max)
{
	for (size_t i = 0; i < max && text[i]; i++)
		*at++ = text[i];
	return at;
}

static char *
put_number(char *at, uint64_t value, unsigned base, unsigned least)
{
	char digits[SECONDS_DIGITS];
	unsigned n = 0;

	for (; n < least || value; value /= base)
		digits[n++] = "0123456789abcdef"[value % base];
	while (n > 0)
		*at++ = digits[--n];
	return at;
}

_Static_assert(MODHOST_NAME_MAX + DIGEST_DIGITS + SECONDS_DIGITS + MODBAD_DEED_MAX + 4 <=
                   MODBAD_LINE_MAX,
               "a line has room for each of its words");

size_t
modbad_line(const struct modbad_row *row, char *buf)
{
	char *at = put_text(buf, row->name, MODHOST_NAME_MAX - 1);

	*at++ = ' ';
	at = put_number(at, row->digest, 16, DIGEST_DIGITS);
	*at++ = ' ';
	at = put_number(at, row->when_s, 10, 1);
	*at++ = ' ';
	at = put_text(at, row->deed, MODBAD_DEED_MAX - 1);
	*at++ = '\n';
	return (size_t)(at - buf);
}
