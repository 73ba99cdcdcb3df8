/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * deny CALL[:ARGUMENT] ERRNO PROGRAM [ARGUMENTS]
 *
 * Runs a program in which one system call fails with that errno (a number), all of its calls or those whose first argument
 * is ARGUMENT: a kernel or a container that refuses a step of the sandbox.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
install(char *call, uint16_t error)
{
	char *argument = strchr(call, ':');
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argument)
		*argument++ = '\0';
	if (!filter)
		return -ENOMEM;
	/* no_new_privs is for the program to set */
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, geteuid() == 0 ? 0 : 1);
	const struct scmp_arg_cmp first = { .arg = 0,
		                            .op = SCMP_CMP_EQ,
		                            .datum_a = argument ? strtoul(argument, NULL, 10) : 0 };
	if (rc == 0)
		rc = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(error),
		                            seccomp_syscall_resolve_name(call), argument ? 1 : 0,
		                            &first);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

int
main(int argc, char **argv)
{
	if (argc < 4) {
		(void)fprintf(stderr, "usage: deny CALL[:ARGUMENT] ERRNO PROGRAM [ARGUMENTS]\n");
		return 2;
	}
	int rc = install(argv[1], (uint16_t)strtoul(argv[2], NULL, 10));
	if (rc == 0)
		(void)execv(argv[3], argv + 3);
	(void)fprintf(stderr, "deny: %s\n", strerror(rc < 0 ? -rc : errno));
	return 125;
}
