/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A new, empty store in a temporary folder. */
#include "tests/support/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
store_setup(void **state)
{
	char err[256];
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	(void)snprintf(s->folder, sizeof(s->folder), "/tmp/netmon-store-XXXXXX");
	if (!mkdtemp(s->folder)) {
		free(s);
		return -1;
	}
	(void)snprintf(s->path, sizeof(s->path), "%s/netmon.db", s->folder);
	(void)snprintf(s->spec, sizeof(s->spec), "sqlite:%s", s->path);
	if (db_open(s->spec, DB_CREATE, &s->db, err, sizeof(err)) < 0) {
		(void)fprintf(stderr, "# %s\n", err);
		free(s);
		return -1;
	}
	*state = s;
	return 0;
}

int
store_teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct store *s = *state;
	char path[128];

	db_close(s->db);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", s->path, ends[i]);
		(void)unlink(path);
	}
	(void)rmdir(s->folder);
	free(s);
	return 0;
}
