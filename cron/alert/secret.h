/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Secrets come from files, never from a command line or the configuration itself. Whoever read one wipes it.
 */
#ifndef NETMON_CRON_ALERT_SECRET_H
#define NETMON_CRON_ALERT_SECRET_H

#include <stddef.h>

#define SECRET_MAX 4096 /* bytes of a file of secrets, with the NUL */

/* The whole file into ret_text, NUL-terminated, line ends as they are. 0; -errno; NM_ELIMIT: empty or longer than `size`
 * allows; NM_EFORMAT: others may read or write it, or it is no regular file. Never blocks. */
int secret_read(const char *path, char *ret_text, size_t size);
/* The first line only. As above. */
int secret_read_line(const char *path, char *ret_text, size_t size);
/* What to do about a code of the two above, for a log line. Static text. */
const char *secret_strerror(int code);
void secret_wipe(char *text, size_t size);

#endif
