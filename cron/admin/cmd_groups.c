/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon groups: named sets of hosts. */
#include "cron/admin/cmd.h"
#include "lib/db_group.h"
#include "lib/err.h"
#include "lib/groupfile.h"
#include "lib/log.h"
#include "lib/opts.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends a change: commits when all went well. Also for NM_OK: the limit is asked before. */
static int
finish(struct cmd_context *ctx, const char *what, int rc)
{
	if (rc == NM_OK)
		rc = db_group_check_limit(ctx->db);
	rc = db_end_write(ctx->db, rc);
	if (rc == NM_ELIMIT) {
		log_error("%s: more than %d groups or %d members: nothing was changed", what,
		          GROUPS_MAX, GROUP_RANGES_MAX);
		return 1;
	}
	return rc < 0 ? cmd_fail(ctx, what, rc) : 0;
}

static void
parse_member(const char *text, struct addr_range *ret_range)
{
	if (addr_range_parse(text, ret_range) < 0)
		opts_usage("\"%s\" is no address, range or prefix: write 10.0.0.1, "
		           "10.0.0.1-10.0.0.9 or 10.0.0.0/8 (no bits behind the prefix)",
		           text);
}

static void
check_name(const char *name)
{
	if (!db_group_name_valid(name))
		opts_usage("a group's name is 1 to %d bytes of text without control characters "
		           "or blanks at its ends",
		           GROUP_NAME_MAX - 1);
}

static int
groups_add(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct addr_range member;
	int added = 0;

	check_name(argv[0]);
	for (int i = 1; i < argc; i++)
		parse_member(argv[i], &member);
	int rc = db_begin_write(ctx->db);
	for (int i = 1; i < argc && rc == NM_OK; i++) {
		parse_member(argv[i], &member);
		rc = db_group_add(ctx->db, argv[0], &member);
		added += rc == NM_OK;
		if (rc == NM_EEXISTS)
			rc = NM_OK;
	}
	int status = finish(ctx, argv[0], rc);
	if (status == 0)
		printf("%s: %d added, %d there already\n", argv[0], added, argc - 1 - added);
	return status;
}

static int
groups_remove(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct addr_range member;
	int i;

	for (i = 1; i < argc; i++)
		parse_member(argv[i], &member);
	int rc = db_begin_write(ctx->db);
	if (rc == NM_OK && argc == 1)
		rc = db_group_remove(ctx->db, argv[0], NULL);
	for (i = 1; i < argc && rc == NM_OK; i++) {
		parse_member(argv[i], &member);
		rc = db_group_remove(ctx->db, argv[0], &member);
	}
	if (rc == NM_ENOTFOUND) {
		db_rollback(ctx->db);
		log_error(argc == 1 ? "no group \"%s\": see netmon groups list"
		                    : "group \"%s\" has no member \"%s\" of its own: see netmon "
		                      "groups list; nothing was changed",
		          argv[0], argc == 1 ? "" : argv[i - 1]);
		return 1;
	}
	return finish(ctx, argv[0], rc);
}

struct listing {
	struct cmd_table table;
	const char *only; /* a group's name or NULL */
	bool found;
};

static int
list_member(void *ctx, const struct db_group *group, const struct addr_range *range)
{
	struct listing *l = ctx;
	char id[16], member[2 * ADDR_TEXT_MAX];

	if (l->only && strcmp(group->name, l->only) != 0)
		return 0;
	l->found = true;
	if (!range)
		return 0;
	(void)snprintf(id, sizeof(id), "%u", group->id);
	cmd_table_row(&l->table,
	              (const char *const[]){ id, group->name,
	                                     addr_range_format(range, member, sizeof(member)) });
	return 0;
}

static int
groups_list(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct listing l = { .only = argc > 0 ? argv[0] : NULL };

	cmd_table_begin(&l.table, (const char *const[]){ "ID", "GROUP", "MEMBER" }, 3);
	int rc = db_group_each(ctx->db, list_member, &l);
	if (rc < 0)
		return cmd_fail(ctx, "groups", rc);
	if (l.only && !l.found) {
		log_error("no group \"%s\": see netmon groups list", l.only);
		return 1;
	}
	cmd_table_end(&l.table);
	return 0;
}

struct import {
	struct cmd_context *ctx;
	void *seen; /* tsearch() tree of the names that the file had so far */
	size_t n_groups;
	size_t n_members;
	int rc; /* what the store said */
};

static int
compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The first line of a group takes the members away that it had before. */
static int
meet_group(struct import *im, const char *name)
{
	if (tfind(name, &im->seen, compare_names))
		return NM_OK;
	char *copy = strdup(name);
	if (!copy || !tsearch(copy, &im->seen, compare_names)) {
		free(copy);
		return -ENOMEM;
	}
	im->n_groups++;
	return db_group_clear(im->ctx->db, name);
}

static int
import_member(void *ctx, const char *name, const struct addr_range *member)
{
	struct import *im = ctx;

	im->rc = meet_group(im, name);
	if (im->rc == NM_OK)
		im->rc = db_group_add(im->ctx->db, name, member);
	if (im->rc == NM_EEXISTS) /* twice in the file */
		im->rc = NM_OK;
	else if (im->rc == NM_OK)
		im->n_members++;
	return im->rc;
}

static int
groups_import(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct import im = { .ctx = ctx };
	char err[512] = "";

	(void)argc;
	int rc = db_begin_write(ctx->db);
	if (rc == NM_OK && cmd_value(ctx, "replace"))
		rc = db_group_clear(ctx->db, NULL);
	if (rc == NM_OK)
		rc = groupfile_read(argv[0], import_member, &im, err, sizeof(err));
	tdestroy(im.seen, free);
	if (rc < 0 && im.rc == NM_OK && *err) {
		db_rollback(ctx->db);
		log_error("%s; nothing was changed", err);
		return 1;
	}
	if (rc == NM_OK)
		rc = db_group_sweep(ctx->db);
	int status = finish(ctx, argv[0], rc);
	if (status == 0)
		printf("%s: %zu groups, %zu members\n", argv[0], im.n_groups, im.n_members);
	return status;
}

static const struct cmd_option import_options[] = {
	{ "replace", NULL, "remove the groups that the file does not have" },
	{ NULL, NULL, NULL },
};

static const struct cmd_verb verbs[] = {
	{ "add", "NAME MEMBER...", "add addresses, ranges and prefixes to a group, new or not", 2,
	  -1, CMD_WRITE, NULL, groups_add },
	{ "list", "[NAME]", "show the groups and their members", 0, 1, CMD_READ, NULL,
	  groups_list },
	{ "remove", "NAME [MEMBER...]", "remove a group, or members of it", 1, -1, CMD_WRITE, NULL,
	  groups_remove },
	{ "import", "FILE [--replace]",
	  "give each group of a file the members that it has there, all or nothing", 1, 1,
	  CMD_WRITE, import_options, groups_import },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};

const struct cmd cmd_groups = { "groups", "named sets of hosts; a host in a group is internal",
	                        verbs };
