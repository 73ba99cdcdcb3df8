/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a program's own files are. */
#include "lib/paths.h"

#include "lib/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef NETMON_LIBDIR
#	define NETMON_LIBDIR "/usr/local/lib/netmon"
#endif
#ifndef NETMON_DATADIR
#	define NETMON_DATADIR "/usr/local/share/netmon"
#endif
#ifndef NETMON_SYSCONFDIR
#	define NETMON_SYSCONFDIR "/etc/netmon"
#endif
#define STAMP ".netmon-build" /* in a build folder: one line, the source tree's path */

static const struct {
	const char *in_build;  /* below the executable's folder, or NULL */
	const char *in_tree;   /* below the source tree, or NULL */
	const char *installed; /* NULL: the executable's folder */
} places[] = {
	[PATHS_MODULES] = { "modules", NULL, NETMON_LIBDIR "/modules" },
	[PATHS_SCHEMA] = { NULL, "schema", NETMON_DATADIR "/schema" },
	[PATHS_TEMPLATES] = { NULL, "web/tmpl", NETMON_DATADIR "/tmpl" },
	[PATHS_STATIC] = { NULL, "web/static", NETMON_DATADIR "/static" },
	[PATHS_CONFIG] = { NULL, "etc", NETMON_SYSCONFDIR },
	[PATHS_PROGRAMS] = { ".", NULL, NULL },
};

/* The executable's folder; false when it cannot be told. */
static bool
own_folder(char *ret, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", ret, size - 1);

	if (len <= 0)
		return false;
	ret[len] = '\0';
	char *slash = strrchr(ret, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

/* Reads the source tree's path from the stamp in `folder`. */
static bool
read_stamp(const char *folder, char *ret_tree, size_t size)
{
	char stamp[PATHS_MAX + sizeof(STAMP) + 1];
	bool found = false;

	(void)snprintf(stamp, sizeof(stamp), "%s/" STAMP, folder);
	FILE *file = fopen(stamp, "re");
	if (!file)
		return false;
	if (fgets(ret_tree, (int)size, file)) {
		ret_tree[strcspn(ret_tree, "\n")] = '\0';
		found = true;
	}
	(void)fclose(file);
	return found;
}

/* The build folder that holds this program, and its source tree. An installed program has no stamp near it; a test
 * program lies up to two folders deeper than the build folder. */
static bool
build_folder(char *ret_build, char *ret_tree, size_t size)
{
	if (!own_folder(ret_build, size))
		return false;
	for (int up = 0; up < 3; up++) {
		if (read_stamp(ret_build, ret_tree, size))
			return true;
		char *slash = strrchr(ret_build, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
	return false;
}

int
paths_find(enum paths_kind kind, const char *name, char *ret_path, size_t size)
{
	char build[PATHS_MAX], tree[PATHS_MAX];
	const char *base = "", *below = places[kind].installed, *between = "";
	int n;

	if (build_folder(build, tree, sizeof(build))) {
		base = places[kind].in_build ? build : tree;
		below = places[kind].in_build ? places[kind].in_build : places[kind].in_tree;
		between = "/";
	} else if (!below) {
		below = own_folder(build, sizeof(build)) ? build : ".";
	}
	n = snprintf(ret_path, size, "%s%s%s%s%s", base, between, below, name ? "/" : "",
	             name ? name : "");
	if (n < 0 || (size_t)n >= size) {
		if (size)
			ret_path[0] = '\0';
		return NM_ELIMIT;
	}
	return NM_OK;
}
