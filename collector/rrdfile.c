/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of the RRD tree. */
#include "collector/rrdfile.h"

#include "collector/rrdfile_head.h"
#include "collector/rrdfile_undo.h"
#include "lib/err.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file's life without an update after which its past is unknown, not 0. Gaps are filled with an update each day. */
#define HEARTBEAT_S 86400u
#define GAP_DAYS    366 /* a longer gap is unknown: the file holds no more than that anyway */
#define ARGS_MAX    800 /* values in one call of librrd; more than the longest gap has */

/* One level of resolution: what it must show, and a little more, so that a page that asks for the span up to now finds
 * all of it at this level. */
static const struct rra {
	unsigned steps; /* of RRD_STEP_S in a row */
	unsigned rows;
} rras[] = {
	{ 1, 372 },    /* 1 min for 6 h */
	{ 5, 300 },    /* 5 min for a day */
	{ 60, 172 },   /* 1 h for a week */
	{ 180, 250 },  /* 3 h for a month */
	{ 1440, 370 }, /* 1 day for a year */
};
#define N_RRAS (sizeof(rras) / sizeof(rras[0]))

static const char *const functions[] = { "AVERAGE", "MIN", "MAX" };
#define N_FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static const char *const sources[] = { "in", "out" };
#define N_SOURCES (sizeof(sources) / sizeof(sources[0]))

/* A new file gets its name when it is whole; librrd makes it under six random letters behind this one, too: what a kill leaves of that lies in the root,
 * where it is found. */
#define NEW_NAME    ".netmond.new"
#define BROKEN_NAME ".broken"

/* A file of the tree has 75 kB. */
#define IMAGE_MAX (128 << 10)

/* A row is known when at least half of its minutes are. */
#define XFF "0.5"

static int
system_error(int rc, char *err, size_t err_size, const char *path)
{
	(void)snprintf(err, err_size, "%s: %s", path, nm_strerror(rc));
	return rc;
}

/* Whether there is room for a file: 0 or -errno. */
static int
find_room(const struct rrdfile_tree *tree)
{
	char path[RRD_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/" NEW_NAME, tree->root);
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	int rc = -posix_fallocate(fd, 0, IMAGE_MAX);
	(void)close(fd);
	(void)unlink(path);
	return rc;
}

/* librrd says nothing when the disk is full. */
static int
store_error(const struct rrdfile_tree *tree, char *err, size_t err_size, const char *path)
{
	int rc = find_room(tree);

	(void)snprintf(err, err_size, "%s: %s", path, rrd_get_error());
	rrd_clear_error();
	return rc < 0 ? system_error(rc, err, err_size, path) : NM_ESTORE;
}

/* Makes a file with librrd. */
static int
create_with_librrd(const char *path, uint32_t start)
{
	char texts[N_SOURCES + N_RRAS * N_FUNCTIONS][64];
	const char *argv[N_SOURCES + N_RRAS * N_FUNCTIONS];
	size_t n = 0;

	for (size_t i = 0; i < N_SOURCES; i++, n++)
		(void)snprintf(texts[n], sizeof(texts[n]), "DS:%s:GAUGE:%u:0:U", sources[i],
		               HEARTBEAT_S);
	for (size_t i = 0; i < N_RRAS; i++)
		for (size_t f = 0; f < N_FUNCTIONS; f++, n++)
			(void)snprintf(texts[n], sizeof(texts[n]), "RRA:%s:" XFF ":%u:%u",
			               functions[f], rras[i].steps, rras[i].rows);
	for (size_t i = 0; i < n; i++)
		argv[i] = texts[i];
	return rrd_create_r(path, RRD_STEP_S, (time_t)start, (int)n, argv) == 0 ? NM_OK : NM_ESTORE;
}

/* Reads the file that librrd made: all others that begin at this time are the same. Without memory each is made anew. */
static void
keep_image(struct rrdfile_tree *tree, const char *path, uint32_t start)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	tree->image_start = 0;
	if (!tree->image)
		tree->image = malloc(IMAGE_MAX);
	ssize_t n = fd >= 0 && tree->image ? read(fd, tree->image, IMAGE_MAX) : -1;
	if (n > 0 && n < IMAGE_MAX) {
		tree->image_len = (size_t)n;
		tree->image_start = start;
	}
	if (fd >= 0)
		(void)close(fd);
}

