/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon store: the database itself. */
#include "cron/admin/cmd.h"
#include "lib/log.h"

#include <stdio.h>

static int
store_init(struct cmd_context *ctx, int argc, const char *const *argv)
{
	char err[512];
	struct db *db;

	(void)argc;
	(void)argv;
	if (db_open(ctx->store, DB_CREATE, &db, err, sizeof(err)) < 0) {
		log_error("%s", err);
		return 1;
	}
	db_close(db);
	printf("%s is ready, schema version %d\n", ctx->store, DB_SCHEMA_VERSION);
	return 0;
}

static const struct cmd_verb verbs[] = {
	{ "init", "", "create the store, or check the one that is there", 0, 0, CMD_NO_STORE, NULL,
	  store_init },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};

const struct cmd cmd_store = { "store", "the database", verbs };
