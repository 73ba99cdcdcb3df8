/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sub-commands of `netmon`: a command is a noun ("groups") with verbs ("add"), each a row of a table from which
 * dispatch, checks and help are made. A new command is a file cmd_NOUN.c with one `const struct cmd`, declared here and
 * listed in main.c.
 */
#ifndef NETMON_CRON_ADMIN_CMD_H
#define NETMON_CRON_ADMIN_CMD_H

#include "lib/db.h"
#include "lib/settings.h"

#include <stdbool.h>
#include <stddef.h>

#define CMD_GIVEN_MAX   64
#define CMD_WORDS_MAX   65536
#define CMD_COLUMNS_MAX 12

/* An option of a verb; it may stand anywhere behind the verb, "--" ends options. */
struct cmd_option {
	const char *name; /* without the dashes */
	const char *arg;  /* what its value is, for help; NULL for a switch */
	const char *help; /* one line without a full stop */
};

/* What every verb gets. */
struct cmd_context {
	struct db *db; /* open as the verb's row asks for; NULL for CMD_NO_STORE */
	const char *store;
	const struct settings *settings;
	/* the options as given, in order */
	size_t n_given;
	struct {
		const struct cmd_option *option;
		const char *value; /* "" for a switch */
	} given[CMD_GIVEN_MAX];
};

enum cmd_store { CMD_NO_STORE, CMD_READ, CMD_WRITE };

struct cmd_verb {
	const char *name;  /* "add"; "" for a command that has no verbs, as its only row */
	const char *words; /* for help and errors: "NAME MEMBER..." */
	const char *help;  /* one line without a full stop */
	int min_words;     /* words without options */
	int max_words;     /* -1: up to CMD_WORDS_MAX */
	enum cmd_store store;
	const struct cmd_option *options; /* ends with an entry without a name; NULL for none */
	/* Returns the exit status: 0, or 1 after a log_error() line. What is wrong with the words themselves is for
	 * opts_usage(), which exits with 2. argv[0] is the first word behind the verb, options left out; argv[argc] is NULL. */
	int (*run)(struct cmd_context *ctx, int argc, const char *const *argv);
};

struct cmd {
	const char *noun;
	const char *help;             /* one line without a full stop */
	const struct cmd_verb *verbs; /* ends with an entry without a name */
};

extern const struct cmd cmd_groups;
extern const struct cmd cmd_user;
extern const struct cmd cmd_apps;
extern const struct cmd cmd_store;
extern const struct cmd cmd_alert;
extern const struct cmd cmd_contact;
extern const struct cmd cmd_explain;
extern const struct cmd cmd_probe;
extern const struct cmd cmd_ledger;

/* Picks the verb by words[0], sorts options from words, opens the store, runs, closes. The exit status. */
int cmd_run(const struct cmd *cmd, struct cmd_context *ctx, int argc, const char *const *words);

/* The last value that was given to an option, "" for a switch that was given, NULL for none. */
const char *cmd_value(const struct cmd_context *ctx, const char *name);

/* One log_error() line "what: cause" for a code of err.h, with the store's own words for NM_ESTORE; returns 1. */
int cmd_fail(const struct cmd_context *ctx, const char *what, int rc);

/* A table on standard output with aligned columns: begin, a row for each line, end, which prints it all and frees it.
 * Cells are copied; control characters come out as '?'. When memory is short the program ends with status 1. */
struct cmd_table {
	size_t n_columns;
	size_t n_cells;
	size_t size;
	char **cells; /* row by row, headings first */
};
void cmd_table_begin(struct cmd_table *table, const char *const *headings, size_t n_columns);
void cmd_table_row(struct cmd_table *table, const char *const *cells);
void cmd_table_end(struct cmd_table *table);

#endif