static int
write_image(const struct rrdfile_tree *tree, const char *path)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, tree->image, tree->image_len);
	int rc = n == (ssize_t)tree->image_len ? NM_OK : n < 0 ? -errno : -ENOSPC;
	if (close(fd) < 0 && rc == NM_OK)
		rc = -errno;
	return rc;
}

static int
create(struct rrdfile_tree *tree, const char *path, uint32_t start, char *err, size_t err_size)
{
	char new_path[RRD_PATH_MAX];
	int rc;

	(void)snprintf(new_path, sizeof(new_path), "%s/" NEW_NAME, tree->root);
	if (tree->image_start == start) {
		rc = write_image(tree, new_path);
	} else {
		rc = create_with_librrd(new_path, start);
		if (rc == NM_OK)
			keep_image(tree, new_path, start);
		else
			return store_error(tree, err, err_size, path);
	}
	if (rc == NM_OK && rename(new_path, path) < 0)
		rc = -errno;
	if (rc < 0)
		return system_error(rc, err, err_size, path);
	tree->created++;
	return NM_OK;
}

/* Makes the folders above a file. */
static int
make_folders(char *path, char *err, size_t err_size)
{
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		int rc = mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
		if (rc < 0)
			(void)snprintf(err, err_size, "%s: %s", path, nm_strerror(rc));
		*p = '/';
		if (rc < 0)
			return rc;
	}
	return NM_OK;
}

static int
read_last(const char *path, uint32_t *ret_last)
{
	uint8_t bytes[RRD_HEAD_MAX];
	struct rrd_head head;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = rrd_head_read(fd, bytes, &head);
	(void)close(fd);
	if (rc == NM_OK)
		*ret_last = head.last_s;
	return rc;
}

/* Makes room for a new file where one does not parse. */
static int
put_aside(struct rrdfile_tree *tree, const char *path, char *err, size_t err_size)
{
	char aside[RRD_PATH_MAX + sizeof(BROKEN_NAME)];

	(void)snprintf(aside, sizeof(aside), "%s" BROKEN_NAME, path);
	if (rename(path, aside) < 0)
		return system_error(-errno, err, err_size, path);
	tree->broken++;
	if (log_allowed(&tree->broken_log))
		log_error("RRD: %s does not parse; it is %s now, and is begun anew (%" PRIu64
		          " files so far)",
		          path, aside, tree->broken);
	return NM_OK;
}

/* Time of the last update, of a file that is made when it is not there. */
static int
find_last(struct rrdfile_tree *tree, char *path, uint32_t minute, uint32_t *ret_last, char *err,
          size_t err_size)
{
	int rc = read_last(path, ret_last);

	if (rc == NM_EFORMAT && !tree->leave_broken) {
		rc = put_aside(tree, path, err, err_size);
		if (rc < 0)
			return rc;
		rc = -ENOENT;
	}
	if (rc != -ENOENT)
		return rc < 0 ? system_error(rc, err, err_size, path) : NM_OK;
	rc = make_folders(path, err, err_size);
	if (rc == NM_OK)
		rc = create(tree, path, minute, err, err_size);
	if (rc == NM_OK)
		*ret_last = minute;
	return rc;
}

/* Arguments of one call of rrd_update. */
struct args {
	size_t n;
	uint32_t end; /* time of the last */
	char texts[ARGS_MAX][64];
};

static int
flush_args(struct rrdfile_tree *tree, const char *path, struct args *a, char *err, size_t err_size)
{
	const char *argv[ARGS_MAX];

	if (a->n == 0)
		return NM_OK;
	int rc = rrd_undo_begin(tree->undo, path, a->end);
	if (rc < 0)
		return system_error(rc, err, err_size, path);
	for (size_t i = 0; i < a->n; i++)
		argv[i] = a->texts[i];
	rc = rrd_update_r(path, "in:out", (int)a->n, argv);
	rrd_undo_end(tree->undo);
	a->n = 0;
	return rc != 0 ? store_error(tree, err, err_size, path) : NM_OK;
}

static void
add_arg(struct args *a, uint32_t end, double in_bps, double out_bps)
{
	a->end = end;
	(void)snprintf(a->texts[a->n++], sizeof(a->texts[0]), "%" PRIu32 ":%.6f:%.6f", end, in_bps,
	               out_bps);
}

/* Zeros for the silent minutes from `last` to `minute`: a value counts back to the update before it, and none may count
 * further back than the heartbeat. */
