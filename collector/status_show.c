/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking the running collector how it is, and saying so. */
#include "collector/status_show.h"

#include "lib/control_ask.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/paths.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANSWER_MAX  ((size_t)5 << 20) /* more than collector/control.c gives */
#define TIMEOUT_MS  5000
#define WORKERS_MAX 64
#define CELL_MAX    64

/* --- asking ----------------------------------------------------------------------------------------------------------- */

/* What a worker answered, or NULL; *ret_rc says why. */
static json_t *
ask_worker(const char *path, char *buffer, int *ret_rc)
{
	json_error_t e;

	*ret_rc = control_ask(path, "status", TIMEOUT_MS, buffer, ANSWER_MAX);
	if (*ret_rc < 0)
		return NULL;
	json_t *answer = json_loads(buffer, 0, &e);
	if (!json_is_object(answer)) {
		json_decref(answer);
		answer = NULL;
		*ret_rc = NM_EFORMAT;
	}
	return answer;
}

/* An array of what all workers say: the first has the socket's own path. One that is not there may just be starting again. */
static json_t *
ask_all(const struct options *o, char *buffer)
{
	json_t *workers = json_array();
	char path[PATHS_MAX];
	int rc = NM_OK;

	/* from the last one on, so that the words of the first one's failure are those that stay */
	for (unsigned i = WORKERS_MAX; i-- > 0;) {
		json_t *answer = NULL;

		rc = options_control(o, i, path, sizeof(path));
		if (rc == NM_OK)
			answer = ask_worker(path, buffer, &rc);
		if (answer)
			(void)json_array_insert_new(workers, 0, answer);
	}
	if (json_array_size(workers) > 0)
		return workers;
	json_decref(workers);
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		log_error("no netmond listens on %s: it does not run, or has another --control",
		          path);
	else
		log_error("%s: %s", path, rc == NM_EFORMAT ? buffer : nm_strerror(rc));
	return NULL;
}

/* --- several workers -------------------------------------------------------------------------------------------------- */

static double
number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static const char *
text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static double
sum(const json_t *workers, const char *key)
{
	double all = 0;

	for (size_t i = 0; i < json_array_size(workers); i++)
		all += number(json_array_get(workers, i), key);
	return all;
}

static double
most(const json_t *workers, const char *key)
{
	double top = 0;

	for (size_t i = 0; i < json_array_size(workers); i++) {
		double v = number(json_array_get(workers, i), key);

		top = v > top ? v : top;
	}
	return top;
}

/* Counts of a probe that several workers had at different times. */
static const char *const probe_sums[] = {
	"sessions",   "batches", "records",      "packets",      "octets",
	"duplicates", "refused", "lost_batches", "lost_records",
};

/* Whether worker `a` has seen more of the probe lately than worker `b`. */
static bool
is_nearer(const json_t *a, const json_t *b)
{
	if (number(a, "connected") != number(b, "connected"))
		return number(a, "connected") > number(b, "connected");
	return number(a, "seen_at") > number(b, "seen_at");
}

static void
merge_probe(json_t *probes, json_t *probe)
{
	const char *name = text(probe, "probe");
	json_t *other = json_object_get(probes, name);

	if (!other) {
		(void)json_object_set(probes, name, probe);
		return;
	}
	json_t *kept = is_nearer(probe, other) ? probe : other;
	for (size_t i = 0; i < sizeof(probe_sums) / sizeof(probe_sums[0]); i++) {
		double both = number(probe, probe_sums[i]) + number(other, probe_sums[i]);

		(void)json_object_set_new(kept, probe_sums[i], json_integer((json_int_t)both));
	}
	(void)json_object_set(probes, name, kept);
}

/* Each probe once, by its name. */
static json_t *
merge_probes(const json_t *workers)
{
	json_t *probes = json_object();

	for (size_t i = 0; i < json_array_size(workers); i++) {
		const json_t *list = json_object_get(json_array_get(workers, i), "list");

		for (size_t j = 0; j < json_array_size(list); j++)
			merge_probe(probes, json_array_get(list, j));
	}
	return probes;
}

/* --- words ------------------------------------------------------------------------------------------------------------ */

static void
format_span(double seconds, char *buf, size_t size)
{
	long s = (long)seconds;
	long a = s < 0 ? -s : s;
	const char *sign = s < 0 ? "-" : "";

	if (a < 120)
		(void)snprintf(buf, size, "%ld s", s);
	else if (a < 7200)
		(void)snprintf(buf, size, "%s%ld min", sign, a / 60);
	else if (a < 172800)
		(void)snprintf(buf, size, "%s%ld h %02ld min", sign, a / 3600, a / 60 % 60);
	else
		(void)snprintf(buf, size, "%s%ld d %ld h", sign, a / 86400, a / 3600 % 24);
}

