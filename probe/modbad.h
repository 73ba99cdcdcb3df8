/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list of modules that failed, STATE_DIR/modules.bad: a line is appended for each failure, and whoever is on it is left out
 * until its file has changed. Life cycle: modbad_read() each time before modules are opened, modbad_find(), modbad_free().
 *
 *     http 5f0c1a2b3c4d5e6f 1763715600 crashed (SIGSEGV)
 *
 * name, digest of the module's file, seconds since 1970 UTC, what it did. Lines that are not so do not count.
 */
#ifndef NETMON_PROBE_MODBAD_H
#define NETMON_PROBE_MODBAD_H

#include "probe/modhost.h"

#include <stddef.h>
#include <stdint.h>

#define MODBAD_NAME     "modules.bad"
#define MODBAD_SIZE_MAX 65536 /* octets of the file that are read: its end, if it is longer */
#define MODBAD_ROWS_MAX 512   /* the newest ones */
#define MODBAD_DEED_MAX 32    /* what it did, and NUL */
#define MODBAD_LINE_MAX 128

struct modbad_row {
	char name[MODHOST_NAME_MAX];
	uint64_t digest;
	uint64_t when_s;
	char deed[MODBAD_DEED_MAX]; /* printable ASCII */
};

struct modbad;

/* Takes rows from `len` octets of text. *ret_list is the caller's. 0 or -ENOMEM. */
int modbad_parse(const char *text, size_t len, struct modbad **ret_list);

/* The same from the file in an open folder; one that is not there is an empty list. 0 or -errno. */
int modbad_read(int folder, struct modbad **ret_list);

/* NULL is fine. */
void modbad_free(struct modbad *list);

/* The last failure of this module with this file, or NULL. Valid as long as the list; NULL is an empty one. */
const struct modbad_row *modbad_find(const struct modbad *list, const char *name, uint64_t digest);

/* Writes a row as a line with '\n' into `buf` of MODBAD_LINE_MAX octets and returns its length. For signal handlers too. */
size_t modbad_line(const struct modbad_row *row, char *buf);

#endif
