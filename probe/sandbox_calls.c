/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The system call filter. What is on no list fails with EPERM, so that a library that tries something new and can do
 * without goes on; what no path of netmonc, libpcap or the C library leads to is an intruder, and ends the process.
 *
 * A build with sanitizers allows what is on no list, and ptrace: at exit the leak check clones and traces the process.
 */
#include "probe/sandbox.h"

#include "lib/err.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#	define PR_SET_VMA 0x53564d41 /* names of mappings, newer C libraries set them */
#endif
#define API_KILL_PROCESS 3 /* libseccomp's level of kernels that can kill a whole process */

/* A call is meant when every argument that is named here has `value` under `mask`. */
struct test {
	unsigned arg;
	scmp_datum_t mask;
	scmp_datum_t value;
};

struct row {
	int call;
	unsigned n_tests;
	struct test tests[3];
};

#define ALL_BITS (~(scmp_datum_t)0)
#define INT_BITS ((scmp_datum_t)UINT32_MAX) /* the upper half of an int's register is anything */
#define IS(arg, value)               \
	{                            \
		arg, INT_BITS, value \
	}
#define HAS(arg, m, v)    \
	{                 \
		arg, m, v \
	}
#define CALL(name)                 \
	{                          \
		SCMP_SYS(name), 0, \
		{                  \
			{          \
				0  \
			}          \
		}                  \
	}
#define CALL_IF(name, t)           \
	{                          \
		SCMP_SYS(name), 1, \
		{                  \
			t          \
		}                  \
	}
#define CALL_IF3(name, a, b, c)    \
	{                          \
		SCMP_SYS(name), 3, \
		{                  \
			a, b, c    \
		}                  \
	}
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

/* --- lists ------------------------------------------------------------------------------------------------------- */

static const struct row allowed[] = {
	/* descriptors */
	CALL(read),
	CALL(readv),
	CALL(pread64),
	CALL(write),
	CALL(writev),
	CALL(lseek),
	CALL(close),
	CALL(dup),
	CALL(poll),
	CALL(ppoll),
	CALL(select),
	CALL(pselect6),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_wait),
	CALL(epoll_pwait),
	CALL(eventfd2),
	CALL(pipe2),
	/* what is said of files; the file filter does not hide that either */
	CALL(fstat),
	CALL(newfstatat),
	CALL(stat),
	CALL(lstat),
	CALL(statx),
	CALL(fstatfs),
	CALL(access),
	CALL(faccessat),
	CALL(faccessat2),
	CALL(readlink),
	CALL(readlinkat),
	CALL(getcwd),
	CALL(getdents64),
	/* memory, but see below for what is executable */
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL(brk),
	CALL(membarrier),
	CALL(mincore),
	/* threads */
	CALL(futex),
	CALL(set_robust_list),
	CALL(rseq),
	CALL(exit),
	CALL(exit_group),
	CALL(sched_yield),
	CALL(sched_getaffinity),
	CALL(sched_setaffinity),
	CALL(getcpu),
	CALL(gettid),
	CALL(getpid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(getppid),
	CALL(getrlimit),
	CALL(getrusage),
	CALL(sysinfo),
	CALL(uname),
	CALL_IF(clone, HAS(0, CLONE_THREAD, CLONE_THREAD)),
	CALL_IF(prlimit64, HAS(2, ALL_BITS, 0)),
	CALL_IF(prctl, IS(0, PR_SET_NAME)),
	CALL_IF(prctl, IS(0, PR_GET_NAME)),
	CALL_IF(prctl, IS(0, PR_GET_NO_NEW_PRIVS)),
	CALL_IF(prctl, IS(0, PR_GET_DUMPABLE)),
	CALL_IF(prctl, IS(0, PR_SET_VMA)),
	/* time, signals, random numbers */
	CALL(clock_gettime),
	CALL(clock_getres),
	CALL(gettimeofday),
	CALL(time),
	CALL(nanosleep),
	CALL(clock_nanosleep),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(rt_sigpending),
	CALL(rt_sigtimedwait),
	CALL(sigaltstack),
	CALL(restart_syscall),
	CALL(getrandom),
	/* sockets that are open */
	CALL(getsockopt),
	CALL(setsockopt),
	CALL(getsockname),
	CALL(getpeername),
	CALL(recvfrom),
	CALL(recvmsg),
	CALL(recvmmsg),
	CALL(sendto),
	CALL(sendmsg),
	CALL(sendmmsg),
	CALL(shutdown),
	/* bind() takes a packet socket to an interface that was made anew; TCP ports are Landlock's */
	CALL(connect),
	CALL(bind),
	/* if_nametoindex() */
	CALL_IF3(socket, IS(0, AF_UNIX), HAS(1, 0xf, SOCK_DGRAM), IS(2, 0)),
	CALL_IF(ioctl, IS(1, SIOCGIFINDEX)),
	CALL_IF(ioctl, IS(1, SIOCGIFNAME)),
	CALL_IF(ioctl, IS(1, SIOCGIFFLAGS)),
	CALL_IF(ioctl, IS(1, FIONREAD)),
	CALL_IF(ioctl, IS(1, FIONBIO)),
	CALL_IF(ioctl, IS(1, TCGETS)),
	CALL_IF(fcntl, IS(1, F_GETFD)),
	CALL_IF(fcntl, IS(1, F_SETFD)),
	CALL_IF(fcntl, IS(1, F_GETFL)),
	CALL_IF(fcntl, IS(1, F_SETFL)),
	CALL_IF(fcntl, IS(1, F_DUPFD)),
	CALL_IF(fcntl, IS(1, F_DUPFD_CLOEXEC)),
	/* modules are mapped when they are read again; nothing is both writable and executable, or becomes executable */
	CALL_IF(mmap, HAS(2, PROT_WRITE | PROT_EXEC, 0)),
	CALL_IF(mmap, HAS(2, PROT_WRITE | PROT_EXEC, PROT_WRITE)),
	CALL_IF(mmap, HAS(2, PROT_WRITE | PROT_EXEC, PROT_EXEC)),
	CALL_IF(mprotect, HAS(2, PROT_EXEC, 0)),
};

