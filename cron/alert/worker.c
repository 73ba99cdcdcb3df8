/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process that sends one message. */
#include "cron/alert/worker.h"

#include "lib/err.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 2000 /* behind the libraries' own limits, which say more about what was wrong */

int64_t
worker_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The store's handle is the parent's and is not touched; nothing of the parent's is flushed or freed here. */
static void __attribute__((noreturn))
work(const struct send_context *ctx, const struct send_job *job, int fd)
{
	struct send_result result;

	/* a killed parent takes its children along: what they would still send could not be noted */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	send_job(ctx, job, &result);
	_exit(write(fd, &result, sizeof(result)) == (ssize_t)sizeof(result) ? 0 : 1);
}

int
worker_start(const struct send_context *ctx, const struct send_job *job, struct worker *ret_worker)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		work(ctx, job, fds[1]);
	int rc = pid < 0 ? -errno : NM_OK;
	(void)close(fds[1]);
	if (rc < 0) {
		(void)close(fds[0]);
		return rc;
	}
	*ret_worker = (struct worker){ .pid = pid,
		                       .fd = fds[0],
		                       .deadline_ms = worker_now_ms() +
		                                      (int64_t)ctx->timeout_s * 1000 + GRACE_MS };
	return NM_OK;
}

void
worker_end(struct worker *worker, struct send_result *ret_result)
{
	struct pollfd ready = { .fd = worker->fd, .events = POLLIN };
	struct send_result result = { .ok = false };
	bool in_time = poll(&ready, 1, 0) > 0;
	ssize_t len = in_time ? read(worker->fd, &result, sizeof(result)) : 0;
	int status = 0;

	if (!in_time)
		(void)kill(worker->pid, SIGKILL);
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	memset(ret_result, 0, sizeof(*ret_result));
	if (!in_time)
		send_failed(ret_result, "no end within the time limit");
	else if (len == (ssize_t)sizeof(result))
		*ret_result = result;
	else
		send_failed(ret_result, "the sending process died (wait status 0x%x)",
		            (unsigned)status);
	(void)close(worker->fd);
	worker->fd = -1;
}
