/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon apps: what the probes' modules have announced. */
#include "cron/admin/cmd.h"
#include "lib/db_usage.h"

#include <stdio.h>

static int
list_app(void *ctx, const struct application *app)
{
	char id[8], colour[16], dark[16];

	(void)snprintf(id, sizeof(id), "%u", app->id);
	(void)snprintf(colour, sizeof(colour), "#%06x", app->colour & 0xffffffu);
	(void)snprintf(dark, sizeof(dark), "#%06x", app->colour_dark & 0xffffffu);
	cmd_table_row(ctx, (const char *const[]){ id, app->name, app->category, colour, dark });
	return 0;
}

static int
apps_list(struct cmd_context *ctx, int argc, const char *const *argv)
{
	static const char *const headings[] = { "ID", "APPLICATION", "CATEGORY", "COLOUR", "DARK" };
	struct cmd_table table;

	(void)argc;
	(void)argv;
	cmd_table_begin(&table, headings, sizeof(headings) / sizeof(headings[0]));
	int rc = db_app_each(ctx->db, list_app, &table);
	if (rc < 0)
		return cmd_fail(ctx, "applications", rc);
	cmd_table_end(&table);
	return 0;
}

static const struct cmd_verb verbs[] = {
	{ "list", "", "show the applications that the store knows", 0, 0, CMD_READ, NULL,
	  apps_list },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};

const struct cmd cmd_apps = { "apps", "applications, as the probes' modules name them", verbs };
