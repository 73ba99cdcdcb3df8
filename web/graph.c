/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Graphs: which applications are the heaviest, and the call of librrd. */
#include "web/graph.h"

#include "lib/err.h"

#include <dirent.h>
#include <math.h>
#include <rrd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOW_SPAN_S  3600
#define RANK_POINTS 300 /* resolution at which volumes are compared */
#define LOCK_TRIES \
	200 /* the collector has a file for itself while it writes it: some 30 us each time */
#define LOCK_WAIT_US 5000

void
graph_args_add(struct graph_args *args, const char *fmt, ...)
{
	va_list ap;

	if (args->failed || args->n == GRAPH_ARGS_MAX) {
		args->failed = true;
		return;
	}
	va_start(ap, fmt);
	args->failed = vasprintf(&args->v[args->n], fmt, ap) < 0;
	va_end(ap);
	if (!args->failed)
		args->n++;
}

void
graph_args_free(struct graph_args *args)
{
	for (size_t i = 0; i < args->n; i++)
		free(args->v[i]);
	args->n = 0;
}

/* True when librrd failed because the collector was just writing that file, after a short wait; at most LOCK_TRIES times. */
static bool
locked_now(unsigned *tries)
{
	const struct timespec wait = { .tv_nsec = LOCK_WAIT_US * 1000 };

	if (!rrd_test_error() || !strstr(rrd_get_error(), "could not lock") ||
	    ++*tries > LOCK_TRIES)
		return false;
	rrd_clear_error();
	(void)nanosleep(&wait, NULL);
	return true;
}

/* Values of one series: `columns` (in, out) a step. The caller frees the data with rrd_freemem(). */
struct values {
	rrd_value_t *data;
	size_t rows;
	size_t columns;
	unsigned long step_s;
};

/* Averages from `start_s` to the right edge. False, with nothing to free, for what cannot be read. */
static bool
fetch(const struct graph *graph, int app, int64_t start_s, unsigned long step_s,
      struct values *ret_values)
{
	struct rrd_series series = graph->scope;
	char path[RRD_PATH_MAX];
	time_t start = (time_t)start_s, end = (time_t)graph->end_s;
	unsigned long columns = 0;
	char **names = NULL;
	rrd_value_t *data = NULL;
	unsigned tries = 0;
	int rc;

	series.app = app;
	if (rrdpath_file(graph->rrd, &series, path, sizeof(path)) < 0)
		return false;
	rrd_clear_error();
	do {
		rc = rrd_fetch_r(path, "AVERAGE", &start, &end, &step_s, &columns, &names, &data);
	} while (rc != 0 && locked_now(&tries));
	if (rc != 0) {
		rrd_clear_error();
		return false;
	}
	for (unsigned long i = 0; i < columns; i++)
		rrd_freemem(names[i]);
	rrd_freemem(names);
	*ret_values = (struct values){ .data = data,
		                       .rows = step_s ? (size_t)(end - start) / step_s : 0,
		                       .columns = columns,
		                       .step_s = step_s };
	return true;
}

/* Bits in and out of one series over the window; 0 for what cannot be read. */
static double
volume_of(const struct graph *graph, int app)
{
	struct values v;
	double sum = 0;

	if (!fetch(graph, app, graph->end_s - graph->period_s, graph->period_s / RANK_POINTS, &v))
		return 0;
	for (size_t i = 0; i < v.rows * v.columns; i++)
		sum += isnan(v.data[i]) ? 0 : v.data[i] * (double)v.step_s;
	rrd_freemem(v.data);
	return sum;
}

/* The whole's last minute that is known, of those of the last hour: its values, and how many steps before the right edge
 * it is, SIZE_MAX for none. */
static size_t
read_now(struct graph *graph)
{
	struct values v;
	size_t back = SIZE_MAX;

	graph->now[0] = graph->now[1] = NAN;
	if (!fetch(graph, graph->scope.app, graph->end_s - NOW_SPAN_S, RRD_STEP_S, &v))
		return back;
	for (size_t row = v.rows; v.columns == 2 && row-- > 0 && isnan(graph->now[0]);) {
		memcpy(graph->now, &v.data[2 * row], sizeof(graph->now));
		back = v.rows - row;
	}
	rrd_freemem(v.data);
	return isnan(graph->now[0]) ? SIZE_MAX : back;
}

/* An application in that same minute, so that the rows add up to the whole: a file without a value there had no traffic
 * since, and its own last minute may be long ago. */
