/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables with aligned columns. */
#include "cron/admin/cmd.h"
#include "lib/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many columns of a terminal a text takes: UTF-8 characters, each as one. */
static size_t
width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static char *
copy_cell(const char *text)
{
	char *copy = strdup(text);

	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return copy;
}

void
cmd_table_row(struct cmd_table *table, const char *const *cells)
{
	if (table->n_cells + table->n_columns > table->size) {
		size_t size = table->size ? 2 * table->size : 64 * table->n_columns;
		char **more = reallocarray(table->cells, size, sizeof(*more));

		if (!more)
			log_fatal(1, "out of memory");
		table->cells = more;
		table->size = size;
	}
	for (size_t i = 0; i < table->n_columns; i++) {
		char *cell = copy_cell(cells[i]);

		if (!cell)
			log_fatal(1, "out of memory");
		table->cells[table->n_cells++] = cell;
	}
}

void
cmd_table_begin(struct cmd_table *table, const char *const *headings, size_t n_columns)
{
	*table = (struct cmd_table){ .n_columns = n_columns < CMD_COLUMNS_MAX ? n_columns
		                                                              : CMD_COLUMNS_MAX };
	cmd_table_row(table, headings);
}

static void
print_row(const struct cmd_table *table, char *const *row, const size_t *widths)
{
	for (size_t c = 0; c < table->n_columns; c++) {
		size_t pad = c + 1 < table->n_columns ? widths[c] - width_of(row[c]) + 2 : 0;

		printf("%s%*s", row[c], (int)pad, "");
	}
	(void)putchar('\n');
}

void
cmd_table_end(struct cmd_table *table)
{
	size_t widths[CMD_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < table->n_cells; i++) {
		size_t width = width_of(table->cells[i]);

		if (width > widths[i % table->n_columns])
			widths[i % table->n_columns] = width;
	}
	for (size_t i = 0; i < table->n_cells; i += table->n_columns)
		print_row(table, table->cells + i, widths);
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct cmd_table){ .n_columns = table->n_columns };
}
