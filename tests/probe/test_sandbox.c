/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sandbox's parts, each in a child of its own: there is no way out of them. What a module can do inside is
 * tests/e2e/test_sandbox.py's. */
#include "probe/sandbox.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/options.h"
#include "probe/user.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534

/* Folders of one test: "in" may be opened, "out" not. */
static char top[] = "/tmp/netmon-sandbox-XXXXXX";
static char in[64], out[64], in_file[96], out_file[96], new_file[96];

static void
make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	(void)close(fd);
}

static int
setup(void **state)
{
	(void)state;
	log_init("# sandbox", LOG_LEVEL_ERROR);
	if (!mkdtemp(top))
		return -1;
	(void)snprintf(in, sizeof(in), "%s/in", top);
	(void)snprintf(out, sizeof(out), "%s/out", top);
	(void)snprintf(in_file, sizeof(in_file), "%s/file", in);
	(void)snprintf(new_file, sizeof(new_file), "%s/new", in);
	(void)snprintf(out_file, sizeof(out_file), "%s/file", out);
	if (mkdir(in, 0755) < 0 || mkdir(out, 0755) < 0)
		return -1;
	make_file(in_file);
	make_file(out_file);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(in_file);
	(void)unlink(new_file);
	(void)unlink(out_file);
	(void)rmdir(in);
	(void)rmdir(out);
	return rmdir(top);
}

/* --- children ---------------------------------------------------------------------------------------------------- */

/* What a child does: its exit status, 0 when all was as it should be. */
typedef int (*child_fn)(const struct sandbox_needs *needs);

#define CHECK(line_is_true)                     \
	do {                                    \
		if (!(line_is_true))            \
			return __LINE__ & 0xff; \
	} while (0)

/* The status of waitpid(). */
static int
in_child(child_fn fn, const struct sandbox_needs *needs)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(fn(needs));
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
assert_well(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		fail_msg("the child's check in line %d (mod 256) did not hold",
		         WEXITSTATUS(status));
	assert_true(WIFEXITED(status));
}

static int
try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

static bool
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

/* --- file filter ------------------------------------------------------------------------------------------------- */

static int
reads_only(const struct sandbox_needs *needs)
{
	CHECK(sandbox_seal() == NM_OK);
	CHECK(sandbox_files(needs) == NM_OK);
	CHECK(try_open(in_file, O_RDONLY) == 0);
	CHECK(try_open(in, O_RDONLY | O_DIRECTORY) == 0);
	CHECK(try_open(in_file, O_WRONLY) == EACCES);
	CHECK(try_open(new_file, O_WRONLY | O_CREAT) == EACCES);
	CHECK(unlink(in_file) < 0 && errno == EACCES);
	CHECK(try_open(out_file, O_RDONLY) == EACCES);
	CHECK(try_open(out, O_RDONLY | O_DIRECTORY) == EACCES);
	CHECK(kill(getppid(), 0) < 0 || syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 6);
	return 0;
}

static int
writes(const struct sandbox_needs *needs)
{
	CHECK(sandbox_seal() == NM_OK);
	CHECK(sandbox_files(needs) == NM_OK);
	CHECK(try_open(new_file, O_WRONLY | O_CREAT) == 0);
	CHECK(try_open(in_file, O_RDWR | O_TRUNC) == 0);
	CHECK(unlink(new_file) == 0);
	CHECK(try_open(out_file, O_WRONLY) == EACCES);
	return 0;
}

static int
one_file(const struct sandbox_needs *needs)
{
	CHECK(sandbox_seal() == NM_OK);
	CHECK(sandbox_files(needs) == NM_OK);
	CHECK(try_open(in_file, O_RDONLY) == 0);
	CHECK(try_open(in, O_RDONLY | O_DIRECTORY) == EACCES);
	return 0;
}

static void
only_what_is_allowed_can_be_opened_and_only_read(void **state)
{
	struct sandbox_needs needs = { .n_paths = 0 };

	(void)state;
	if (!has_landlock())
		skip();
	sandbox_allow(&needs, "/nonexistent", false);
	sandbox_allow(&needs, in, false);
	assert_well(in_child(reads_only, &needs));
}

