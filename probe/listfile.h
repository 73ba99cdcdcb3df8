/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading the admin's lists, services.conf and rules.conf, line by line: `#` outside of double quotes begins a comment, blanks
 * at both ends and empty lines do not count. Caller's thread only.
 */
#ifndef NETMON_PROBE_LISTFILE_H
#define NETMON_PROBE_LISTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LISTFILE_LINE_MAX 65534 /* octets of a line without its end */

/* Where the reader is, and where it complains. */
struct listfile {
	const char *path;
	unsigned line; /* from 1 */
	char *err;
	size_t err_size;
	uint64_t digest; /* of the lines so far without what does not count */
};

/* Called with each line that says something; may change the text. What it returns other than 0 ends the reading. */
typedef int (*listfile_fn)(void *ctx, const struct listfile *file, char *text);

/* Reads a whole file. 0 with *ret_digest set; what `each` returned; or, with one line in `err`: -errno, NM_EFORMAT. */
int listfile_read(const char *path, listfile_fn each, void *ctx, char *err, size_t err_size,
                  uint64_t *ret_digest);

/* Writes "FILE:LINE: text" into the reader's `err`; NM_EFORMAT. Words of the file go through listfile_quote(). */
int listfile_complain(const struct listfile *file, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define LISTFILE_QUOTE_MAX 96
/* A word of the file as a message can show it: shortened, and what is not printable ASCII made visible. Returns `buf`. */
const char *listfile_quote(const char *text, char buf[LISTFILE_QUOTE_MAX]);

/* Cuts blanks off both ends, in place. */
char *listfile_trim(char *text);

/* May this be the name of an application or category, as struct nm_app says: printable ASCII, no comma, no quote, 1 to `size` - 1
 * octets, no blank at the ends? */
bool listfile_is_name(const char *text, size_t size);

#endif
