/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judges a module's descriptor before anything in it is called or believed. Plain functions; any thread.
 */
#ifndef NETMON_PROBE_MODCHECK_H
#define NETMON_PROBE_MODCHECK_H

#include <netmon/module.h>
#include <stdbool.h>
#include <stddef.h>

#define MODCHECK_FAULT_MAX 160 /* room for the words of a refusal */

/* True for [a-z0-9_-]{1,31}: such a name is also a file name that stays in its folder. */
bool modcheck_name(const char *name);

/* 0, or NM_EFORMAT with the reason in `fault` (MODCHECK_FAULT_MAX octets). `held` are the `n_held` modules that came
 * before: nothing may be declared twice with different meanings. */
int modcheck(const struct nm_module *module, const char *name, const struct nm_module *const *held,
             size_t n_held, char *fault);

#endif