static void
add_silence(struct args *a, uint32_t last, uint32_t minute)
{
	uint32_t days = (minute - last) / HEARTBEAT_S;

	if (days <= GAP_DAYS)
		for (uint32_t i = 1; i <= days && last + i * HEARTBEAT_S < minute; i++)
			add_arg(a, last + i * HEARTBEAT_S, 0, 0);
	add_arg(a, minute, 0, 0);
}

/* Updates the file, in as many calls as the arguments need. *last is the end of what was written. */
static int
update(struct rrdfile_tree *tree, const char *path, const struct rrdfile_update *u, uint32_t *last,
       char *err, size_t err_size)
{
	static struct args args; /* 50 kB, better not on the stack */
	uint32_t end = *last;
	int rc = NM_OK;

	args.n = 0;
	for (size_t i = 0; i < u->n && rc == NM_OK; i++) {
		const struct rrdfile_value *v = &u->values[i];

		if (v->minute < end)
			continue;
		if (v->minute > end)
			add_silence(&args, end, v->minute);
		end = v->minute + RRD_STEP_S;
		add_arg(&args, end, (double)v->in_octets * 8 / RRD_STEP_S,
		        (double)v->out_octets * 8 / RRD_STEP_S);
		if (args.n + GAP_DAYS + 2 > ARGS_MAX)
			rc = flush_args(tree, path, &args, err, err_size);
	}
	if (rc == NM_OK)
		rc = flush_args(tree, path, &args, err, err_size);
	*last = end;
	return rc;
}

/* *last_end is 0 after a failure, so that the file is asked next time: it may have been removed. */
static int
put(struct rrdfile_tree *tree, char *path, const struct rrdfile_update *u, uint32_t *last_end,
    char *err, size_t err_size)
{
	uint32_t last = *last_end;
	int rc = last ? NM_OK : find_last(tree, path, u->values[0].minute, &last, err, err_size);

	*last_end = rc == NM_OK ? last : 0;
	if (rc < 0)
		return rc;
	rc = update(tree, path, u, &last, err, err_size);
	if (rc == NM_OK && last == *last_end)
		return NM_EEXISTS;
	*last_end = rc == NM_OK ? last : 0;
	return rc;
}

int
rrdfile_put(struct rrdfile_tree *tree, const struct rrdfile_update *u, uint32_t *last_end,
            char *err, size_t err_size)
{
	char path[RRD_PATH_MAX];
	bool known = *last_end != 0;

	if (rrdpath_file(tree->root, u->series, path, sizeof(path)) < 0) {
		(void)snprintf(err, err_size, "the path is too long");
		return NM_ELIMIT;
	}
	int rc = put(tree, path, u, last_end, err, err_size);
	/* the file is not what it was: removed, or overwritten */
	if (known && (rc == -ENOENT || rc == NM_EFORMAT))
		rc = put(tree, path, u, last_end, err, err_size);
	return rc;
}

int
rrdfile_make(struct rrdfile_tree *tree, const struct rrd_series *series, uint32_t minute,
             uint32_t *ret_last, char *err, size_t err_size)
{
	char path[RRD_PATH_MAX];

	(void)snprintf(err, err_size, "the path is too long");
	int rc = rrdpath_file(tree->root, series, path, sizeof(path));
	return rc < 0 ? rc : find_last(tree, path, minute, ret_last, err, err_size);
}

int
rrdfile_check(const struct rrdfile_tree *tree, const struct rrd_series *series)
{
	char path[RRD_PATH_MAX];
	uint32_t last;
	int rc = rrdpath_file(tree->root, series, path, sizeof(path));

	return rc == NM_OK ? read_last(path, &last) : rc;
}

/* Removes what is left of files that were being made. */
static void
remove_new(const char *root)
{
	DIR *folder = opendir(root);
	const struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (strncmp(entry->d_name, NEW_NAME, strlen(NEW_NAME)) == 0)
			(void)unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		(void)closedir(folder);
}

int
rrdfile_open(const char *root, bool believed, struct rrdfile_tree *ret_tree, char *err,
             size_t err_size)
{
	struct rrdfile_tree tree = { .root = root, .broken_log = { .burst = 3, .period_s = 60 } };
	int rc = rrd_undo_open(root, believed, &tree.undo, &tree.undone, err, err_size);

	if (rc < 0)
		return rc;
	remove_new(root);
	*ret_tree = tree;
	return NM_OK;
}

void
rrdfile_close(struct rrdfile_tree *tree)
{
	rrd_undo_close(tree->undo);
	tree->undo = NULL;
	free(tree->image);
	tree->image = NULL;
}
