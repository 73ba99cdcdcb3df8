/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Giving privileges up for good.
 */
#ifndef NETMON_PROBE_USER_H
#define NETMON_PROBE_USER_H

/* Becomes `name` with the groups of that user's primary group only, in all threads, and makes sure that there is no way
 * back. 0, or a negative code after a log line: the caller must then not go on. */
int user_become(const char *name);

#endif
