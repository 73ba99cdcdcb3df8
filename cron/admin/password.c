/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a password. */
#include "cron/admin/password.h"

#include "lib/err.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* One line, octet by octet, so that nothing of it stays in a buffer and nothing behind it is taken. */
static int
read_line(int fd, char ret[PASSWORD_SIZE])
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, ret + len, 1)) == 1 && ret[len] != '\n')
		if (++len == PASSWORD_SIZE - 1)
			return NM_EFORMAT;
	if (n < 0)
		return -errno;
	if (len > 0 && ret[len - 1] == '\r')
		len--;
	ret[len] = '\0';
	return len > 0 && len <= USER_PASSWORD_MAX ? NM_OK : NM_EFORMAT;
}

static volatile sig_atomic_t interrupted;

/* Control-C ends read(2) and not the program, so that the terminal shows again what is typed before the program ends. */
static void
interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static int
ask(const char *prompt, char ret[PASSWORD_SIZE])
{
	struct sigaction act = { .sa_handler = interrupt }, old;
	struct termios shown, hidden;

	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return -errno;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	/* before the prompt: what is typed in answer to it must be neither shown nor flushed away */
	(void)sigaction(SIGINT, &act, &old);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	(void)dprintf(STDERR_FILENO, "%s", prompt);
	int rc = read_line(STDIN_FILENO, ret);
	(void)sigaction(SIGINT, &old, NULL);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	(void)dprintf(STDERR_FILENO, "\n");
	return interrupted ? -EINTR : rc;
}

static int
ask_twice(char ret[PASSWORD_SIZE], char *err, size_t err_size)
{
	char again[PASSWORD_SIZE];
	int rc = ask("Password: ", ret);

	if (rc == NM_OK)
		rc = ask("Again: ", again);
	if (rc == NM_OK && strcmp(ret, again) != 0) {
		(void)snprintf(err, err_size, "the two passwords differ");
		rc = NM_EFORMAT;
	}
	explicit_bzero(again, sizeof(again));
	return rc;
}

int
password_read(const char *file, char ret[PASSWORD_SIZE], char *err, size_t err_size)
{
	int rc;

	(void)snprintf(err, err_size, "the password must have 1 to %d characters in one line",
	               USER_PASSWORD_MAX);
	if (file && strcmp(file, "-") != 0) {
		int fd = open(file, O_RDONLY | O_CLOEXEC);

		rc = fd < 0 ? -errno : read_line(fd, ret);
		if (fd >= 0)
			(void)close(fd);
	} else if (!file && isatty(STDIN_FILENO)) {
		rc = ask_twice(ret, err, err_size);
	} else {
		rc = read_line(STDIN_FILENO, ret);
	}
	if (rc < 0 && rc != NM_EFORMAT)
		(void)snprintf(err, err_size, "%s: %s", file ? file : "standard input",
		               nm_strerror(rc));
	return rc;
}
