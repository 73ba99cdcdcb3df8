/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What netmonc shuts itself in before it parses a byte that somebody else wrote: another user, no capabilities,
 * no_new_privs, no core dumps, a file filter (Landlock) and a system call filter (seccomp), the last two where the kernel
 * has them. There is no way out; threads that are made later are inside too.
 *
 * Life cycle: sandbox_reach() while root, the sources are opened, sandbox_enter(); then modules, packets and the network.
 * Both while the process has one thread: capabilities and Landlock belong to a thread and its later children.
 *
 * What a step finds that the kernel lacks is one line in the log; a step that fails is a negative code after a log line,
 * and the caller must end.
 */
#ifndef NETMON_PROBE_SANDBOX_H
#define NETMON_PROBE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SANDBOX_PATHS_MAX 128

/* Whether this build has a sanitizer that reads /proc/self, clones and traces: it gets a sandbox with these holes. */
#if defined(__has_feature)
#	if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#		define SANDBOX_SANITIZED 1
#	endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#	define SANDBOX_SANITIZED 1
#endif
#ifndef SANDBOX_SANITIZED
#	define SANDBOX_SANITIZED 0
#endif

/* A file, or a folder with all below it, that may still be opened. One that does not exist is left out. */
struct sandbox_path {
	const char *path;
	bool writable; /* files in it may be made, written, renamed and removed */
};

/* What the process still needs. */
struct sandbox_needs {
	bool network;  /* connections to a collector and to name servers */
	uint16_t port; /* the collector's, host byte order */
	bool
	    local_stream; /* AF_UNIX connections, for name services; not for root, whom other daemons obey */
	size_t n_paths;
	struct sandbox_path paths[SANDBOX_PATHS_MAX];
};

struct options;

/* Makes sure that the user whom sandbox_enter() will become can write the state folder, and read the lists and the folder of
 * modules. Where only root
 * may walk to them, *options gets paths through descriptors of this process in their place. */
int sandbox_reach(struct options *options);

/* Goes in, as the options say. */
int sandbox_enter(const struct options *options);

/* --- its parts, in order ----------------------------------------------------------------------------------------- */

/* All of the following but another user: seals, allows what name services and shared objects take (for root: less of it),
 * and installs both filters. */
int sandbox_lock(struct sandbox_needs *needs, bool as_root);

/* Adds a row to needs->paths. A row too many is left out after a log line: less is allowed, not more. `path` must live
 * until the sandbox is entered. */
void sandbox_allow(struct sandbox_needs *needs, const char *path, bool writable);

/* no_new_privs, and neither core dumps nor other processes of the same user looking in (PR_SET_DUMPABLE). */
int sandbox_seal(void);

/* Whether that was done. */
bool sandbox_sealed(void);

/* Landlock: nothing is opened but needs->paths, TCP goes to needs->port and to port 53 only, and signals and abstract
 * sockets stay inside, as far as the kernel's version goes. */
int sandbox_files(const struct sandbox_needs *needs);

/* seccomp: a list of system calls that netmonc, libpcap and the C library make; others fail with EPERM, and what only an
 * intruder would do kills the process. Also for threads that exist. */
int sandbox_calls(const struct sandbox_needs *needs);

#endif
