/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon user: people who may read the pages. */
#include "cron/admin/cmd.h"
#include "cron/admin/password.h"
#include "lib/db_user.h"
#include "lib/err.h"
#include "lib/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Says what went wrong with a user, in words for a person. */
static int
fail(const struct cmd_context *ctx, const char *name, int rc)
{
	switch (rc) {
	case NM_EEXISTS:
		log_error("user %s is there already: netmon user passwd %s changes the password",
		          name, name);
		return 1;
	case NM_ENOTFOUND:
		log_error("no user %s: see netmon user list", name);
		return 1;
	case NM_EFORMAT:
		log_error("a user's name has 1 to %d of A-Z a-z 0-9 . _ @ -, a password %d to %d "
		          "characters",
		          USER_NAME_MAX - 1, USER_PASSWORD_MIN, USER_PASSWORD_MAX);
		return 1;
	default:
		return cmd_fail(ctx, name, rc);
	}
}

/* Reads the password and gives it to `use`. */
static int
with_password(struct cmd_context *ctx, const char *name,
              int (*use)(struct cmd_context *ctx, const char *name, const char *password))
{
	char password[PASSWORD_SIZE], err[256];
	int status = 1;

	int rc = password_read(cmd_value(ctx, "password-file"), password, err, sizeof(err));
	if (rc < 0)
		log_error("%s", err);
	if (rc == NM_OK) {
		rc = use(ctx, name, password);
		status = rc < 0 ? fail(ctx, name, rc) : 0;
	}
	explicit_bzero(password, sizeof(password));
	return status;
}

static int
add(struct cmd_context *ctx, const char *name, const char *password)
{
	return db_user_add(ctx->db, name, cmd_value(ctx, "admin") ? "admin" : "read", password);
}

static int
set_password(struct cmd_context *ctx, const char *name, const char *password)
{
	return db_user_set_password(ctx->db, name, password);
}

static int
user_add(struct cmd_context *ctx, int argc, const char *const *argv)
{
	(void)argc;
	return with_password(ctx, argv[0], add);
}

static int
user_passwd(struct cmd_context *ctx, int argc, const char *const *argv)
{
	(void)argc;
	return with_password(ctx, argv[0], set_password);
}

static int
user_remove(struct cmd_context *ctx, int argc, const char *const *argv)
{
	(void)argc;
	int rc = db_user_remove(ctx->db, argv[0]);

	return rc < 0 ? fail(ctx, argv[0], rc) : 0;
}

static int
list_user(void *ctx, const struct db_user *user)
{
	cmd_table_row(ctx, (const char *const[]){ user->name, user->role });
	return 0;
}

static int
user_list(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct cmd_table table;

	(void)argc;
	(void)argv;
	cmd_table_begin(&table, (const char *const[]){ "USER", "ROLE" }, 2);
	int rc = db_user_each(ctx->db, list_user, &table);
	if (rc < 0)
		return cmd_fail(ctx, "users", rc);
	cmd_table_end(&table);
	return 0;
}

#define PASSWORD_FILE                                                                 \
	{                                                                             \
		"password-file", "FILE", "read the password from a file's first line" \
	}
static const struct cmd_option add_options[] = {
	{ "admin", NULL, "may change things, not only read" },
	PASSWORD_FILE,
	{ NULL, NULL, NULL },
};
static const struct cmd_option passwd_options[] = {
	PASSWORD_FILE,
	{ NULL, NULL, NULL },
};

static const struct cmd_verb verbs[] = {
	{ "add", "NAME [--admin]",
	  "let somebody in; asks for the password, or reads it from a pipe", 1, 1, CMD_WRITE,
	  add_options, user_add },
	{ "passwd", "NAME", "change a password, which also signs the user out everywhere", 1, 1,
	  CMD_WRITE, passwd_options, user_passwd },
	{ "list", "", "show the users", 0, 0, CMD_READ, NULL, user_list },
	{ "remove", "NAME", "let somebody in no more", 1, 1, CMD_WRITE, NULL, user_remove },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};

const struct cmd cmd_user = { "user", "people who may read the pages", verbs };
