/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The BPF filter is compiled as libpcap would, but names in it are looked up by somebody who could do no harm. */
#include "probe/filter.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/sandbox.h"

#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Who asked for a name, in memory that a child shares. */
static struct question {
	int n;
	pid_t pid;
	uid_t uid;
	int no_new_privs;
} * asked;

static pcap_t *pcap;
static char err[512];

/* In place of the C library's. Nobody has a name. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
            struct addrinfo **ret_list)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)ret_list;
	asked->n++;
	asked->pid = getpid();
	asked->uid = getuid();
	asked->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	return EAI_NONAME;
}

static int
setup(void **state)
{
	(void)state;
	log_init("# filter", LOG_LEVEL_ERROR);
	asked =
	    mmap(NULL, sizeof(*asked), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pcap = pcap_open_dead(DLT_EN10MB, 65535);
	return pcap && asked != MAP_FAILED ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	pcap_close(pcap);
	return munmap(asked, sizeof(*asked));
}

static void
assert_as_libpcap(const char *filter)
{
	struct bpf_program ours, theirs;

	assert_int_equal(filter_compile(pcap, filter, &ours, err, sizeof(err)), NM_OK);
	assert_int_equal(pcap_compile(pcap, &theirs, filter, 1, PCAP_NETMASK_UNKNOWN), 0);
	assert_int_equal(ours.bf_len, theirs.bf_len);
	assert_memory_equal(ours.bf_insns, theirs.bf_insns,
	                    theirs.bf_len * sizeof(theirs.bf_insns[0]));
	pcap_freecode(&ours);
	pcap_freecode(&theirs);
}

static void
a_filter_is_what_libpcap_makes_of_it(void **state)
{
	(void)state;
	assert_as_libpcap("");
	assert_as_libpcap("udp port 53");
	assert_as_libpcap("vlan and not (tcp portrange 1-1023 or icmp6) and greater 100");
}

/* Longer than a pipe holds at a time. */
static void
a_long_filter_comes_back_whole(void **state)
{
	static char filter[400000];
	size_t at = 0;

	(void)state;
	for (unsigned i = 0; i < 6000; i++)
		at += (size_t)snprintf(filter + at, sizeof(filter) - at, "%stcp[%u:4] = %u",
		                       i ? " or " : "", i % 1000, i);
	assert_as_libpcap(filter);
}

static void
an_error_has_the_words_of_libpcap(void **state)
{
	struct bpf_program program;

	(void)state;
	assert_int_equal(filter_compile(pcap, "tcp prot 80", &program, err, sizeof(err)),
	                 NM_EFORMAT);
	assert_non_null(strstr(err, "syntax error"));
}

static void
names_are_looked_up_by_a_child_that_is_locked_up(void **state)
{
	struct bpf_program program;

	(void)state;
	*asked = (struct question){ 0 };
	assert_int_equal(filter_compile(pcap, "host www.example.org", &program, err, sizeof(err)),
	                 NM_EFORMAT);
	assert_string_equal(err, "unknown host 'www.example.org'");
	assert_true(asked->n > 0);
	assert_int_not_equal(asked->pid, getpid());
	assert_int_not_equal(asked->uid, 0);
	assert_int_equal(asked->no_new_privs, 1);
}

/* Here in a child, because there is no way back. */
static void
a_process_that_is_sealed_compiles_by_itself(void **state)
{
	struct bpf_program program;
	int status = -1;

	(void)state;
	*asked = (struct question){ 0 };
	pid_t child = fork();
	if (child == 0)
		_exit(sandbox_seal() == NM_OK && sandbox_sealed() &&
		              filter_compile(pcap, "host www.example.org", &program, err,
		                             sizeof(err)) == NM_EFORMAT
		          ? 0
		          : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(asked->pid, child);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_is_what_libpcap_makes_of_it),
		cmocka_unit_test(a_long_filter_comes_back_whole),
		cmocka_unit_test(an_error_has_the_words_of_libpcap),
		cmocka_unit_test(names_are_looked_up_by_a_child_that_is_locked_up),
		cmocka_unit_test(a_process_that_is_sealed_compiles_by_itself),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