static void
a_writable_folder_can_be_written(void **state)
{
	struct sandbox_needs needs = { .n_paths = 0 };

	(void)state;
	if (!has_landlock())
		skip();
	sandbox_allow(&needs, in, true);
	assert_well(in_child(writes, &needs));
}

static void
a_file_is_allowed_without_its_folder(void **state)
{
	struct sandbox_needs needs = { .n_paths = 0 };

	(void)state;
	if (!has_landlock())
		skip();
	sandbox_allow(&needs, in_file, true);
	assert_well(in_child(one_file, &needs));
}

static void
a_row_too_many_allows_less_not_more(void **state)
{
	struct sandbox_needs *needs = calloc(1, sizeof(*needs));

	(void)state;
	assert_non_null(needs);
	for (unsigned i = 0; i < SANDBOX_PATHS_MAX; i++)
		sandbox_allow(needs, "/nonexistent", false);
	sandbox_allow(needs, out, false);
	assert_int_equal(needs->n_paths, SANDBOX_PATHS_MAX);
	free(needs);
}

/* --- system call filter ------------------------------------------------------------------------------------------ */

static void *
thread_body(void *arg)
{
	*(int *)arg = 1;
	return NULL;
}

static int
works_inside(const struct sandbox_needs *needs)
{
	pthread_t thread;
	int ran = 0;

	CHECK(sandbox_seal() == NM_OK);
	CHECK(sandbox_calls(needs) == NM_OK);
	CHECK(pthread_create(&thread, NULL, thread_body, &ran) == 0);
	CHECK(pthread_join(thread, NULL) == 0 && ran == 1);
	CHECK(try_open(in_file, O_RDONLY) == 0);
	free(malloc((size_t)64 << 20));
	return 0;
}

static int
refuses_the_unknown(const struct sandbox_needs *needs)
{
	CHECK(sandbox_seal() == NM_OK);
	CHECK(sandbox_calls(needs) == NM_OK);
	CHECK(chmod(in_file, 0600) < 0 && errno == EPERM);
	CHECK(try_open(in_file, O_WRONLY) == EPERM);
	CHECK(try_open(in_file, O_RDONLY | O_TRUNC) == EPERM);
	CHECK(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
	CHECK(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
	CHECK(kill(getppid(), 0) < 0 && errno == EPERM);
	CHECK(kill(getpid(), 0) == 0);
	CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 && errno == EPERM);
	return 0;
}

static int
has_sockets(const struct sandbox_needs *needs)
{
	CHECK(sandbox_seal() == NM_OK);
	CHECK(sandbox_calls(needs) == NM_OK);
	CHECK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) >= 0);
	CHECK(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0 || errno == EAFNOSUPPORT);
	CHECK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0);
	CHECK(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
	CHECK(SANDBOX_SANITIZED ||
	      (socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) < 0 && errno == EPERM));
	return 0;
}

static int
may_write(const struct sandbox_needs *needs)
{
	CHECK(sandbox_seal() == NM_OK);
	CHECK(sandbox_calls(needs) == NM_OK);
	CHECK(try_open(new_file, O_WRONLY | O_CREAT) == 0);
	CHECK(unlink(new_file) == 0);
	return 0;
}

static int
starts_a_program(const struct sandbox_needs *needs)
{
	char *argv[] = { "true", NULL };

	CHECK(sandbox_seal() == NM_OK);
	CHECK(sandbox_calls(needs) == NM_OK);
	(void)execv("/bin/true", argv);
	return 1;
}

static int
opens_a_packet_socket(const struct sandbox_needs *needs)
{
	CHECK(sandbox_seal() == NM_OK);
	CHECK(sandbox_calls(needs) == NM_OK);
	(void)socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	return 1;
}

static void
memory_threads_and_reading_work_inside(void **state)
{
	(void)state;
	assert_well(in_child(works_inside, &(struct sandbox_needs){ .n_paths = 0 }));
}

static void
what_is_on_no_list_fails(void **state)
{
	(void)state;
	if (SANDBOX_SANITIZED)
		skip();
	assert_well(in_child(refuses_the_unknown, &(struct sandbox_needs){ .n_paths = 0 }));
}

static void
a_network_gives_tcp_and_udp_and_no_more(void **state)
{
	(void)state;
	assert_well(in_child(has_sockets,
	                     &(struct sandbox_needs){ .network = true, .local_stream = true }));
}

