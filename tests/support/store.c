/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A new, empty store in a temporary folder, or on the server that NETMON_TEST_STORE names. */
#include "tests/support/store.h"

#include <mariadb/mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
store_is_mysql(void)
{
	return getenv("NETMON_TEST_STORE") != NULL;
}

/* Runs a statement on the server whose socket NETMON_TEST_STORE is, as root. */
static int
on_server(const char *sql)
{
	MYSQL *mysql = mysql_init(NULL);
	int rc = -1;

	if (mysql_real_connect(mysql, NULL, "root", NULL, NULL, 0, getenv("NETMON_TEST_STORE"), 0))
		rc = mysql_query(mysql, sql);
	if (rc != 0)
		(void)fprintf(stderr, "# %s: %s\n", sql, mysql_error(mysql));
	mysql_close(mysql);
	return rc;
}

static int
new_database(struct store *s)
{
	char sql[128];

	(void)snprintf(s->path, sizeof(s->path), "netmon_%d", (int)getpid());
	(void)snprintf(s->spec, sizeof(s->spec), "mysql://root@/%s?socket=%s", s->path,
	               getenv("NETMON_TEST_STORE"));
	(void)snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS %s", s->path);
	if (on_server(sql) != 0)
		return -1;
	(void)snprintf(sql, sizeof(sql), "CREATE DATABASE %s", s->path);
	return on_server(sql);
}

static int
new_place(struct store *s)
{
	(void)snprintf(s->folder, sizeof(s->folder), "/tmp/netmon-store-XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	if (store_is_mysql())
		return new_database(s);
	(void)snprintf(s->path, sizeof(s->path), "%s/netmon.db", s->folder);
	(void)snprintf(s->spec, sizeof(s->spec), "sqlite:%s", s->path);
	return 0;
}

int
store_setup(void **state)
{
	char err[512];
	struct store *s = calloc(1, sizeof(*s));

	if (!s || new_place(s) < 0) {
		free(s);
		return -1;
	}
	if (db_open(s->spec, DB_CREATE, &s->db, err, sizeof(err)) < 0) {
		(void)fprintf(stderr, "# %s\n", err);
		free(s);
		return -1;
	}
	*state = s;
	return 0;
}

static void
drop_database(const struct store *s)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS %s", s->path);
	(void)on_server(sql);
}

int
store_teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct store *s = *state;
	char path[128];

	db_close(s->db);
	if (store_is_mysql())
		drop_database(s);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) && !store_is_mysql(); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", s->path, ends[i]);
		(void)unlink(path);
	}
	(void)rmdir(s->folder);
	free(s);
	return 0;
}
