/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The groups that decide what is in and out. */
#include "collector/feed_groups.h"

#include "lib/err.h"
#include "lib/groupfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that were seen in a file, by number. */
struct names {
	struct group_set *set;
	size_t n;
	char (*names)[GROUP_NAME_MAX];
};

static uint32_t
number_of(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->names[i], name) == 0)
			return (uint32_t)i + 1;
	if (names->n == GROUPS_MAX)
		return 0;
	(void)snprintf(names->names[names->n], GROUP_NAME_MAX, "%s", name);
	return (uint32_t)++names->n;
}

static int
add_member(void *ctx, const char *name, const struct addr_range *member)
{
	struct names *names = ctx;
	uint32_t group = number_of(names, name);

	return group ? group_set_append(names->set, group, member) : NM_ELIMIT;
}

static int
load_file(const char *file, struct group_set *set, char *err, size_t err_size)
{
	struct names names = { .set = set, .names = calloc(GROUPS_MAX, GROUP_NAME_MAX) };

	(void)snprintf(err, err_size, "%s: too many groups or members", file);
	int rc = names.names ? groupfile_read(file, add_member, &names, err, err_size) : -ENOMEM;
	if (rc == NM_OK)
		group_set_index(set);
	free(names.names);
	return rc;
}

int
feed_groups_load(struct db *db, const char *file, struct group_set **ret_set, char *err,
                 size_t err_size)
{
	struct group_set *set = NULL;
	int rc;

	if (db) {
		rc = group_set_load(db, &set);
		if (rc < 0)
			(void)snprintf(err, err_size, "cannot be read from the store: %s",
			               rc == NM_ESTORE ? db_error(db) : nm_strerror(rc));
	} else {
		(void)snprintf(err, err_size, "out of memory");
		rc = group_set_new(&set);
		if (rc == NM_OK && file)
			rc = load_file(file, set, err, err_size);
		if (rc < 0)
			group_set_free(set);
	}
	if (rc == NM_OK)
		*ret_set = set;
	return rc;
}
