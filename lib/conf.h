/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Configuration files, through libconfuse: a program gives one table of options, the whole file is parsed and checked
 * before anything changes.
 */
#ifndef NETMON_LIB_CONF_H
#define NETMON_LIB_CONF_H

#include <confuse.h>
#include <stddef.h>

/* Parses `path` by `opts`. On success *ret_conf is the caller's (cfg_free()). On failure a negative code (-errno when
 * the file cannot be read, NM_EFORMAT) and "FILE:LINE: what and what to do" in `err`. Caller's thread only. */
int conf_load(const char *path, cfg_opt_t *opts, cfg_t **ret_conf, char *err, size_t err_size);

#endif