static void
a_writable_row_allows_the_calls_for_it(void **state)
{
	struct sandbox_needs needs = { .n_paths = 0 };

	(void)state;
	sandbox_allow(&needs, in, true);
	assert_well(in_child(may_write, &needs));
}

static void
what_only_an_intruder_does_ends_the_process(void **state)
{
	static const child_fn acts[] = { starts_a_program, opens_a_packet_socket };

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = in_child(acts[i], &(struct sandbox_needs){ .network = true });
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

/* --- user -------------------------------------------------------------------------------------------------------- */

static int
chooses_as_a_user(const struct sandbox_needs *needs)
{
	struct user user;

	(void)needs;
	CHECK(geteuid() != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0);
	CHECK(user_choose(NULL, &user) == NM_OK && !user.change && user.uid == getuid());
	CHECK(user_choose("root", &user) == -EPERM);
	CHECK(user_become(&user) == NM_OK);
	return 0;
}

static int
chooses_as_root(const struct sandbox_needs *needs)
{
	struct user user = { .uid = 0 };

	(void)needs;
	CHECK(user_choose(NULL, &user) == NM_OK && user.change && user.uid != 0);
	CHECK(user_choose("root", &user) == NM_OK && user.change && user.uid == 0);
	CHECK(user_choose("nobody", &user) == NM_OK && user.uid == NOBODY);
	CHECK(user_become(&user) == NM_OK);
	CHECK(getuid() == NOBODY && getegid() == user.gid && getgroups(0, NULL) == 1);
	CHECK(setuid(0) < 0);
	CHECK(prctl(PR_CAPBSET_READ, 0, 0, 0, 0) == 0);
	return 0;
}

static void
a_user_stays_who_it_is(void **state)
{
	(void)state;
	assert_well(in_child(chooses_as_a_user, NULL));
}

static void
root_becomes_somebody_else_for_good(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_well(in_child(chooses_as_root, NULL));
}

static void
an_unknown_user_is_an_error(void **state)
{
	struct user user;

	(void)state;
	log_init("# sandbox", LOG_LEVEL_ERROR);
	assert_int_equal(user_choose("no-such-user", &user), NM_ENOTFOUND);
}

/* A list and a folder that only root can walk to are read through descriptors; what is open to all keeps its name. */
static void
what_only_root_can_walk_to_is_reached(void **state)
{
	struct options o = { .user = (char *)(uintptr_t) "nobody" };

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(top, 0700), 0);
	assert_non_null(o.modules = strdup(in_file));
	assert_non_null(o.module_dir = strdup(in));
	assert_int_equal(sandbox_reach(&o), NM_OK);
	assert_memory_equal(o.modules, "/proc/self/fd/", 14);
	assert_memory_equal(o.module_dir, "/proc/self/fd/", 14);
	assert_string_equal(strrchr(o.modules, '/'), "/file");
	assert_int_equal(chmod(top, 0755), 0);
	free(o.modules);
	free(o.module_dir);
	assert_non_null(o.modules = strdup(in_file));
	assert_non_null(o.module_dir = strdup("/nonexistent"));
	assert_int_equal(sandbox_reach(&o), NM_OK);
	assert_string_equal(o.modules, in_file);
	assert_string_equal(o.module_dir, "/nonexistent");
	free(o.modules);
	free(o.module_dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_allowed_can_be_opened_and_only_read),
		cmocka_unit_test(a_writable_folder_can_be_written),
		cmocka_unit_test(a_file_is_allowed_without_its_folder),
		cmocka_unit_test(a_row_too_many_allows_less_not_more),
		cmocka_unit_test(memory_threads_and_reading_work_inside),
		cmocka_unit_test(what_is_on_no_list_fails),
		cmocka_unit_test(a_network_gives_tcp_and_udp_and_no_more),
		cmocka_unit_test(a_writable_row_allows_the_calls_for_it),
		cmocka_unit_test(what_only_an_intruder_does_ends_the_process),
		cmocka_unit_test(a_user_stays_who_it_is),
		cmocka_unit_test(root_becomes_somebody_else_for_good),
		cmocka_unit_test(an_unknown_user_is_an_error),
		cmocka_unit_test(what_only_root_can_walk_to_is_reached),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
