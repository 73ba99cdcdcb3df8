/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Giving privileges up for good: another user, no groups but that user's own one, no capabilities. Life cycle:
 * user_choose(), then user_become() while the process is still single-threaded: capabilities belong to a thread.
 */
#ifndef NETMON_PROBE_USER_H
#define NETMON_PROBE_USER_H

#include <stdbool.h>
#include <sys/types.h>

#define USER_NAME_MAX 64

struct user {
	char name[USER_NAME_MAX];
	uid_t uid;
	gid_t gid;   /* its primary group */
	bool change; /* false: the process goes on as who it is */
};

/* The user to become. Root becomes `name`; without a name "netmon" if there is one, else "nobody". Who is not root stays
 * who it is, and `name` must be its own. 0, or a negative code after a log line. */
int user_choose(const char *name, struct user *ret_user);

/* Whether that user will be able to do that (R_OK, W_OK, X_OK of access(2)) with the file or folder `path`. 0 or -errno; 0 too
 * when the user cannot be become: that fails later, with words of its own. */
int user_may(const struct user *user, const char *path, int what);

/* Becomes the user, drops every capability (effective, permitted, inheritable, ambient, and the bounding set where the
 * process may) and makes sure that there is no way back. 0, or a negative code after a log line: the caller must then
 * not go on. */
int user_become(const struct user *user);

#endif
