/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of groups: also those without traffic, each with what it holds. */
#include "lib/db_group.h"
#include "lib/err.h"
#include "web/page.h"
#include "web/pages.h"
#include "web/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const char no_groups[] =
    "There are no groups yet. A host counts as ours when a group holds it. Make one with: "
    "netmon groups add NAME 192.0.2.0/24";

struct listing {
	struct table *table;
	struct table_note *notes; /* owned; one a group */
	size_t n;
	size_t size;
	unsigned ranges; /* of the last group */
};

static int
add_group(struct listing *l, const struct db_group *group)
{
	struct usage_row row = { .group = group->id };

	if (l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 64;
		struct table_note *notes = reallocarray(l->notes, size, sizeof(*notes));
		if (!notes)
			return -ENOMEM;
		l->notes = notes;
		l->size = size;
	}
	l->notes[l->n] = (struct table_note){ .group = group->id };
	l->n++;
	l->ranges = 0;
	(void)snprintf(row.group_name, sizeof(row.group_name), "%s", group->name);
	return table_add(l->table, USAGE_GROUPS, &row);
}

/* Ranges go into the note as far as they fit; the rest is an ellipsis. */
static int
take_group(void *ctx, const struct db_group *group, const struct addr_range *range)
{
	struct listing *l = ctx;
	char text[2 * ADDR_TEXT_MAX];

	if (!range)
		return add_group(l, group);
	if (l->n == 0)
		return NM_OK;
	char *note = l->notes[l->n - 1].text;
	size_t used = strlen(note), size = sizeof(l->notes[0].text);
	const char *between = l->ranges++ ? ", " : "";
	(void)addr_range_format(range, text, sizeof(text));
	if (used + strlen(between) + strlen(text) + sizeof(", …") <= size)
		(void)snprintf(note + used, size - used, "%s%s", between, text);
	else if (used < 3 || strcmp(note + used - 3, "…") != 0)
		(void)snprintf(note + used, size - used, ", …");
	return NM_OK;
}

static int
by_group(const void *a, const void *b)
{
	const struct table_note *left = a, *right = b;

	return (left->group > right->group) - (left->group < right->group);
}

static void
write_page(struct web *web, const struct request *req, struct table *t, const struct listing *l,
           struct response *resp)
{
	struct buf tables = { 0 }, main = { 0 };
	const struct table_view view = {
		.kind = USAGE_GROUPS,
		.show = SHOW_GROUPS,
		.heading = "",
		.name_heading = "Group",
		.empty = no_groups,
		.group = -1,
		.app = -1,
		.whole = t->sum_in[0] + t->sum_out[0],
		.notes = l->notes,
		.n_notes = l->n,
	};

	table_sort(t, USAGE_GROUPS, req->query.sort, req->query.order);
	table_write(web, req, t, &view, &tables);
	const struct tmpl_value values[] = {
		{ SLOT_HEADING, AS_TEXT, "Groups" },
		{ SLOT_TABLES, AS_HTML, buf_str(&tables) },
		{ SLOT_TEXT, AS_HTML,
		  "<p class=\"coverage\">A host may be in several groups; its traffic counts in each.</p>" },
	};
	tmpl_render(web->tmpl, TMPL_USAGE, values, N(values), &main);
	if (!buf_ok(&main))
		resp->body.failed = true;
	page_frame(web, req, "Groups", "", buf_str(&main), resp);
	buf_free(&tables);
	buf_free(&main);
}

int
page_groups(struct web *web, const struct request *req, struct response *resp)
{
	const struct usage_query query = { .table = USAGE_GROUPS, .group = -1, .app = -1 };
	struct table t;
	struct listing l = { .table = &t };
	int rc = table_load(web->db, &query, &t);

	if (rc == NM_OK)
		rc = db_group_each(web->db, take_group, &l);
	if (rc == NM_OK) {
		if (l.n)
			qsort(l.notes, l.n, sizeof(*l.notes), by_group);
		write_page(web, req, &t, &l, resp);
	}
	table_free(&t);
	free(l.notes);
	return rc == NM_OK ? 200 : rc;
}