static void
format_time(double at, char *buf, size_t size)
{
	time_t t = (time_t)at;
	struct tm tm;

	(void)snprintf(buf, size, "-");
	if (t > 0 && gmtime_r(&t, &tm))
		(void)strftime(buf, size, "%Y-%m-%d %H:%M:%SZ", &tm);
}

static void
say_collector(const json_t *workers, FILE *out)
{
	const json_t *first = json_array_get(workers, 0);
	char up[CELL_MAX];

	format_span(most(workers, "uptime_s"), up, sizeof(up));
	(void)fprintf(out, "netmond %s, process %.0f, running for %s", text(first, "version"),
	              number(first, "pid"), up);
	if (json_array_size(workers) > 1)
		(void)fprintf(out, ", %zu workers", json_array_size(workers));
	(void)fprintf(out,
	              "\nconnections  %.0f accepted, %.0f turned away, %.0f by strangers; "
	              "%.0f probes are connected\n",
	              sum(workers, "accepted"), sum(workers, "turned_away"),
	              sum(workers, "strangers"), sum(workers, "connected"));
}

static void
say_store(const json_t *workers, FILE *out)
{
	const json_t *first = json_array_get(workers, 0);

	(void)fprintf(out,
	              "store        %s: %.0f flows in %.0f transactions, %.0f failed; the last "
	              "took %.1f ms, p50 %.1f ms, p99 %.1f ms\n",
	              text(first, "store"), sum(workers, "rows"), sum(workers, "commits"),
	              sum(workers, "errors"), most(workers, "commit_last_s") * 1000,
	              most(workers, "commit_p50_s") * 1000, most(workers, "commit_p99_s") * 1000);
	(void)fprintf(out, "waiting      %.0f batches; each %.1f ms on average, p99 %.1f ms",
	              sum(workers, "backlog"), most(workers, "ack_mean_s") * 1000,
	              most(workers, "ack_p99_s") * 1000);
	if (most(workers, "away_s") > 0)
		(void)fprintf(out, "; the store has not worked for %.0f s",
		              most(workers, "away_s"));
	(void)fputc('\n', out);
	(void)fprintf(out, "removed      %.0f flows by age, %.0f by size",
	              sum(workers, "removed_by_age"), sum(workers, "removed_by_size"));
	if (most(workers, "size_max") > 0)
		(void)fprintf(out, "; %.1f of %.0f MB are in use, %.1f MB on the disk",
		              most(workers, "size") / 1e6, most(workers, "size_max") / 1e6,
		              most(workers, "file") / 1e6);
	if (sum(workers, "size_waits") > 0)
		(void)fprintf(out, "; max_store was not held %.0f times",
		              sum(workers, "size_waits"));
	(void)fputc('\n', out);
	if (json_is_true(json_object_get(first, "rrd")))
		(void)fprintf(
		    out,
		    "RRDs         %.0f values written, %.0f failed, %.0f wait; %.0f files "
		    "put aside%s%s\n",
		    sum(workers, "rrd_written"), sum(workers, "rrd_failed"),
		    sum(workers, "rrd_backlog"), sum(workers, "rrd_broken"),
		    sum(workers, "rrd_feeds") == 0     ? "; ANOTHER PROCESS FEEDS THEM, OR NONE"
		    : most(workers, "rrd_stalled") > 0 ? "; THE DISK IS FULL, minutes wait"
						       : "",
		    most(workers, "rrd_behind") > 0 ? "; flows are added up again from the store"
						    : "");
}

/* --- the table of probes ---------------------------------------------------------------------------------------------- */

typedef char cell[CELL_MAX];

static void
cell_text(const json_t *probe, const char *key, cell ret)
{
	const char *s = text(probe, key);

	(void)log_safe(ret, CELL_MAX, *s ? s : "-", *s ? strlen(s) : 1);
}

static void
cell_number(const json_t *probe, const char *key, cell ret)
{
	(void)snprintf(ret, CELL_MAX, "%.0f", number(probe, key));
}

static void
cell_secrecy(const json_t *probe, const char *key, cell ret)
{
	bool tls = json_is_true(json_object_get(probe, key));

	(void)snprintf(ret, CELL_MAX, "%s", !*text(probe, "peer") ? "-" : tls ? "TLS" : "plain");
}

