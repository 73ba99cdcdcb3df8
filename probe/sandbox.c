/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sandbox: what a run needs, and the order in which it goes in. */
#include "probe/sandbox.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "probe/options.h"
#include "probe/user.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What looking a name up, and loading a shared object, reads. */
static const char *const name_service[] = {
	"/lib",
	"/lib64",
	"/usr/lib",
	"/usr/lib64",
	"/usr/local/lib",
	"/etc/hosts",
	"/etc/gai.conf",
	"/etc/host.conf",
	"/etc/resolv.conf",
	"/etc/services",
	"/etc/protocols",
	"/etc/nsswitch.conf",
	"/etc/ld.so.cache",
	"/etc/localtime",
	"/usr/share/zoneinfo",
#if SANDBOX_SANITIZED
	"/proc/self", /* the leak check walks through mappings and threads */
#endif
};

/* --- reach ------------------------------------------------------------------------------------------------------- */

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Puts "/proc/self/fd/N" for an open descriptor of `path`, and "/rest" behind it, in place of *at. 0, -EACCES when that does
 * not help, or -ENOMEM. */
static int
through_descriptor(const struct user *user, const char *path, const char *rest, char **at)
{
	char text[64 + NAME_MAX];
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -EACCES;
	int len = snprintf(text, sizeof(text), "/proc/self/fd/%d%s%s", fd, rest ? "/" : "",
	                   rest ? rest : "");
	bool helps = len < (int)sizeof(text) && user_may(user, text, R_OK) == 0;
	char *mine = helps ? strdup(text) : NULL;
	if (!mine) {
		(void)close(fd);
		return helps ? -ENOMEM : -EACCES;
	}
	/* the descriptor stays open as long as the process: the path names it */
	log_info("user %s cannot walk to %s: it is read as %s", user->name, *at, mine);
	free(*at);
	*at = mine;
	return NM_OK;
}

/* A list through its folder, so that one that takes its place is found; else the file itself. */
static int
reach_list(const struct user *user, char **list)
{
	const char *slash = strrchr(*list, '/');
	char *folder = folder_of(*list);

	if (!folder)
		return -ENOMEM;
	int rc = through_descriptor(user, folder, slash ? slash + 1 : *list, list);
	free(folder);
	return rc == -EACCES ? through_descriptor(user, *list, NULL, list) : rc;
}

static int
reach_folder(const struct user *user, char **folder)
{
	return through_descriptor(user, *folder, NULL, folder);
}

/* Makes *at readable for the user, if it is for us. A negative code after a log line: what would then run without modules
 * would call everything Unknown. */
static int
reach(const struct user *user, int (*how)(const struct user *user, char **at), char **at)
{
	/* what is not there, or not for us either, is an error of the module host in words of its own */
	if (access(*at, R_OK) != 0 || user_may(user, *at, R_OK) == 0)
		return NM_OK;
	int rc = how(user, at);
	if (rc == -EACCES)
		log_error("%s: user %s may not read it", *at, user->name);
	else if (rc < 0)
		log_error("%s: %s", *at, nm_strerror(rc));
	return rc;
}

/* The folder for what outlives a restart, which must be there and the user's. One on a disk that only can be read now, or is
 * full, is no reason not to meter. */
static int
reach_state(const struct user *user, const char *folder)
{
	const char *name = *user->name ? user->name : "of this process";
	int rc = folder ? user_may(user, folder, R_OK | W_OK | X_OK) : NM_OK;

	if (rc == -ENOENT)
		log_error("state folder %s: there is none: make it for user %s, or name another "
		          "one with --state-dir",
		          folder, name);
	else if (rc == -EACCES || rc == -EPERM)
		log_error("state folder %s: user %s may not write in it: chown it, or name "
		          "another one with --state-dir",
		          folder, name);
	return rc == -ENOENT || rc == -EACCES || rc == -EPERM ? rc : NM_OK;
}

/* A new machine may have none of the folders above, and only root can make them. */
static void
make_parents(const char *folder)
{
	char path[PATHS_MAX];

	for (const char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int n = snprintf(path, sizeof(path), "%.*s", (int)(slash - folder), folder);

		if (n < 0 || n >= (int)sizeof(path) || (mkdir(path, 0755) < 0 && errno != EEXIST))
			return;
	}
}

/* Makes the spool's folder where there is none, and sees that the user can write in it: else nothing would be kept. */
static int
reach_spool(const struct user *user, const char *folder)
{
	if (!folder)
		return NM_OK;
	if (user->change && *folder == '/')
		make_parents(folder);
	if (mkdir(folder, 0700) == 0 && user->change) {
		int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && fchown(fd, user->uid, user->gid) < 0)
			log_debug("spool %s: %s", folder, nm_strerror(-errno));
		if (fd >= 0)
			(void)close(fd);
	}
	int rc = user_may(user, folder, R_OK | W_OK | X_OK);
	if (rc < 0)
		log_error("spool %s: %s: make the folder for user %s, or name another one with "
		          "--spool",
		          folder, nm_strerror(rc), *user->name ? user->name : "of this process");
	return rc;
}

int
sandbox_reach(struct options *options)
{
	struct user user;
	int rc = user_choose(options->user, &user);

	if (rc == NM_OK)
		rc = reach_state(&user, options->state_dir);
	if (rc == NM_OK)
		rc = reach_spool(&user, options->spool);
	if (rc < 0 || !user.change)
		return rc;
	char **const lists[] = { &options->modules, &options->services, &options->rules };
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && rc == NM_OK; i++)
		if (*lists[i])
			rc = reach(&user, reach_list, lists[i]);
	return rc < 0 ? rc : reach(&user, reach_folder, &options->module_dir);
}