/* Sockets to a collector and to name servers, and what getaddrinfo() asks of the kernel. */
static const struct row for_network[] = {
	CALL_IF3(socket, IS(0, AF_INET), HAS(1, 0xf, SOCK_STREAM), IS(2, 0)),
	CALL_IF3(socket, IS(0, AF_INET), HAS(1, 0xf, SOCK_STREAM), IS(2, 6)),
	CALL_IF3(socket, IS(0, AF_INET), HAS(1, 0xf, SOCK_DGRAM), IS(2, 0)),
	CALL_IF3(socket, IS(0, AF_INET), HAS(1, 0xf, SOCK_DGRAM), IS(2, 17)),
	CALL_IF3(socket, IS(0, AF_INET6), HAS(1, 0xf, SOCK_STREAM), IS(2, 0)),
	CALL_IF3(socket, IS(0, AF_INET6), HAS(1, 0xf, SOCK_STREAM), IS(2, 6)),
	CALL_IF3(socket, IS(0, AF_INET6), HAS(1, 0xf, SOCK_DGRAM), IS(2, 0)),
	CALL_IF3(socket, IS(0, AF_INET6), HAS(1, 0xf, SOCK_DGRAM), IS(2, 17)),
	CALL_IF3(socket, IS(0, AF_NETLINK), HAS(1, 0xf, SOCK_RAW), IS(2, NETLINK_ROUTE)),
};

/* nscd, systemd-resolved, sssd */
static const struct row for_local_stream[] = {
	CALL_IF3(socket, IS(0, AF_UNIX), HAS(1, 0xf, SOCK_STREAM), IS(2, 0)),
};

/* Without a folder to write in. */
#define FOR_WRITING (O_ACCMODE | O_CREAT | O_TRUNC)
static const struct row for_reading[] = {
	CALL_IF(open, HAS(1, FOR_WRITING, O_RDONLY)),
	CALL_IF(openat, HAS(2, FOR_WRITING, O_RDONLY)),
};

/* With one. */
static const struct row for_writing[] = {
	CALL(open),
	CALL(openat),
	CALL(pwrite64),
	CALL(pwritev),
	CALL(fsync),
	CALL(fdatasync),
	CALL(ftruncate),
	CALL(fallocate),
	CALL(flock),
	CALL(rename),
	CALL(renameat),
	CALL(renameat2),
	CALL(unlink),
	CALL(unlinkat),
	CALL(mkdir),
	CALL(mkdirat),
	CALL(rmdir),
	CALL(fchmod),
	CALL_IF(fcntl, IS(1, F_SETLK)),
	CALL_IF(fcntl, IS(1, F_SETLKW)),
	CALL_IF(fcntl, IS(1, F_GETLK)),
	CALL_IF(fcntl, IS(1, F_OFD_SETLK)),
};

/* The C library takes these as "not in this kernel", and makes the call that can be judged by its arguments. */
static const struct row absent[] = { CALL(clone3), CALL(openat2) };

