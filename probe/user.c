/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Giving privileges up for good. */
#include "probe/user.h"

#include "lib/err.h"
#include "lib/log.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- who --------------------------------------------------------------------------------------------------------- */

/* 0, or NM_ENOTFOUND, or -errno when nobody could say. */
static int
look_up(const char *name, struct user *ret_user)
{
	errno = 0;
	const struct passwd *pw = getpwnam(name);

	if (!pw)
		return errno && errno != ENOENT ? -errno : NM_ENOTFOUND;
	*ret_user = (struct user){ .uid = pw->pw_uid, .gid = pw->pw_gid };
	(void)snprintf(ret_user->name, sizeof(ret_user->name), "%s", name);
	return NM_OK;
}

static int
look_up_default(struct user *ret_user)
{
	static const char *const names[] = { "netmon", "nobody" };
	int rc = NM_ENOTFOUND;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && rc < 0; i++)
		rc = look_up(names[i], ret_user);
	if (rc < 0)
		log_error("there is neither a user netmon nor nobody to become: name one with "
		          "--user");
	return rc;
}

int
user_choose(const char *name, struct user *ret_user)
{
	struct user user = { .uid = getuid(), .gid = getgid() };
	int rc = NM_OK;

	if (name) {
		rc = look_up(name, &user);
		if (rc < 0)
			log_error("user %s: %s", name,
			          rc == NM_ENOTFOUND ? "no such user" : nm_strerror(rc));
	} else if (geteuid() == 0) {
		rc = look_up_default(&user);
	}
	if (rc < 0)
		return rc;
	user.change = geteuid() == 0;
	if (!user.change && user.uid != getuid()) {
		log_error("user %s: only root can become another user", name);
		return -EPERM;
	}
	*ret_user = user;
	return NM_OK;
}

/* --- becoming ---------------------------------------------------------------------------------------------------- */

static int
fail(const struct user *user, const char *what)
{
	int error = errno;

	log_error("user %s: cannot %s: %s", *user->name ? user->name : "of this process", what,
	          nm_strerror(-error));
	return -EPERM;
}

/* NULL, or what could not be done, with errno. */
static const char *
change_ids(const struct user *user)
{
	/* who stays root keeps groups where nobody may leave them, such as a container without other users */
	if (setgroups(1, &user->gid) < 0 && user->uid != getuid())
		return "leave the groups of root";
	if (setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		return "become it";
	return NULL;
}

/* Only CAP_SETPCAP may empty the bounding set; without it the set means nothing, because no_new_privs follows. */
static int
empty_bounding_set(const struct user *user)
{
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return NM_OK;
	capng_clear(CAPNG_SELECT_BOUNDS);
	return capng_apply(CAPNG_SELECT_BOUNDS) == 0
	           ? NM_OK
	           : fail(user, "empty the bounding set of capabilities");
}

static int
empty_other_sets(const struct user *user)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT) != 0)
		return fail(user, "drop capabilities");
	if (capng_get_caps_process() != 0 ||
	    capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE) {
		errno = EPERM;
		return fail(user, "drop all capabilities");
	}
	return NM_OK;
}

/* Asked by a child, which needs no way back. Error numbers fit into an exit status. */
int
user_may(const struct user *user, const char *path, int what)
{
	int status = 0;

	if (!user->change)
		return access(path, what) == 0 ? NM_OK : -errno;
	pid_t child = fork();
	if (child == 0)
		_exit(!change_ids(user) && access(path, what) < 0 ? errno : 0);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child < 0 || !WIFEXITED(status))
		return -EACCES;
	return -WEXITSTATUS(status);
}

int
user_become(const struct user *user)
{
	if (capng_get_caps_process() != 0)
		return fail(user, "read capabilities");
	if (user->change && user->uid == 0)
		log_warn("running as root, though without capabilities, as --user wants it");
	int rc = empty_bounding_set(user);
	const char *fault = rc == NM_OK && user->change ? change_ids(user) : NULL;
	if (fault)
		return fail(user, fault);
	if (rc == NM_OK)
		rc = empty_other_sets(user);
	if (rc == NM_OK && user->change && user->uid != 0 && setuid(0) == 0) {
		log_error("user %s: privileges could be taken back", user->name);
		return -EPERM;
	}
	return rc;
}
