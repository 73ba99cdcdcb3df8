/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schema of a store that is being opened: created, upgraded, checked. */
#include "lib/db_client.h"
#include "lib/err.h"
#include "lib/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA_FILE_MAX (1u << 20)

/* Reads the whole of a file of schema/ into a new string; NULL with `err` filled on failure. */
static char *
read_schema(const char *name, char *err, size_t err_size)
{
	char path[PATHS_MAX];
	FILE *file = NULL;

	if (paths_find(PATHS_SCHEMA, name, path, sizeof(path)) == 0)
		file = fopen(path, "re");
	if (!file) {
		(void)snprintf(err, err_size, "schema %s cannot be read: reinstall netmon", path);
		return NULL;
	}
	char *text = calloc(1, SCHEMA_FILE_MAX);
	size_t len = text ? fread(text, 1, SCHEMA_FILE_MAX, file) : 0;
	(void)fclose(file);
	if (len > 0 && len < SCHEMA_FILE_MAX)
		return text;
	(void)snprintf(err, err_size, "schema %s is empty or too large: reinstall netmon", path);
	free(text);
	return NULL;
}

/* Runs a file of schema/; `what` begins the message when that fails. */
static int
run_file(struct db *db, const char *name, const char *what, char *err, size_t err_size)
{
	char *text = read_schema(name, err, err_size);

	if (!text)
		return NM_ESTORE;
	int rc = db->client->script(db, text);
	if (rc < 0)
		(void)snprintf(err, err_size, "%s: %s", what, db_error(db));
	free(text);
	return rc < 0 ? NM_ESTORE : NM_OK;
}

/* The store's schema version; 0 when it has none. */
static int64_t
schema_version(struct db *db)
{
	struct db_stmt *q;
	int64_t version = 0;

	if (db_query(db, "SELECT version FROM schema_version", &q) < 0)
		return 0;
	if (db_step(q) > 0)
		version = db_column_int(q, 0);
	db_done(q);
	return version;
}

/* Ends what schema_begin() began, and puts the two results together. */
static int
end(struct db *db, int rc, const char *what, char *err, size_t err_size)
{
	int ended = db->client->schema_end(db, rc);

	if (rc < 0 || ended == NM_OK)
		return rc;
	(void)snprintf(err, err_size, "%s: %s", what, db_error(db));
	return NM_ESTORE;
}

/* Creates the tables, unless somebody else did between the caller's question and the lock. */
static int
create(struct db *db, char *err, size_t err_size)
{
	static const char what[] = "cannot create the schema";
	char name[32];
	bool empty;

	(void)snprintf(name, sizeof(name), "%s.sql", db->client->files);
	if (db->client->schema_begin(db) < 0) {
		(void)snprintf(err, err_size, "%s: %s", what, db_error(db));
		return NM_ESTORE;
	}
	int rc = db->client->is_empty(db, &empty);
	if (rc < 0)
		(void)snprintf(err, err_size, "%s: %s", what, db_error(db));
	if (rc == NM_OK && empty)
		rc = run_file(db, name, what, err, err_size);
	return end(db, rc, what, err, err_size);
}

/* One step of the upgrade. */
static int
upgrade_to(struct db *db, int64_t version, char *err, size_t err_size)
{
	char name[40], what[80];

	(void)snprintf(name, sizeof(name), "%s-to-%lld.sql", db->client->files, (long long)version);
	(void)snprintf(what, sizeof(what), "cannot upgrade the store to schema version %lld",
	               (long long)version);
	return run_file(db, name, what, err, err_size);
}

/* Brings an older store up to this version. The version is asked for under the lock: another program may have done it. */
static int
upgrade(struct db *db, char *err, size_t err_size)
{
	static const char what[] = "cannot upgrade the store";

	if (db->client->schema_begin(db) < 0) {
		(void)snprintf(err, err_size, "%s: %s", what, db_error(db));
		return NM_ESTORE;
	}
	int rc = NM_OK;
	for (int64_t v = schema_version(db); v > 0 && v < DB_SCHEMA_VERSION && rc == NM_OK; v++)
		rc = upgrade_to(db, v + 1, err, err_size);
	return end(db, rc, what, err, err_size);
}

static int
check_version(struct db *db, char *err, size_t err_size)
{
	int64_t version = schema_version(db);

	if (version == DB_SCHEMA_VERSION)
		return NM_OK;
	if (version == 0)
		(void)snprintf(err, err_size, "%s is not a netmon store (%s): name another one",
		               db->name, db_error(db));
	else if (version < DB_SCHEMA_VERSION)
		(void)snprintf(err, err_size,
		               "%s has schema version %lld, this program needs %d: upgrade it with "
		               "netmon --store %s store upgrade",
		               db->name, (long long)version, DB_SCHEMA_VERSION, db->name);
	else
		(void)snprintf(err, err_size,
		               "%s has schema version %lld, this program knows %d: install the "
		               "netmon that wrote it, or a later one",
		               db->name, (long long)version, DB_SCHEMA_VERSION);
	return NM_EVERSION;
}

int
db_schema_open(struct db *db, char *err, size_t err_size)
{
	bool empty = false;
	int rc = NM_OK;

	if (db->mode == DB_CREATE && db->client->is_empty(db, &empty) == NM_OK && empty)
		rc = create(db, err, err_size);
	if (rc < 0)
		return rc;
	int64_t version = schema_version(db);
	if (db->mode != DB_READ && version > 0 && version < DB_SCHEMA_VERSION)
		rc = upgrade(db, err, err_size);
	return rc < 0 ? rc : check_version(db, err, err_size);
}