/* --- needs ------------------------------------------------------------------------------------------------------- */

void
sandbox_allow(struct sandbox_needs *needs, const char *path, bool writable)
{
	if (needs->n_paths == SANDBOX_PATHS_MAX) {
		log_warn("sandbox: more than %d paths: %s is left out", SANDBOX_PATHS_MAX, path);
		return;
	}
	needs->paths[needs->n_paths++] = (struct sandbox_path){ path, writable };
}

/* Texts that rows point to. */
struct texts {
	char *folders[3]; /* of lists */
	char *keys[4];    /* folders of certificates */
	char statistics[SANDBOX_PATHS_MAX / 2][64];
};

/* Programs that write resolv.conf put a new file in the old one's place: its folder is what must stay open. For all but
 * root that is all of /etc, in which file modes keep secrets. The text in *ret_folder is the caller's to free. */
static void
allow_names(struct sandbox_needs *needs, bool as_root, char **ret_folder)
{
	char *resolv = realpath("/etc/resolv.conf", NULL);

	for (size_t i = 0; i < sizeof(name_service) / sizeof(name_service[0]); i++)
		sandbox_allow(needs, name_service[i], false);
	if (!as_root)
		sandbox_allow(needs, "/etc", false);
	*ret_folder = resolv ? folder_of(resolv) : NULL;
	if (*ret_folder && strcmp(*ret_folder, "/etc") != 0)
		sandbox_allow(needs, *ret_folder, false);
	free(resolv);
}

/* The counters of drops that libpcap reads. */
static void
allow_statistics(struct sandbox_needs *needs, struct texts *t, const struct options *o)
{
	for (size_t i = 0; i < o->interfaces.n && i < SANDBOX_PATHS_MAX / 2; i++) {
		(void)snprintf(t->statistics[i], sizeof(t->statistics[i]),
		               "/sys/class/net/%s/statistics", o->interfaces.v[i]);
		sandbox_allow(needs, t->statistics[i], false);
	}
}

/* Lists that a reload reads again, through their folders: editors put new files in the old ones' places. */
static void
allow_lists(struct sandbox_needs *needs, struct texts *t, const struct options *o)
{
	const char *const lists[] = { o->modules, o->services, o->rules };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (!lists[i])
			continue;
		sandbox_allow(needs, lists[i], false);
		t->folders[i] = folder_of(lists[i]);
		if (t->folders[i])
			sandbox_allow(needs, t->folders[i], false);
	}
}

/* Certificates that are renewed, as far as the user may read them. */
static void
allow_certificates(struct sandbox_needs *needs, struct texts *t, const struct options *o)
{
	const char *const files[] = { o->tls_cert, o->tls_key, o->tls_ca, o->tls_crl };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		t->keys[i] = files[i] ? folder_of(files[i]) : NULL;
		if (t->keys[i])
			sandbox_allow(needs, t->keys[i], false);
	}
}

static void
work_out_needs(const struct options *o, const struct user *user, struct texts *t,
               struct sandbox_needs *needs)
{
	/* a filter may have host names in it */
	needs->network = !(o->output || o->explain) || o->filter != NULL;
	needs->port = o->output || o->explain ? 0 : (uint16_t)o->port;
	needs->local_stream = needs->network && user->uid != 0;
	allow_lists(needs, t, o);
	allow_certificates(needs, t, o);
	sandbox_allow(needs, o->module_dir, false);
	if (o->state_dir)
		sandbox_allow(needs, o->state_dir, true);
	if (o->spool)
		sandbox_allow(needs, o->spool, true);
	allow_statistics(needs, t, o);
}

/* --- entering ---------------------------------------------------------------------------------------------------- */

int
sandbox_seal(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
		int error = errno;
		log_error("sandbox: no_new_privs: %s", nm_strerror(-error));
		return -error;
	}
	return NM_OK;
}

bool
sandbox_sealed(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
	       prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}

int
sandbox_lock(struct sandbox_needs *needs, bool as_root)
{
	char *folder = NULL;

	int rc = sandbox_seal();
	if (rc < 0)
		return rc;
	/* shared objects are loaded for name services, and for modules */
	allow_names(needs, as_root, &folder);
	rc = sandbox_files(needs);
	if (rc == NM_OK)
		rc = sandbox_calls(needs);
	free(folder);
	return rc;
}

static int
lock_up(const struct options *o, const struct user *user)
{
	struct sandbox_needs needs = { .n_paths = 0 };
	struct texts *texts = calloc(1, sizeof(*texts));

	if (!texts) {
		log_error("out of memory");
		return -ENOMEM;
	}
	work_out_needs(o, user, texts, &needs);
	int rc = sandbox_lock(&needs, user->uid == 0);
	for (size_t i = 0; i < sizeof(texts->folders) / sizeof(texts->folders[0]); i++)
		free(texts->folders[i]);
	for (size_t i = 0; i < sizeof(texts->keys) / sizeof(texts->keys[0]); i++)
		free(texts->keys[i]);
	free(texts);
	return rc;
}

int
sandbox_enter(const struct options *options)
{
	struct user user;

	int rc = user_choose(options->user, &user);
	if (rc == NM_OK)
		rc = user_become(&user);
	if (rc < 0)
		return rc;
	if (options->no_sandbox) {
		log_warn("running without the file filter and the system call filter, as "
		         "--no-sandbox wants it");
		return sandbox_seal();
	}
	return lock_up(options, &user);
}
