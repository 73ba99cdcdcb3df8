/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: timed REPORT PROGRAM [ARGUMENT ...]
 *
 * Runs a program and writes what it took to the file REPORT: user and system CPU seconds, wall seconds, peak kilobytes of
 * resident memory, exit status (128 and the signal if it was killed). A small program of its own because the kernel counts
 * the memory of whoever starts a program as that program's.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int
main(int argc, char **argv)
{
	struct rusage usage;
	int status;

	if (argc < 3)
		return 2;
	double began = now();
	pid_t pid = fork();
	if (pid == 0) {
		(void)execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		return 2;
	FILE *report = fopen(argv[1], "w");
	if (!report)
		return 2;
	(void)fprintf(report, "%.3f %.3f %.3f %ld %d\n", seconds(usage.ru_utime),
	              seconds(usage.ru_stime), now() - began, usage.ru_maxrss,
	              WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return fclose(report) == 0 ? 0 : 2;
}
