/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Old files of the RRD tree. */
#include "collector/prune.h"

#include "collector/rrdfile_head.h"
#include "lib/err.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX    10 /* folders below the root: hosts and eight hextets, and one to spare */
#define DAY_S        86400u
#define PATH_SIZE    128 /* below the root; the longest has 60 octets */
#define ENTRIES_STEP 256 /* some milliseconds when nothing is in the cache */

/* Folders of the root that are walked. */
static const char *const tops[] = { "totals", "groups", "hosts" };
#define N_TOPS (sizeof(tops) / sizeof(tops[0]))

struct prune {
	struct prune_config config;
	uint32_t data_s;
	uint32_t wall_s;
	size_t next_top; /* N_TOPS: no walk goes on */
	size_t depth;    /* folders that are open */
	DIR *folders[DEPTH_MAX];
	size_t lens[DEPTH_MAX]; /* of their paths */
	char path[PATH_SIZE];   /* of the innermost one, below the root */
	uint64_t removed;
};

struct prune *
prune_new(const struct prune_config *config)
{
	struct prune *prune = calloc(1, sizeof(*prune));

	if (prune) {
		prune->config = *config;
		prune->next_top = N_TOPS;
	}
	return prune;
}

uint32_t
prune_data_time(const struct prune_clocks *c)
{
	uint64_t reached = c->newest_s ? c->newest_s : c->base_s;
	uint64_t believed = (uint64_t)c->base_s + c->elapsed_s + DAY_S;

	if (c->base_s != 0 && reached > believed)
		reached = believed;
	return reached < c->wall_s ? (uint32_t)reached : c->wall_s;
}

static void
end_walk(struct prune *prune)
{
	while (prune->depth > 0)
		(void)closedir(prune->folders[--prune->depth]);
	prune->next_top = N_TOPS;
}

void
prune_free(struct prune *prune)
{
	if (!prune)
		return;
	end_walk(prune);
	free(prune);
}

void
prune_begin(struct prune *prune, uint32_t data_s, uint32_t wall_s)
{
	end_walk(prune);
	prune->data_s = data_s;
	prune->wall_s = wall_s;
	prune->next_top = 0;
}

static void
full_path(const struct prune *prune, const char *name, char *ret_path, size_t size)
{
	(void)snprintf(ret_path, size, "%s/%s%s%s", prune->config.root, prune->path,
	               *name ? "/" : "", name);
}

/* Goes into a folder; its path is in prune->path already. */
static void
enter(struct prune *prune)
{
	char path[RRD_PATH_MAX];

	full_path(prune, "", path, sizeof(path));
	/* what is a link was not made by netmond */
	int fd = prune->depth < DEPTH_MAX
	             ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
	             : -1;
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	if (!folder) {
		if (fd >= 0)
			(void)close(fd);
		prune->path[prune->depth > 0 ? prune->lens[prune->depth - 1] : 0] = '\0';
		return;
	}
	prune->lens[prune->depth] = strlen(prune->path);
	prune->folders[prune->depth++] = folder;
}

/* Leaves a folder; it goes when it is empty, but for the outermost ones. */
static void
leave(struct prune *prune)
{
	char path[RRD_PATH_MAX];

	full_path(prune, "", path, sizeof(path));
	(void)closedir(prune->folders[--prune->depth]);
	if (prune->depth == 0)
		return;
	(void)rmdir(path); /* refused when something is in it, which is what is wanted */
	prune->path[prune->lens[prune->depth - 1]] = '\0';
}

/* Whether the file says of itself that its last update is long ago. */
static bool
is_old(const struct prune *prune, int folder, const char *name)
{
	uint8_t bytes[RRD_HEAD_MAX];
	struct rrd_head head;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool old = rrd_head_read(fd, bytes, &head) == NM_OK && head.last_s < prune->data_s;
	(void)close(fd);
	return old;
}

static void
look_at_file(struct prune *prune, int folder, const char *name, const struct stat *st)
{
	char path[PATH_SIZE + NAME_MAX + 2];
	struct rrd_series series;
	bool is_file;

	if (st->st_mtime >= (time_t)prune->wall_s)
		return;
	(void)snprintf(path, sizeof(path), "%s/%s", prune->path, name);
	if (rrdpath_parse(path, &series, &is_file) < 0 || !is_file || !is_old(prune, folder, name))
		return;
	if (!prune->config.may_remove(prune->config.ctx, &series))
		return;
	prune->removed += unlinkat(folder, name, 0) == 0;
}

static void
look_at(struct prune *prune, const char *name)
{
	int folder = dirfd(prune->folders[prune->depth - 1]);
	size_t len = strlen(prune->path);
	struct stat st;

	if (name[0] == '.' || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISREG(st.st_mode)) {
		look_at_file(prune, folder, name, &st);
	} else if (S_ISDIR(st.st_mode) && len + strlen(name) + 2 < PATH_SIZE) {
		(void)snprintf(prune->path + len, PATH_SIZE - len, "/%s", name);
		enter(prune);
	}
}

bool
prune_step(struct prune *prune)
{
	for (unsigned i = 0; i < ENTRIES_STEP; i++) {
		if (prune->depth == 0) {
			if (prune->next_top == N_TOPS)
				return false;
			(void)snprintf(prune->path, PATH_SIZE, "%s", tops[prune->next_top++]);
			enter(prune);
			continue;
		}
		const struct dirent *entry = readdir(prune->folders[prune->depth - 1]);
		if (entry)
			look_at(prune, entry->d_name);
		else
			leave(prune);
	}
	return true;
}

uint64_t
prune_removed(const struct prune *prune)
{
	return prune->removed;
}
