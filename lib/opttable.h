/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program's options, where a configuration file says the same as the command line: one table makes the command line, the
 * file and the help, and fills a struct. The command line wins over the file, the file over the defaults; a list that is on
 * the command line replaces the file's. Anything wrong is one line on standard error and exit status 2. Life cycle:
 * opt_table_line(), opt_table_file(), opt_table_free(). One thread.
 */
#ifndef NETMON_LIB_OPTTABLE_H
#define NETMON_LIB_OPTTABLE_H

#include "lib/opts.h"

#include <stdbool.h>
#include <stddef.h>

#define OPT_LIST_MAX 1024

/* What a field of the options' struct is. */
enum opt_kind {
	OPT_TEXT, /* char *, NULL when it was not given */
	OPT_FILE, /* the same, a path; one without a folder's '/' in front is beside the configuration file that names it */
	OPT_NUMBER,   /* unsigned long */
	OPT_DURATION, /* unsigned long, milliseconds */
	OPT_LIST,     /* struct opt_list */
	OPT_FLAG,     /* bool */
	OPT_COUNT,    /* unsigned long, raised each time */
};

struct opt_list {
	size_t n;
	char **v;
};

struct opt_row {
	const char *name; /* on the command line; in the file with '_' for '-' */
	char letter;      /* '\0': none */
	enum opt_kind kind;
	size_t offset;                /* of the field */
	unsigned long min, max, dflt; /* of numbers and durations */
	const char *arg;              /* what --help calls its argument, or NULL */
	const char *help;
	bool command_line_only;
};

struct opt_table {
	const char *program;
	const char *words;          /* what --help shows behind the options */
	const struct opt_row *rows; /* in the order of --help */
	size_t n_rows;
	const char *file;   /* name in the configuration folder */
	size_t file_offset; /* of the field (char *) that names another file */
};

/* Fills a zeroed struct with defaults and with what the command line says; ret_given[i]: row i was on it. The words that
 * are left are in the context, to be freed with poptFreeContext(). Exits by itself for --help and --version (0) and errors (2). */
poptContext opt_table_line(const struct opt_table *table, int argc, const char *const *argv,
                           void *options, bool *ret_given);
/* Adds what the file says of rows that are not given: the file that the options name, or that of the default place if it
 * is there, whose name the options then have. */
void opt_table_file(const struct opt_table *table, void *options, const bool *given);
void opt_table_free(const struct opt_table *table, void *options);

/* Appends a copy; `where` is for the error's line. */
void opt_list_add(struct opt_list *list, const char *where, const char *text);
/* A copy, or the end of the program when there is no memory. */
char *opt_copy(const char *text);

#endif
