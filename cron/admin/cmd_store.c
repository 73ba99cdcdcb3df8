/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon store: the database itself. */
#include "cron/admin/cmd.h"
#include "lib/log.h"

#include <stdio.h>

/* Opens the store for writing, which upgrades it, and says how it stands. */
static int
open_and_say(const struct cmd_context *ctx, enum db_mode mode)
{
	char err[512];
	struct db *db;

	if (db_open(ctx->store, mode, &db, err, sizeof(err)) < 0) {
		log_error("%s", err);
		return 1;
	}
	db_close(db);
	printf("%s is ready, schema version %d\n", ctx->store, DB_SCHEMA_VERSION);
	return 0;
}

static int
store_init(struct cmd_context *ctx, int argc, const char *const *argv)
{
	(void)argc;
	(void)argv;
	return open_and_say(ctx, DB_CREATE);
}

static int
store_upgrade(struct cmd_context *ctx, int argc, const char *const *argv)
{
	(void)argc;
	(void)argv;
	return open_and_say(ctx, DB_WRITE);
}

static const struct cmd_verb verbs[] = {
	{ "init", "", "create the store, or check the one that is there", 0, 0, CMD_NO_STORE, NULL,
	  store_init },
	{ "upgrade", "", "bring the store of an older netmon up to this one's tables", 0, 0,
	  CMD_NO_STORE, NULL, store_upgrade },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};

const struct cmd cmd_store = { "store", "the database", verbs };
