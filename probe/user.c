/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Giving privileges up for good. */
#include "probe/user.h"

#include "lib/err.h"
#include "lib/log.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <unistd.h>

int
user_become(const char *name)
{
	errno = 0;
	const struct passwd *user = getpwnam(name);
	if (!user) {
		log_error("user %s: %s", name, errno ? nm_strerror(-errno) : "no such user");
		return NM_ENOTFOUND;
	}
	if (setgroups(1, &user->pw_gid) < 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0) {
		log_error("user %s: cannot become it: %s", name, nm_strerror(-errno));
		return -EPERM;
	}
	if (user->pw_uid != 0 && setuid(0) == 0) {
		log_error("user %s: privileges could be taken back", name);
		return -EPERM;
	}
	return NM_OK;
}
