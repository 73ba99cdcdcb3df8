/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of groups, as people write them:
 *
 *   # comment
 *   Servers = 10.0.0.0/24, 10.1.0.5-10.1.0.9, 2001:db8:1::/48
 *
 * One line a group; a group may have several lines. Names: any UTF-8 but control characters, '=' and '#', without white
 * space at the ends, shorter than GROUP_NAME_MAX. Members as addr_range_parse() takes them.
 */
#ifndef NETMON_LIB_GROUPFILE_H
#define NETMON_LIB_GROUPFILE_H

#include "lib/addr.h"

#include <stddef.h>

/* Calls `each` for every member in the order of the file; a value other than 0 ends the reading and is returned. 0, or
 * with "FILE:LINE: what is wrong" in `err`: -errno when the file cannot be read, NM_EFORMAT. `each` was then called for
 * the members in front of the mistake: callers that must not see half a file collect first. Caller's thread only. */
int groupfile_read(const char *path,
                   int (*each)(void *ctx, const char *name, const struct addr_range *member),
                   void *ctx, char *err, size_t err_size);

#endif
