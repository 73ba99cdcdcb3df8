/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file filter: Landlock, through its system calls, because the C library has no functions for them. See landlock(7)
 * and linux/landlock.h. */
#include "probe/sandbox.h"

#include "lib/err.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What headers older than the kernel lack. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#	define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#	define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#	define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#	define LANDLOCK_ACCESS_NET_BIND_TCP    (1ULL << 0)
#	define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#	define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#	define LANDLOCK_SCOPE_SIGNAL               (1ULL << 1)
#endif
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT     2

#define DNS_PORT 53

#define FS_FIRST ((1ULL << 13) - 1) /* all that the first version had */
#define FS_READ  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_OF_FILES \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define FS_WRITE                                                        \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |  \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR)
#define NET_ALL   (LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP)
#define SCOPE_ALL (LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL)

/* struct landlock_ruleset_attr with the fields of all versions; the kernel takes as much as it is told of. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scope;
};

/* struct landlock_net_port_attr */
struct port_rule {
	uint64_t access;
	uint64_t port;
};

/* What each version of the interface added. */
static const struct {
	int version;
	struct ruleset added;
	size_t size; /* of the structure from then on */
} versions[] = {
	{ 1, { .fs = FS_FIRST }, offsetof(struct ruleset, net) },
	{ 2, { .fs = LANDLOCK_ACCESS_FS_REFER }, offsetof(struct ruleset, net) },
	{ 3, { .fs = LANDLOCK_ACCESS_FS_TRUNCATE }, offsetof(struct ruleset, net) },
	{ 4, { .net = NET_ALL }, offsetof(struct ruleset, scope) },
	{ 5, { .fs = LANDLOCK_ACCESS_FS_IOCTL_DEV }, offsetof(struct ruleset, scope) },
	{ 6, { .scope = SCOPE_ALL }, sizeof(struct ruleset) },
};

/* The version that the kernel has, 0 for none (not built in, or not switched on), or -errno. */
static int
kernel_version(void)
{
	long version =
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version >= 0)
		return (int)version;
	return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
}

/* A descriptor, or -errno. */
static int
make_ruleset(int version, struct ruleset *ret_handled)
{
	struct ruleset all = { 0 };
	size_t size = 0;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (version >= versions[i].version) {
			all.fs |= versions[i].added.fs;
			all.net |= versions[i].added.net;
			all.scope |= versions[i].added.scope;
			size = versions[i].size;
		}
	long fd = syscall(SYS_landlock_create_ruleset, &all, size, 0);
	*ret_handled = all;
	return fd < 0 ? -errno : (int)fd;
}

static int
allow_path(int ruleset, const struct ruleset *handled, const struct sandbox_path *p)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = FS_READ };
	struct stat st;

	rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0) {
		log_debug("sandbox: %s: %s", p->path, nm_strerror(-errno));
		return NM_OK;
	}
	if (p->writable)
		rule.allowed_access |= FS_WRITE;
	if (fstat(rule.parent_fd, &st) < 0 || !S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILES;
	rule.allowed_access &= handled->fs;
	long rc = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
	int error = rc < 0 ? errno : 0;
	(void)close(rule.parent_fd);
	if (error)
		log_error("sandbox: Landlock: %s: %s", p->path, nm_strerror(-error));
	return -error;
}

static int
allow_port(int ruleset, uint16_t port)
{
	const struct port_rule rule = { .access = LANDLOCK_ACCESS_NET_CONNECT_TCP, .port = port };

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) == 0)
		return NM_OK;
	int error = errno;
	log_error("sandbox: Landlock: port %u: %s", port, nm_strerror(-error));
	return -error;
}

static int
allow_ports(int ruleset, const struct ruleset *handled, const struct sandbox_needs *needs)
{
	if (!handled->net || !needs->network)
		return NM_OK;
	int rc = allow_port(ruleset, DNS_PORT);
	return rc == NM_OK && needs->port ? allow_port(ruleset, needs->port) : rc;
}

static int
restrict_self(int version, const struct sandbox_needs *needs)
{
	struct ruleset handled;
	int fd = make_ruleset(version, &handled);
	int rc = fd < 0 ? fd : NM_OK;

	if (rc < 0)
		log_error("sandbox: Landlock: %s", nm_strerror(rc));
	for (size_t i = 0; i < needs->n_paths && rc == NM_OK; i++)
		rc = allow_path(fd, &handled, &needs->paths[i]);
	if (rc == NM_OK)
		rc = allow_ports(fd, &handled, needs);
	if (rc == NM_OK && syscall(SYS_landlock_restrict_self, fd, 0) < 0) {
		rc = -errno;
		log_error("sandbox: Landlock: %s", nm_strerror(rc));
	}
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

int
sandbox_files(const struct sandbox_needs *needs)
{
	int version = kernel_version();

	if (version < 0) {
		log_error("sandbox: Landlock: %s", nm_strerror(version));
		return version;
	}
	if (version == 0) {
		log_info("sandbox: this kernel has no Landlock: no file filter");
		return NM_OK;
	}
	return restrict_self(version, needs);
}
