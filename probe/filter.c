/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiling the BPF filter without trusting a name server. */
#include "probe/filter.h"

#include "lib/err.h"
#include "probe/sandbox.h"
#include "probe/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSTRUCTIONS_MAX 65536 /* the kernel takes 4096; libpcap runs longer ones itself */
#define TEXT_MAX         512

/* What the child says: a program or a text follows. */
struct answer {
	int32_t code; /* 0, or why there is only a text */
	uint32_t len; /* octets that follow */
};

static int
compile_here(pcap_t *pcap, const char *filter, struct bpf_program *ret_program, char *err,
             size_t err_size)
{
	if (pcap_compile(pcap, ret_program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0)
		return NM_OK;
	(void)snprintf(err, err_size, "%s", pcap_geterr(pcap));
	return NM_EFORMAT;
}

/* --- child ------------------------------------------------------------------------------------------------------- */

static bool
put(int fd, const void *bytes, size_t len)
{
	const char *from = bytes;

	while (len > 0) {
		ssize_t n = write(fd, from, len);
		if (n < 0 && errno != EINTR)
			return false;
		from += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Where there is nobody else to become, such as in a container with a single user, capabilities go nonetheless. */
static int
lock_up(void)
{
	struct sandbox_needs needs = { .network = true };
	struct user user;

	if (user_choose(NULL, &user) < 0 || user_become(&user) < 0) {
		user = (struct user){ .uid = getuid(), .gid = getgid() };
		int rc = user_become(&user);
		if (rc < 0)
			return rc;
	}
	needs.local_stream = user.uid != 0;
	return sandbox_lock(&needs, user.uid == 0);
}

static void __attribute__((noreturn)) child(int fd, pcap_t *pcap, const char *filter)
{
	struct bpf_program program = { 0 };
	char text[TEXT_MAX] = "cannot be compiled apart";

	int rc = lock_up();
	if (rc == NM_OK)
		rc = compile_here(pcap, filter, &program, text, sizeof(text));
	const void *what = rc == NM_OK ? (const void *)program.bf_insns : text;
	struct answer answer = {
		.code = rc,
		.len = (uint32_t)(rc == NM_OK ? program.bf_len * sizeof(program.bf_insns[0])
		                              : strlen(text)),
	};
	_exit(put(fd, &answer, sizeof(answer)) && put(fd, what, answer.len) ? 0 : 1);
}

/* --- parent ------------------------------------------------------------------------------------------------------ */

static bool
get(int fd, void *bytes, size_t len)
{
	char *to = bytes;

	while (len > 0) {
		ssize_t n = read(fd, to, len);
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		to += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static int
take_program(int fd, size_t len, struct bpf_program *ret_program)
{
	if (len == 0 || len % sizeof(struct bpf_insn) != 0 ||
	    len / sizeof(struct bpf_insn) > INSTRUCTIONS_MAX)
		return NM_ELIMIT;
	struct bpf_insn *program = malloc(len);
	if (!program)
		return -ENOMEM;
	if (!get(fd, program, len)) {
		free(program);
		return -EIO;
	}
	*ret_program = (struct bpf_program){
		.bf_len = (unsigned)(len / sizeof(struct bpf_insn)),
		.bf_insns = program,
	};
	return NM_OK;
}

static int
take_answer(int fd, struct bpf_program *ret_program, char *err, size_t err_size)
{
	struct answer answer;
	char text[TEXT_MAX] = "";

	if (!get(fd, &answer, sizeof(answer)))
		return -EIO;
	if (answer.code == NM_OK)
		return take_program(fd, answer.len, ret_program);
	if (answer.len >= sizeof(text) || !get(fd, text, answer.len))
		return -EIO;
	(void)snprintf(err, err_size, "%s", text);
	return NM_EFORMAT;
}

static int
compile_apart(pcap_t *pcap, const char *filter, struct bpf_program *ret_program, char *err,
              size_t err_size)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		child(ends[1], pcap, filter);
	int rc = pid < 0 ? -errno : NM_OK;
	(void)close(ends[1]);
	if (rc == NM_OK)
		rc = take_answer(ends[0], ret_program, err, err_size);
	(void)close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return rc;
}

int
filter_compile(pcap_t *pcap, const char *filter, struct bpf_program *ret_program, char *err,
               size_t err_size)
{
	(void)snprintf(err, err_size, "cannot be compiled");
	if (sandbox_sealed())
		return compile_here(pcap, filter, ret_program, err, err_size);
	int rc = compile_apart(pcap, filter, ret_program, err, err_size);
	if (rc < 0 && rc != NM_EFORMAT)
		(void)snprintf(err, err_size, "%s", nm_strerror(rc));
	return rc;
}