static const struct row deadly[] = {
	/* other programs and other processes */
	CALL(execve),
	CALL(execveat),
	CALL(fork),
	CALL(vfork),
	CALL(process_vm_readv),
	CALL(process_vm_writev),
	CALL(pidfd_getfd),
	CALL(pidfd_send_signal),
	CALL(kcmp),
#if !SANDBOX_SANITIZED
	CALL(ptrace),
#endif
	/* privileges and namespaces */
	CALL(setuid),
	CALL(setgid),
	CALL(setreuid),
	CALL(setregid),
	CALL(setresuid),
	CALL(setresgid),
	CALL(setgroups),
	CALL(setfsuid),
	CALL(setfsgid),
	CALL(capset),
	CALL(unshare),
	CALL(setns),
	CALL(chroot),
	CALL(pivot_root),
	CALL(mount),
	CALL(umount2),
	CALL(move_mount),
	CALL(open_tree),
	CALL(fsopen),
	CALL(fsconfig),
	CALL(fsmount),
	CALL(fspick),
	CALL(mount_setattr),
	CALL(open_by_handle_at),
	CALL(keyctl),
	CALL(add_key),
	CALL(request_key),
	/* the kernel and the machine */
	CALL(bpf),
	CALL(perf_event_open),
	CALL(userfaultfd),
	CALL(io_uring_setup),
	CALL(init_module),
	CALL(finit_module),
	CALL(delete_module),
	CALL(kexec_load),
	CALL(kexec_file_load),
	CALL(reboot),
	CALL(swapon),
	CALL(swapoff),
	CALL(iopl),
	CALL(ioperm),
	CALL(acct),
	CALL(quotactl),
	CALL(settimeofday),
	CALL(clock_settime),
	CALL(clock_adjtime),
	CALL(adjtimex),
	CALL(sethostname),
	CALL(setdomainname),
	CALL(syslog),
	CALL(mknod),
	CALL(mknodat),
	/* the wire, but for the sockets that are open */
	CALL_IF(socket, IS(0, AF_PACKET)),
	CALL_IF3(socket, IS(0, AF_INET), HAS(1, 0xf, SOCK_RAW), HAS(2, 0, 0)),
	CALL_IF3(socket, IS(0, AF_INET6), HAS(1, 0xf, SOCK_RAW), HAS(2, 0, 0)),
};

/* --- filter ------------------------------------------------------------------------------------------------------ */

static int
add_row(scmp_filter_ctx filter, uint32_t action, const struct row *row)
{
	struct scmp_arg_cmp tests[N(row->tests)];

	for (unsigned i = 0; i < row->n_tests; i++)
		tests[i] = (struct scmp_arg_cmp){
			.arg = row->tests[i].arg,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = row->tests[i].mask,
			.datum_b = row->tests[i].value,
		};
	return seccomp_rule_add_array(filter, action, row->call, row->n_tests, tests);
}

static int
add_rows(scmp_filter_ctx filter, uint32_t action, const struct row *rows, size_t n)
{
	int rc = 0;

	/* a filter may not say twice what happens anyway */
	if (action == (SANDBOX_SANITIZED ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM)))
		return 0;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add_row(filter, action, &rows[i]);
	return rc;
}

/* Signals to itself: abort(), and what a library raises. */
static int
add_own_signals(scmp_filter_ctx filter)
{
	const struct row rows[] = {
		CALL_IF(kill, IS(0, (scmp_datum_t)(uint32_t)getpid())),
		CALL_IF(tgkill, IS(0, (scmp_datum_t)(uint32_t)getpid())),
	};

	return add_rows(filter, SCMP_ACT_ALLOW, rows, N(rows));
}

static bool
wants_to_write(const struct sandbox_needs *needs)
{
	for (size_t i = 0; i < needs->n_paths; i++)
		if (needs->paths[i].writable)
			return true;
	return false;
}

static int
fill(scmp_filter_ctx filter, const struct sandbox_needs *needs)
{
	bool writes = wants_to_write(needs);
	uint32_t kill =
	    seccomp_api_get() >= API_KILL_PROCESS ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_KILL_THREAD;

	int rc = add_rows(filter, kill, deadly, N(deadly));
	if (rc == 0)
		rc = add_rows(filter, SCMP_ACT_ERRNO(ENOSYS), absent, N(absent));
	if (rc == 0)
		rc = add_rows(filter, SCMP_ACT_ALLOW, allowed, N(allowed));
	if (rc == 0)
		rc = add_own_signals(filter);
	if (rc == 0 && needs->network)
		rc = add_rows(filter, SCMP_ACT_ALLOW, for_network, N(for_network));
	if (rc == 0 && needs->local_stream)
		rc = add_rows(filter, SCMP_ACT_ALLOW, for_local_stream, N(for_local_stream));
	if (rc == 0)
		rc = add_rows(filter, SCMP_ACT_ALLOW, writes ? for_writing : for_reading,
		              writes ? N(for_writing) : N(for_reading));
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, kill);
	return rc;
}

static int
load(scmp_filter_ctx filter)
{
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	/* the error of the kernel rather than one word for all of them */
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	/* a tree, not a list: the calls of each packet's batch are few, those of an accident many */
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return rc == 0 ? seccomp_load(filter) : rc;
}

int
sandbox_calls(const struct sandbox_needs *needs)
{
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL) {
		log_info("sandbox: this kernel has no seccomp: no system call filter");
		return NM_OK;
	}
	scmp_filter_ctx filter =
	    seccomp_init(SANDBOX_SANITIZED ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
	int rc = filter ? fill(filter, needs) : -ENOMEM;
	if (rc == 0)
		rc = load(filter);
	seccomp_release(filter);
	if (rc != 0)
		log_error("sandbox: seccomp: %s", nm_strerror(rc));
	return rc;
}
