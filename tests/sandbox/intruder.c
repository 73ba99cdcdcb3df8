/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A classifier module that a packet has taken over, for the sandbox's test: a UDP packet "INTRUDE act argument" makes it do
 * what an intruder would. Standard error says what came of it:
 *
 *     intruder: ACT: done            it worked
 *     intruder: ACT: Error text      the kernel refused
 *
 * or nothing more when the kernel ended the process. Never installed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <netmon/module.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOPBACK 0x7f000001u

/* Each act: 0 when it worked, or -1 with errno. */

static int
act_exec(const char *arg)
{
	char *argv[] = { strdup(arg), NULL };

	return execve(argv[0], argv, NULL);
}

static int
act_fork(const char *arg)
{
	int status = 0;

	(void)arg;
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	return child < 0 || waitpid(child, &status, 0) < 0 ? -1 : 0;
}

static int
act_read(const char *arg)
{
	char byte;
	int fd = open(arg, O_RDONLY | O_CLOEXEC);

	return fd < 0 || read(fd, &byte, 1) < 0 ? -1 : 0;
}

static void *
read_there(void *arg)
{
	return act_read(arg) < 0 ? (void *)(intptr_t)errno : NULL;
}

static int
act_thread_read(const char *arg)
{
	pthread_t thread;
	void *result = NULL;
	char *path = strdup(arg);

	errno = pthread_create(&thread, NULL, read_there, path);
	if (errno || pthread_join(thread, &result) != 0)
		return -1;
	free(path);
	errno = (int)(intptr_t)result;
	return result ? -1 : 0;
}

static int
act_list(const char *arg)
{
	return open(arg, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 ? -1 : 0;
}

static int
act_create(const char *arg)
{
	int fd = open(arg, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 || write(fd, "x", 1) != 1 ? -1 : 0;
}

static int
act_overwrite(const char *arg)
{
	return open(arg, O_WRONLY | O_CLOEXEC) < 0 ? -1 : 0;
}

static int
act_mkdir(const char *arg)
{
	return mkdir(arg, 0755);
}

static int
act_unlink(const char *arg)
{
	return unlink(arg);
}

static int
act_chmod(const char *arg)
{
	return chmod(arg, 0666);
}

static int
act_symlink(const char *arg)
{
	return symlink("/etc/passwd", arg);
}

static int
act_mknod(const char *arg)
{
	return mknod(arg, S_IFIFO | 0644, 0);
}

static int
act_packet_socket(const char *arg)
{
	(void)arg;
	return socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) < 0 ? -1 : 0;
}

static int
act_raw_socket(const char *arg)
{
	(void)arg;
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 ? -1 : 0;
}

static int
act_connect(const char *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)strtoul(arg, NULL, 10)),
		                  .sin_addr.s_addr = htonl(LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&to, sizeof(to));
}

static int
act_listen(const char *arg)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)arg;
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -1;
	return listen(fd, 1);
}

static int
act_kill(const char *arg)
{
	return kill((pid_t)strtol(arg, NULL, 10), SIGTERM);
}

static int
act_ptrace(const char *arg)
{
	return ptrace(PTRACE_ATTACH, (pid_t)strtol(arg, NULL, 10), NULL, NULL) < 0 ? -1 : 0;
}

static int
act_read_memory(const char *arg)
{
	char here[8];
	struct iovec local = { here, sizeof(here) }, remote = { here, sizeof(here) };

	return process_vm_readv((pid_t)strtol(arg, NULL, 10), &local, 1, &remote, 1, 0) < 0 ? -1
	                                                                                    : 0;
}

static int
act_mount(const char *arg)
{
	return mount("tmpfs", arg, "tmpfs", 0, NULL);
}

static int
act_chroot(const char *arg)
{
	return chroot(arg);
}

static int
act_become_root(const char *arg)
{
	(void)arg;
	return setuid(0);
}

static int
act_new_namespace(const char *arg)
{
	(void)arg;
	return unshare(CLONE_NEWUSER);
}

