/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The modules of this tree as linked-in ones, for tests and fuzz targets. The Makefile writes module_rows.h from etc/modules: a line
 * MODULE(name) for each.
 */
#ifndef NETMON_TESTS_ALL_MODULES_H
#define NETMON_TESTS_ALL_MODULES_H

#include <netmon/module.h>
#include <stddef.h>

#define MODULE(name) extern const struct nm_module netmon_module_##name;
#include "module_rows.h"
#undef MODULE
extern const struct nm_module netmon_module_skeleton;

/* In the order of etc/modules, then a NULL. */
#define MODULE(name) &netmon_module_##name,
static const struct nm_module *const all_modules[] = {
#include "module_rows.h"
	NULL
};
#undef MODULE

#endif
