/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The RRD tree's watermark and lock. */
#include "collector/feed_state.h"

#include "lib/err.h"
#include "lib/rrdpath.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_NAME ".netmond"
#define STATE_WORD "written "

/* 0 when the file is not there. */
static int
read_state(const char *root, uint32_t *ret_written)
{
	char path[RRD_PATH_MAX];
	char line[64] = "";
	int rc = NM_OK;

	(void)snprintf(path, sizeof(path), "%s/" STATE_NAME, root);
	FILE *file = fopen(path, "re");
	if (!file) {
		*ret_written = 0;
		return errno == ENOENT ? NM_OK : -errno;
	}
	if (!fgets(line, sizeof(line), file) || strncmp(line, STATE_WORD, strlen(STATE_WORD)) != 0)
		rc = NM_EFORMAT;
	(void)fclose(file);
	unsigned long written = rc == NM_OK ? strtoul(line + strlen(STATE_WORD), NULL, 10) : 0;
	if (written > UINT32_MAX)
		rc = NM_EFORMAT;
	if (rc == NM_OK)
		*ret_written = (uint32_t)written - (uint32_t)written % RRD_STEP_S;
	return rc;
}

static int
take_lock(const char *root, char *err, size_t err_size)
{
	char path[RRD_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/" STATE_NAME ".lock", root);
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	if (fd < 0) {
		(void)snprintf(err, err_size, "%s: %s", path, nm_strerror(-errno));
		return -errno;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		(void)close(fd);
		(void)snprintf(err, err_size, "%s: another netmond writes to this tree", root);
		return NM_EEXISTS;
	}
	return fd;
}

int
feed_state_open(const char *root, int *ret_lock_fd, uint32_t *ret_written, char *err,
                size_t err_size)
{
	if (strlen(root) > RRD_PATH_MAX / 2) {
		(void)snprintf(err, err_size, "the path of the RRD folder is too long");
		return NM_ELIMIT;
	}
	if (mkdir(root, 0755) < 0 && errno != EEXIST) {
		(void)snprintf(err, err_size, "%s: %s", root, nm_strerror(-errno));
		return -errno;
	}
	int fd = take_lock(root, err, err_size);
	if (fd < 0)
		return fd;
	int rc = read_state(root, ret_written);
	if (rc < 0) {
		(void)snprintf(err, err_size, "%s/" STATE_NAME ": %s: remove it to begin anew",
		               root, nm_strerror(rc));
		(void)close(fd);
		return rc;
	}
	*ret_lock_fd = fd;
	return NM_OK;
}

int
feed_state_save(const char *root, uint32_t written)
{
	char path[RRD_PATH_MAX], new_path[RRD_PATH_MAX];
	int rc = NM_OK;

	(void)snprintf(path, sizeof(path), "%s/" STATE_NAME, root);
	(void)snprintf(new_path, sizeof(new_path), "%s/" STATE_NAME ".new", root);
	FILE *file = fopen(new_path, "we");
	if (!file)
		return -errno;
	if (fprintf(file, STATE_WORD "%u\n", written) < 0)
		rc = -EIO;
	if (fclose(file) != 0)
		rc = -errno;
	if (rc == NM_OK && rename(new_path, path) < 0)
		rc = -errno;
	return rc;
}
