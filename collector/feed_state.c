/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The RRD tree's watermark and lock. */
#include "collector/feed_state.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/rrdpath.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_NAME   ".netmond"
#define WORD_WRITTEN "written "
#define WORD_BOOT    "boot "
#define WORD_LOST    "lost"
#define BOOT_ID      "/proc/sys/kernel/random/boot_id"

/* Which start of the machine this is; "unknown" where the system does not tell. */
static void
read_boot(char *ret_boot, size_t size)
{
	FILE *file = fopen(BOOT_ID, "re");

	(void)snprintf(ret_boot, size, "unknown");
	if (!file)
		return;
	if (fgets(ret_boot, (int)size, file))
		ret_boot[strcspn(ret_boot, "\n")] = '\0';
	(void)fclose(file);
}

static const char *
after_word(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0 ? line + strlen(word) : NULL;
}

/* Takes one line in. False when there is no such line. */
static bool
read_line(struct feed_state *state, char *line)
{
	const char *rest;

	line[strcspn(line, "\n")] = '\0';
	if ((rest = after_word(line, WORD_WRITTEN))) {
		char *end;
		unsigned long written = strtoul(rest, &end, 10);

		if (end == rest || *end || written > UINT32_MAX)
			return false;
		state->written = (uint32_t)written - (uint32_t)written % RRD_STEP_S;
		return true;
	}
	if ((rest = after_word(line, WORD_BOOT))) {
		state->same_boot = strcmp(rest, state->boot) == 0;
		state->lost |= !state->same_boot;
		return true;
	}
	state->lost |= strcmp(line, WORD_LOST) == 0;
	return strcmp(line, WORD_LOST) == 0;
}

/* Nothing is believed of a file that does not parse: a machine that goes down may leave an empty one. The store has the
 * minutes, the files refuse those that they have. */
static int
read_state(const char *root, struct feed_state *state)
{
	char path[RRD_PATH_MAX];
	char line[64];
	bool parses = true;
	size_t lines = 0;

	(void)snprintf(path, sizeof(path), "%s/" STATE_NAME, root);
	FILE *file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? NM_OK : -errno;
	for (; parses && fgets(line, sizeof(line), file); lines++)
		parses = read_line(state, line);
	(void)fclose(file);
	if (!parses || lines == 0) {
		log_warn("RRD: %s does not parse; all that the store has is added up again", path);
		state->written = 0;
		state->lost = true;
		state->same_boot = false;
	}
	return NM_OK;
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

/* Writes the file anew. */
static int
save(const char *root, const struct feed_state *state, bool running)
{
	char path[RRD_PATH_MAX], new_path[RRD_PATH_MAX];
	int rc = NM_OK;

	(void)snprintf(path, sizeof(path), "%s/" STATE_NAME, root);
	(void)snprintf(new_path, sizeof(new_path), "%s/" STATE_NAME ".new", root);
	FILE *file = fopen(new_path, "we");
	if (!file)
		return -errno;
	(void)fprintf(file, WORD_WRITTEN "%u\n", state->written);
	if (running)
		(void)fprintf(file, WORD_BOOT "%s\n", state->boot);
	if (state->lost)
		(void)fprintf(file, WORD_LOST "\n");
	if (ferror(file))
		rc = -EIO;
	if (fclose(file) != 0)
		rc = -errno;
	if (rc == NM_OK && rename(new_path, path) < 0)
		rc = -errno;
	return rc;
}

int
feed_state_open(const char *root, struct feed_state *ret_state, char *err, size_t err_size)
{
	struct feed_state state = { .same_boot = true };

	if (strlen(root) > RRD_PATH_MAX / 2) {
		(void)snprintf(err, err_size, "the path of the RRD folder is too long");
		return NM_ELIMIT;
	}
	if (mkdir(root, 0755) < 0 && errno != EEXIST) {
		(void)snprintf(err, err_size, "%s: %s", root, nm_strerror(-errno));
		return -errno;
	}
	state.lock_fd = take_lock(root, err, err_size);
	if (state.lock_fd < 0)
		return state.lock_fd;
	read_boot(state.boot, sizeof(state.boot));
	int rc = read_state(root, &state);
	if (rc == NM_OK)
		rc = save(root, &state, true);
	if (rc < 0) {
		(void)snprintf(err, err_size, "%s/" STATE_NAME ": %s", root, nm_strerror(rc));
		(void)close(state.lock_fd);
		return rc;
	}
	*ret_state = state;
	return NM_OK;
}

int
feed_state_save(const char *root, const struct feed_state *state)
{
	return save(root, state, true);
}

void
feed_state_close(const char *root, struct feed_state *state)
{
	if (state->lock_fd < 0)
		return;
	(void)save(root, state, false);
	(void)close(state->lock_fd);
	state->lock_fd = -1;
}
