/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks for the newest minutes before the files are read: netmond, of several workers the one that feeds the tree, and an
 * rrdcached where netmond gives them to one. */
#include "lib/control_ask.h"
#include "lib/err.h"
#include "web/graph.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_MS 1000
#define CACHED "ok rrdcached "
/* What a worker says that does not feed the tree, and how many there may be. */
#define ELSEWHERE   "error: another process"
#define WORKERS_MAX 64

/* "FLUSH FILE" for rrdcached(1), where fields end at blanks that no backslash is before. */
static void
put_flush(struct buf *out, const char *folder, const char *name)
{
	char path[RRD_PATH_MAX + NAME_MAX + 2];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	buf_text(out, "FLUSH ");
	for (const char *p = path; *p; p++) {
		if (*p == ' ' || *p == '\\')
			buf_put(out, "\\", 1);
		buf_put(out, p, 1);
	}
	buf_text(out, "\n");
}

static void
put_folder(struct buf *out, const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	size_t n = 0;

	while (dir && n < GRAPH_FILES_MAX && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".rrd") != 0)
			continue;
		put_flush(out, folder, entry->d_name);
		n++;
	}
	if (dir)
		(void)closedir(dir);
}

static void
ask_rrdcached(const struct graph *graph, const char *socket)
{
	char folder[RRD_PATH_MAX], file[RRD_PATH_MAX], answer[128];
	struct buf lines = { 0 };

	if (rrdpath_folder(graph->rrd, &graph->scope, folder, sizeof(folder)) < 0 ||
	    rrdpath_file(graph->rrd, &graph->scope, file, sizeof(file)) < 0)
		return;
	/* netmond names the files as the system does */
	char *real = realpath(folder, NULL);
	if (real && graph->scope.app == RRD_APP_ALL)
		put_folder(&lines, real);
	else if (real)
		put_flush(&lines, real, strrchr(file, '/') + 1);
	buf_text(&lines, "QUIT");
	if (real)
		(void)control_ask(socket, buf_str(&lines), ASK_MS, answer, sizeof(answer));
	free(real);
	buf_free(&lines);
}

/* The first worker has the socket's own path, the others ".1" and so on behind it. A code of control_ask(), or NM_ENOTFOUND. */
static int
ask_feeder(const char *control, const char *line, char *ret_answer, size_t size)
{
	char path[RRD_PATH_MAX];

	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		int n = i == 0 ? snprintf(path, sizeof(path), "%s", control)
		               : snprintf(path, sizeof(path), "%s.%u", control, i);
		if (n < 0 || (size_t)n >= sizeof(path))
			break;
		int rc = control_ask(path, line, ASK_MS, ret_answer, size);
		bool gone = rc == -ENOENT || rc == -ECONNREFUSED;
		if (rc == NM_OK && strncmp(ret_answer, ELSEWHERE, strlen(ELSEWHERE)) != 0)
			return NM_OK;
		/* the first may have been killed, and another one feeds the tree */
		if (rc < 0 && !(gone && i == 0))
			return rc;
	}
	return NM_ENOTFOUND;
}

void
graph_ask_newest(const struct graph *graph)
{
	const struct rrd_series *scope = &graph->scope;
	char path[RRD_PATH_MAX], line[RRD_PATH_MAX + sizeof("flush ")], answer[256];
	int rc;

	if (!graph->control)
		return;
	/* of all applications every file is read, to see which are the heaviest */
	rc = scope->app == RRD_APP_ALL ? rrdpath_folder("", scope, path, sizeof(path))
	                               : rrdpath_file("", scope, path, sizeof(path));
	if (rc < 0)
		return;
	(void)snprintf(line, sizeof(line), "flush %s", path + 1);
	if (ask_feeder(graph->control, line, answer, sizeof(answer)) < 0)
		return;
	answer[strcspn(answer, "\n")] = '\0';
	if (strncmp(answer, CACHED, strlen(CACHED)) == 0)
		ask_rrdcached(graph, answer + strlen(CACHED));
}
