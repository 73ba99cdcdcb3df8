/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A new, empty store for one test: cmocka's setup and teardown functions. *state is a struct store. It is a SQLite file in a
 * temporary folder, or, when NETMON_TEST_STORE is the socket of a MariaDB server with a root that has no password, a database of it
 * (tests/e2e/test_mariadb_store.py).
 */
#ifndef NETMON_TESTS_SUPPORT_STORE_H
#define NETMON_TESTS_SUPPORT_STORE_H

#include "lib/db.h"

#include <stdbool.h>

struct store {
	char folder[64];
	char path[96];  /* of the file; MariaDB: the database's name */
	char spec[224]; /* for db_open() */
	struct db *db;  /* open for writing */
};

/* True when it is MariaDB's: what only SQLite can do is left out. */
bool store_is_mysql(void);
int store_setup(void **state);
int store_teardown(void **state);

#endif