static void
read_app_now(const struct graph *graph, size_t back, struct graph_app *app)
{
	struct values v;

	app->now[0] = app->now[1] = back == SIZE_MAX ? NAN : 0;
	if (back == SIZE_MAX || !fetch(graph, app->id, graph->end_s - NOW_SPAN_S, RRD_STEP_S, &v))
		return;
	if (v.columns == 2 && back <= v.rows && !isnan(v.data[2 * (v.rows - back)]))
		memcpy(app->now, &v.data[2 * (v.rows - back)], sizeof(app->now));
	rrd_freemem(v.data);
}

/* The application of a file "17.rrd"; -1 for any other name. */
static int
app_of_file(const char *name)
{
	char *end;

	if (*name < '0' || *name > '9')
		return -1;
	unsigned long n = strtoul(name, &end, 10);
	return strcmp(end, ".rrd") == 0 && n <= UINT16_MAX ? (int)n : -1;
}

static int
heavier_first(const void *a, const void *b)
{
	const struct graph_app *left = a, *right = b;

	if (left->volume != right->volume)
		return left->volume < right->volume ? 1 : -1;
	return left->id - right->id;
}

/* Volumes of all applications in the folder. */
static size_t
list_apps(const struct graph *graph, const char *folder, struct graph_app *apps)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	size_t n = 0;

	if (!dir)
		return 0;
	while (n < GRAPH_FILES_MAX && (entry = readdir(dir))) {
		int id = app_of_file(entry->d_name);
		if (id < 0)
			continue;
		apps[n] = (struct graph_app){ .id = id, .volume = volume_of(graph, id) };
		n += apps[n].volume > 0;
	}
	(void)closedir(dir);
	return n;
}

static bool
has_file(const struct graph *graph, int app)
{
	struct rrd_series series = graph->scope;
	char path[RRD_PATH_MAX];

	series.app = app;
	return rrdpath_file(graph->rrd, &series, path, sizeof(path)) == 0 &&
	       access(path, R_OK) == 0;
}

int
graph_rank(struct graph *graph)
{
	char folder[RRD_PATH_MAX];
	struct graph_app *apps = NULL;
	size_t n = 1;

	if (rrdpath_folder(graph->rrd, &graph->scope, folder, sizeof(folder)) < 0)
		return NM_ELIMIT;
	graph_ask_newest(graph);
	if (graph->scope.app != RRD_APP_ALL) {
		graph->apps[0] = (struct graph_app){ .id = graph->scope.app };
		graph->no_data = !has_file(graph, graph->scope.app);
	} else {
		apps = calloc(GRAPH_FILES_MAX, sizeof(*apps));
		n = apps ? list_apps(graph, folder, apps) : 0;
		if (n)
			qsort(apps, n, sizeof(*apps), heavier_first);
		graph->no_data = n == 0 || !has_file(graph, RRD_APP_ALL);
		graph->others = n > GRAPH_TOP;
		n = n > GRAPH_TOP ? GRAPH_TOP : n;
		if (n)
			memcpy(graph->apps, apps, n * sizeof(*apps));
	}
	graph->n_apps = n;
	size_t back = read_now(graph);
	for (size_t i = 0; i < n; i++)
		read_app_now(graph, back, &graph->apps[i]);
	free(apps);
	return NM_OK;
}

int
graph_draw(const struct graph *graph, struct buf *out, char *err, size_t err_size)
{
	struct graph_args args = { 0 };
	rrd_info_t *info = NULL;
	bool drawn = false, first = true;
	unsigned tries = 0;

	graph_put_frame(&args, graph);
	graph_put_data(&args, graph);
	rrd_clear_error();
	while (!args.failed && !info && (first || locked_now(&tries))) {
		info = rrd_graph_v((int)args.n, args.v);
		first = false;
	}
	for (const rrd_info_t *i = info; i && !drawn; i = i->next) {
		if (i->type == RD_I_BLO && strcmp(i->key, "image") == 0) {
			buf_put(out, i->value.u_blo.ptr, i->value.u_blo.size);
			drawn = true;
		}
	}
	if (!drawn)
		(void)snprintf(err, err_size, "%s",
		               args.failed ? "out of memory" : rrd_get_error());
	rrd_info_free(info);
	rrd_clear_error();
	graph_args_free(&args);
	return drawn ? NM_OK : NM_ESTORE;
}
