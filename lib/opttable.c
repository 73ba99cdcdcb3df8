/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options from a table: command line and configuration file. */
#include "lib/opttable.h"

#include "lib/conf.h"
#include "lib/log.h"
#include "lib/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_MAX  64
#define NAME_SIZE 32

struct parse {
	const struct opt_table *table;
	void *options;
	bool *given; /* on the command line */
};

static void *
field(void *options, const struct opt_row *row)
{
	return (char *)options + row->offset;
}

char *
opt_copy(const char *text)
{
	char *mine = strdup(text);

	if (!mine)
		log_fatal(1, "out of memory");
	return mine;
}

void
opt_list_add(struct opt_list *list, const char *where, const char *text)
{
	if (list->n == OPT_LIST_MAX)
		opts_usage("%s: more than %d", where, OPT_LIST_MAX);
	char **v = realloc(list->v, (list->n + 1) * sizeof(*v));
	if (!v)
		log_fatal(1, "out of memory");
	list->v = v;
	list->v[list->n++] = opt_copy(text);
}

static void
list_free(struct opt_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct opt_list){ 0 };
}

/* Stores one value. `where` is "--name" or "FILE: name", for the error's line. */
static void
set_value(void *options, const struct opt_row *row, const char *where, const char *text)
{
	void *at = field(options, row);

	switch (row->kind) {
	case OPT_TEXT:
	case OPT_FILE:
		if (!*text)
			opts_usage("%s must not be empty", where);
		free(*(char **)at);
		*(char **)at = opt_copy(text);
		break;
	case OPT_NUMBER:
		*(unsigned long *)at = opts_number(where, text, row->min, row->max);
		break;
	case OPT_DURATION:
		*(unsigned long *)at = opts_duration_ms(where, text, row->min, row->max);
		break;
	case OPT_LIST:
		opt_list_add(at, where, text);
		break;
	case OPT_FLAG:
		*(bool *)at = opts_flag(where, text);
		break;
	case OPT_COUNT:
		++*(unsigned long *)at;
		break;
	}
}

/* --- command line ---------------------------------------------------------------------------------------------------- */

static int
on_option(void *ctx, int val, const char *arg)
{
	struct parse *p = ctx;
	const struct opt_row *row = &p->table->rows[val - 1];
	char where[64];

	(void)snprintf(where, sizeof(where), "--%s", row->name);
	p->given[val - 1] = true;
	set_value(p->options, row, where, arg ? arg : "true"); /* a flag's name says it */
	return 0;
}

static void
make_popt(const struct opt_table *table, struct poptOption *ret_options)
{
	static const struct poptOption common[] = { OPTS_COMMON, POPT_TABLEEND };

	for (size_t i = 0; i < table->n_rows; i++) {
		const struct opt_row *row = &table->rows[i];

		ret_options[i] = (struct poptOption){
			.longName = row->name,
			.shortName = row->letter,
			.argInfo = row->arg ? POPT_ARG_STRING : POPT_ARG_NONE,
			.val = (int)i + 1,
			.descrip = row->help,
			.argDescrip = row->arg,
		};
	}
	memcpy(ret_options + table->n_rows, common, sizeof(common));
}

poptContext
opt_table_line(const struct opt_table *table, int argc, const char *const *argv, void *options,
               bool *ret_given)
{
	/* popt keeps the table for as long as its context lives */
	static struct poptOption popt[ROWS_MAX + 3];
	struct parse p = { table, options, ret_given };

	if (table->n_rows > ROWS_MAX)
		log_fatal(1, "more than %d options", ROWS_MAX);
	for (size_t i = 0; i < table->n_rows; i++) {
		const struct opt_row *row = &table->rows[i];

		ret_given[i] = false;
		if (row->kind == OPT_NUMBER || row->kind == OPT_DURATION)
			*(unsigned long *)field(options, row) = row->dflt;
	}
	make_popt(table, popt);
	return opts_parse(table->program, popt, table->words, argc, argv, on_option, &p);
}

/* --- configuration file ---------------------------------------------------------------------------------------------- */

static void
file_name(const struct opt_row *row, char ret_name[NAME_SIZE])
{
	(void)snprintf(ret_name, NAME_SIZE, "%s", row->name);
	for (char *c = ret_name; *c; c++)
		if (*c == '-')
			*c = '_';
}

/* The file that is to be read; NULL for none. */
static const char *
choose_file(const struct opt_table *table, void *options)
{
	char **named = (char **)(void *)((char *)options + table->file_offset);
	char path[PATHS_MAX];

	if (!*named && paths_find(PATHS_CONFIG, table->file, path, sizeof(path)) == 0 &&
	    access(path, F_OK) == 0)
		*named = opt_copy(path);
	return *named;
}

/* A path as the file `file` means it. */
static const char *
beside(const char *file, const char *path, char ret_path[PATHS_MAX])
{
	const char *slash = strrchr(file, '/');

	if (*path == '/' || *path == '\0' || !slash)
		return path;
	int n = snprintf(ret_path, PATHS_MAX, "%.*s%s", (int)(slash - file + 1), file, path);
	if (n < 0 || n >= PATHS_MAX)
		log_fatal(2, "%s: the path %s is too long", file, path);
	return ret_path;
}

/* Takes one option from the parsed file. */
static void
take_from_file(const struct opt_row *row, void *options, const char *file, cfg_t *conf)
{
	char where[PATHS_MAX + 64], name[NAME_SIZE], path[PATHS_MAX];

	file_name(row, name);
	(void)snprintf(where, sizeof(where), "%s: %s", file, name);
	for (unsigned i = 0; i < cfg_size(conf, name); i++) {
		const char *text = cfg_getnstr(conf, name, i);

		set_value(options, row, where,
		          row->kind == OPT_FILE ? beside(file, text, path) : text);
	}
}

/* All values are text to libconfuse, so that numbers are checked and refused in the same words as on the command line. */
void
opt_table_file(const struct opt_table *table, void *options, const bool *given)
{
	cfg_opt_t opts[ROWS_MAX + 1];
	char names[ROWS_MAX][NAME_SIZE], err[512];
	const char *file = choose_file(table, options);
	cfg_t *conf;
	size_t n = 0;

	if (!file)
		return;
	for (size_t i = 0; i < table->n_rows; i++) {
		const struct opt_row *row = &table->rows[i];

		file_name(row, names[i]);
		if (row->command_line_only)
			continue;
		opts[n++] = row->kind == OPT_LIST
		                ? (cfg_opt_t)CFG_STR_LIST(names[i], 0, CFGF_NODEFAULT)
		                : (cfg_opt_t)CFG_STR(names[i], 0, CFGF_NODEFAULT);
	}
	opts[n] = (cfg_opt_t)CFG_END();
	if (conf_load(file, opts, &conf, err, sizeof(err)) < 0)
		log_fatal(2, "%s", err);
	for (size_t i = 0; i < table->n_rows; i++)
		if (!table->rows[i].command_line_only && !given[i])
			take_from_file(&table->rows[i], options, file, conf);
	(void)cfg_free(conf);
}

void
opt_table_free(const struct opt_table *table, void *options)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		void *at = field(options, &table->rows[i]);

		if (table->rows[i].kind == OPT_LIST)
			list_free(at);
		if (table->rows[i].kind == OPT_TEXT || table->rows[i].kind == OPT_FILE) {
			free(*(char **)at);
			*(char **)at = NULL;
		}
	}
}
