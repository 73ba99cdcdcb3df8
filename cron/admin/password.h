/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a password: from a file, a pipe or a person. Never from the command line, which every user can see. */
#ifndef NETMON_CRON_ADMIN_PASSWORD_H
#define NETMON_CRON_ADMIN_PASSWORD_H

#include "lib/db_user.h"

#include <stddef.h>

/* Room for the longest password, a line end and the NUL. */
#define PASSWORD_SIZE (USER_PASSWORD_MAX + 3)

/*
 * The first line of `file` ("-": standard input). Without a file: of standard input, or, when that is a terminal, what a
 * person types twice, unseen. 0; NM_EFORMAT: empty, longer than USER_PASSWORD_MAX, or the two differ (`err` says which);
 * -errno. The caller wipes `ret` with explicit_bzero().
 */
int password_read(const char *file, char ret[PASSWORD_SIZE], char *err, size_t err_size);

#endif