static int
act_bpf(const char *arg)
{
	(void)arg;
	return syscall(SYS_bpf, 0, NULL, 0) < 0 ? -1 : 0;
}

static int
act_load_module(const char *arg)
{
	return syscall(SYS_init_module, "", 0, arg) < 0 ? -1 : 0;
}

static int
act_uring(const char *arg)
{
	char params[120] = { 0 };

	(void)arg;
	return syscall(SYS_io_uring_setup, 1, params) < 0 ? -1 : 0;
}

static int
act_keys(const char *arg)
{
	(void)arg;
	return syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -4, 1) < 0 ? -1 : 0;
}

static int
act_shellcode(const char *arg)
{
	(void)arg;
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
	                -1, 0);
	return at == MAP_FAILED ? -1 : 0;
}

static int
act_late_shellcode(const char *arg)
{
	(void)arg;
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at == MAP_FAILED ? -1 : mprotect(at, 4096, PROT_READ | PROT_EXEC);
}

static int
act_memory_file(const char *arg)
{
	return memfd_create(arg, 0) < 0 ? -1 : 0;
}

static int
act_dump_core(const char *arg)
{
	(void)arg;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int
act_grow_limits(const char *arg)
{
	const struct { /* struct rlimit64 */
		uint64_t now, most;
	} limit = { 64, 64 };

	(void)arg;
	return syscall(SYS_prlimit64, 0, 7 /* RLIMIT_NOFILE */, &limit, NULL) < 0 ? -1 : 0;
}

static const struct {
	const char *name;
	int (*act)(const char *arg);
} acts[] = {
	{ "exec", act_exec },
	{ "fork", act_fork },
	{ "read", act_read },
	{ "thread-read", act_thread_read },
	{ "list", act_list },
	{ "create", act_create },
	{ "overwrite", act_overwrite },
	{ "mkdir", act_mkdir },
	{ "unlink", act_unlink },
	{ "chmod", act_chmod },
	{ "symlink", act_symlink },
	{ "mknod", act_mknod },
	{ "packet-socket", act_packet_socket },
	{ "raw-socket", act_raw_socket },
	{ "connect", act_connect },
	{ "listen", act_listen },
	{ "kill", act_kill },
	{ "ptrace", act_ptrace },
	{ "read-memory", act_read_memory },
	{ "mount", act_mount },
	{ "chroot", act_chroot },
	{ "become-root", act_become_root },
	{ "new-namespace", act_new_namespace },
	{ "bpf", act_bpf },
	{ "load-module", act_load_module },
	{ "uring", act_uring },
	{ "keys", act_keys },
	{ "shellcode", act_shellcode },
	{ "late-shellcode", act_late_shellcode },
	{ "memory-file", act_memory_file },
	{ "dump-core", act_dump_core },
	{ "limits", act_grow_limits },
};

static const struct nm_app apps[] = {
	{ 1999, "Intruder", "Test", 0x888888, 0xaaaaaa },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_UDP, 9, "INTRUDE "),
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	char text[256], *rest = NULL;

	(void)ctx;
	(void)call;
	(void)verdict;
	(void)snprintf(text, sizeof(text), "%.*s", (int)pkt->len, (const char *)pkt->payload);
	(void)strtok_r(text, " ", &rest);
	const char *name = strtok_r(NULL, " ", &rest);
	const char *arg = strtok_r(NULL, " ", &rest);
	for (size_t i = 0; name && i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(acts[i].name, name) == 0) {
			dprintf(STDERR_FILENO, "intruder: %s: tries\n", name);
			int rc = acts[i].act(arg ? arg : "");
			dprintf(STDERR_FILENO, "intruder: %s: %s\n", name,
			        rc == 0 ? "done" : strerror(errno));
			return NM_NO;
		}
	dprintf(STDERR_FILENO, "intruder: no such act\n");
	return NM_NO;
}

NM_MODULE(intruder) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "intruder",
	.summary = "does what a taken-over module would",
	.n_apps = 1,
	.n_matches = 1,
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