static void
cell_since(const json_t *probe, const char *key, cell ret)
{
	if (number(probe, "connected") > 0)
		format_time(number(probe, key), ret, CELL_MAX);
	else
		(void)snprintf(ret, CELL_MAX, "not connected");
}

static void
cell_lag(const json_t *probe, const char *key, cell ret)
{
	if (number(probe, "newest_at") > 0)
		format_span(number(probe, key), ret, CELL_MAX);
	else
		(void)snprintf(ret, CELL_MAX, "-");
}

static void
cell_time(const json_t *probe, const char *key, cell ret)
{
	format_time(number(probe, key), ret, CELL_MAX);
}

static const struct column {
	const char *title;
	const char *key;
	void (*fill)(const json_t *probe, const char *key, cell ret);
	bool right; /* numbers stand at the right */
} columns[] = {
	{ "PROBE", "probe", cell_text, false },
	{ "LINKS", "links", cell_text, false },
	{ "FROM", "peer", cell_text, false },
	{ "BY", "tls", cell_secrecy, false },
	{ "CONNECTED SINCE", "connected_at", cell_since, false },
	{ "LAG", "lag_s", cell_lag, true },
	{ "HELD", "held", cell_number, true },
	{ "BATCHES", "batches", cell_number, true },
	{ "RECORDS", "records", cell_number, true },
	{ "AGAIN", "duplicates", cell_number, true },
	{ "REFUSED", "refused", cell_number, true },
	{ "LOST", "lost_records", cell_number, true },
	{ "LAST SEEN", "seen_at", cell_time, false },
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct line {
	cell cells[N_COLUMNS];
};

static int
by_name(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return strcmp(x->cells[0], y->cells[0]);
}

static void
print_line(const struct line *line, const size_t *widths, FILE *out)
{
	for (size_t i = 0; i < N_COLUMNS; i++) {
		const char *end = i + 1 < N_COLUMNS ? "  " : "\n";

		if (columns[i].right)
			(void)fprintf(out, "%*s%s", (int)widths[i], line->cells[i], end);
		else if (i + 1 < N_COLUMNS)
			(void)fprintf(out, "%-*s%s", (int)widths[i], line->cells[i], end);
		else
			(void)fprintf(out, "%s%s", line->cells[i], end);
	}
}

static void
fill_lines(json_t *probes, struct line *lines)
{
	const char *name;
	json_t *probe;
	size_t n = 0;

	for (size_t i = 0; i < N_COLUMNS; i++)
		(void)snprintf(lines[0].cells[i], CELL_MAX, "%s", columns[i].title);
	json_object_foreach(probes, name, probe)
	{
		n++;
		for (size_t i = 0; i < N_COLUMNS; i++)
			columns[i].fill(probe, columns[i].key, lines[n].cells[i]);
	}
	qsort(lines + 1, n, sizeof(*lines), by_name);
}

static void
say_probes(json_t *probes, FILE *out)
{
	size_t n = json_object_size(probes) + 1;
	size_t widths[N_COLUMNS] = { 0 };
	struct line *lines = calloc(n, sizeof(*lines));

	if (!lines)
		log_fatal(1, "out of memory");
	fill_lines(probes, lines);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < N_COLUMNS; j++)
			if (strlen(lines[i].cells[j]) > widths[j])
				widths[j] = strlen(lines[i].cells[j]);
	if (n > 1)
		(void)fputc('\n', out);
	for (size_t i = 0; i < n && n > 1; i++)
		print_line(&lines[i], widths, out);
	free(lines);
}

/* --- all of it -------------------------------------------------------------------------------------------------------- */

static void
say_json(json_t *workers, json_t *probes, FILE *out)
{
	json_t *all = json_object();

	for (size_t i = 0; i < json_array_size(workers); i++)
		(void)json_object_del(json_array_get(workers, i), "list");
	(void)json_object_set(all, "workers", workers);
	(void)json_object_set(all, "probes", probes);
	(void)json_dumpf(all, out, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
	(void)fputc('\n', out);
	json_decref(all);
}

int
status_show(const struct options *o, FILE *out)
{
	char *buffer = malloc(ANSWER_MAX);

	if (!buffer)
		log_fatal(1, "out of memory");
	json_t *workers = ask_all(o, buffer);
	if (workers) {
		json_t *probes = merge_probes(workers);

		if (o->json) {
			say_json(workers, probes, out);
		} else {
			say_collector(workers, out);
			say_store(workers, out);
			say_probes(probes, out);
		}
		json_decref(probes);
	}
	json_decref(workers);
	free(buffer);
	return workers ? 0 : 1;
}
