/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A new, empty store in a temporary folder, for one test: cmocka's setup and teardown functions. *state is a struct store.
 */
#ifndef NETMON_TESTS_SUPPORT_STORE_H
#define NETMON_TESTS_SUPPORT_STORE_H

#include "lib/db.h"

struct store {
	char folder[64];
	char path[96];
	char spec[112]; /* for db_open() */
	struct db *db;  /* open for writing */
};

int store_setup(void **state);
int store_teardown(void **state);

#endif
