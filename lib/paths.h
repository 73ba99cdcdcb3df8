/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a program's own files are: in the source tree when it runs from a build folder below it, else under the
 * prefix that it was built for. Any thread.
 */
#ifndef NETMON_LIB_PATHS_H
#define NETMON_LIB_PATHS_H

#include <stddef.h>

#define PATHS_MAX 4096

enum paths_kind {
	PATHS_MODULES,   /* folder of classifier modules: BUILD/modules */
	PATHS_SCHEMA,    /* SQL: TREE/schema */
	PATHS_TEMPLATES, /* page templates: TREE/web/tmpl */
	PATHS_STATIC,    /* style sheets: TREE/web/static */
	PATHS_CONFIG,    /* configuration: TREE/etc */
	PATHS_PROGRAMS,  /* programs that ordinary users run too: BUILD */
};

/* The folder of `kind`, with "/name" behind it unless `name` is NULL. The file need not exist. 0, or NM_ELIMIT with
 * ret_path an empty string. */
int paths_find(enum paths_kind kind, const char *name, char *ret_path, size_t size);

#endif
