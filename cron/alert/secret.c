/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets come from files. */
#include "cron/alert/secret.h"

#include "lib/err.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A secret that every user of the machine can read is none. */
static int
check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && (st.st_mode & S_IRWXO) == 0 ? NM_OK : NM_EFORMAT;
}

int
secret_read(const char *path, char *ret_text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	int rc = check_file(fd);
	while (rc == NM_OK && len < size && (n = read(fd, ret_text + len, size - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		rc = -errno;
	(void)close(fd);
	if (rc == NM_OK && (len == 0 || len >= size || memchr(ret_text, '\0', len)))
		rc = NM_ELIMIT;
	if (rc == NM_OK)
		ret_text[len] = '\0';
	else
		secret_wipe(ret_text, size);
	return rc;
}

int
secret_read_line(const char *path, char *ret_text, size_t size)
{
	int rc = secret_read(path, ret_text, size);

	if (rc == NM_OK)
		ret_text[strcspn(ret_text, "\r\n")] = '\0';
	return rc == NM_OK && !ret_text[0] ? NM_ELIMIT : rc;
}

const char *
secret_strerror(int code)
{
	switch (code) {
	case NM_ELIMIT:
		return "empty or too long";
	case NM_EFORMAT:
		return "not a regular file, or open to all users: chmod o= it";
	default:
		return nm_strerror(code);
	}
}

void
secret_wipe(char *text, size_t size)
{
	explicit_bzero(text, size);
}
