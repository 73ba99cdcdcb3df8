/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opens classifier modules and holds them. Life cycle: modhost_open() with the list of modules (or modhost_adopt() with
 * modules that are linked in), use of the set, modhost_close(). A set never changes; a reload opens a second one and
 * closes the first. One thread.
 *
 * A module is code that runs with the probe's rights, so its file must belong to root or to the probe's own user, and
 * nobody else may be able to write it. What was checked is what is opened: both go through one descriptor. Each call into
 * a module is announced to modguard.h.
 */
#ifndef NETMON_PROBE_MODHOST_H
#define NETMON_PROBE_MODHOST_H

#include <netmon/module.h>
#include <stddef.h>
#include <stdint.h>

#define MODHOST_MODULES_MAX 255 /* an index and one more fit in an octet */
#define MODHOST_APPS_MAX    32  /* applications of one module */
#define MODHOST_MATCHES_MAX 128 /* matches of one module */
#define MODHOST_NAME_MAX    32  /* a module's name and its NUL */

struct modset;
struct modguard_name;

/* Reads the list: one module name a line, '#' begins a comment, blank lines do not count. Modules that are refused are
 * each a log line and are left out. 0, -errno when the list or memory fails, NM_EFORMAT for a line that is no name, with
 * one line in `err`. */
int modhost_open(const char *list, const char *dir, char *err, size_t err_size,
                 struct modset **ret_set);

/* A set of linked-in modules, through the same checks of the descriptor. 0 or -ENOMEM. */
int modhost_adopt(const struct nm_module *const *modules, size_t n, struct modset **ret_set);

/* The same modules once more, each loaded for itself: for another thread. 0, -ENOMEM, or NM_EFORMAT after a log line when
 * one of them does not load. */
int modhost_copy(const struct modset *from, struct modset **ret_set);

/* Calls unload() of each module, then closes their files. NULL is allowed. */
void modhost_close(struct modset *set);

size_t modset_count(const struct modset *set);
/* Module `i`, in the order of the list; valid as long as the set. */
const struct nm_module *modset_module(const struct modset *set, size_t i);
void *modset_ctx(const struct modset *set, size_t i);
/* What it is called when it fails, see modguard.h. */
const struct modguard_name *modset_name(const struct modset *set, size_t i);
/* How many of the list were left out because they failed before. */
size_t modset_left_out(const struct modset *set);

/* Of the contents of the modules' files, in the order of the list: 64 bits that change when one of them does. Of linked-in ones
 * the names count. */
uint64_t modset_digest(const struct modset *set);

#endif
