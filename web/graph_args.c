/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words that tell librrd what to draw (rrdgraph_data(1), rrdgraph_rpn(1), rrdgraph_graph(1)).
 *
 * Names of variables, for application number N (O: Others, T: total) and direction d (i: in, o: out):
 *   rNd  as stored        aNd  drawn and averaged     xNd, mNd  highest, lowest of each step
 *   vNda, vNdx, vNdm   average, maximum, minimum: one number each, for the legend
 * "Now" is no variable: graph.c read it from the last minutes, for in a graph of a year the last point is a day's average.
 * An application that had no traffic yet has no value: it counts as 0 where the total is known, else as unknown.
 */
#include "web/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Around the canvas, CSS pixels, at the fonts below: labels of the value axis, and air on the right. */
#define MARGIN_WIDE         96
#define MARGIN_NARROW       84
#define HEIGHT_WIDE         300
#define HEIGHT_NARROW       220
#define MIN_CANVAS          150
#define NAME_COLUMNS        16 /* characters of a name in the legend */
#define NAME_COLUMNS_NARROW 12
#define SERIES_OTHERS       "O"
#define SERIES_TOTAL        "T"

static const char directions[2] = { 'i', 'o' };
static const char *const direction_names[2] = { "in", "out" };
/* order of the legend's columns behind "now": average, maximum, minimum */
static const char statistics[3] = { 'a', 'x', 'm' };

static bool
is_narrow(const struct graph *graph)
{
	return graph->width < GRAPH_NARROW;
}

/* Text for librrd: ':' ends a field, '\' begins a control word, '%' a format. */
static const char *
quote(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	for (; *text && n + 2 < size; text++) {
		if (*text == ':' || *text == '\\')
			buf[n++] = '\\';
		if (*text == '%')
			buf[n++] = '%';
		buf[n++] = *text;
	}
	buf[n] = '\0';
	return buf;
}

/* Octets of the first `columns` characters of UTF-8 text; *ret_missing: by how many characters it is shorter. */
static int
cut_columns(const char *text, int columns, int *ret_missing)
{
	int bytes = 0;

	for (; text[bytes] && columns > 0; columns--) {
		bytes++;
		while (((unsigned char)text[bytes] & 0xc0) == 0x80)
			bytes++;
	}
	*ret_missing = columns;
	return bytes;
}

/* A name of fixed width in the legend. */
static const char *
pad(const char *name, int columns, char *buf, size_t size)
{
	int missing;
	int bytes = cut_columns(name, columns, &missing);
	char text[GRAPH_NAME_MAX + NAME_COLUMNS];

	(void)snprintf(text, sizeof(text), "%.*s%*s", bytes, name, missing, "");
	return quote(text, buf, size);
}

/* --- frame ------------------------------------------------------------------------------------------------------------- */

static void
put_colours(struct graph_args *args, const struct graph *graph)
{
	static const struct {
		const char *part;
		const char *light;
		const char *dark;
	} colours[] = {
		{ "BACK", "ffffff", "1a1e24" },       { "CANVAS", "ffffff", "1a1e24" },
		{ "FONT", "2a3038", "d3d9e0" },       { "AXIS", "8a939e", "69737f" },
		{ "GRID", "00000010", "ffffff12" },   { "MGRID", "00000028", "ffffff2c" },
		{ "FRAME", "00000000", "00000000" },  { "ARROW", "00000000", "00000000" },
		{ "SHADEA", "00000000", "00000000" }, { "SHADEB", "00000000", "00000000" },
	};

	for (size_t i = 0; i < N(colours); i++) {
		graph_args_add(args, "--color");
		graph_args_add(args, "%s#%s", colours[i].part,
		               graph->dark ? colours[i].dark : colours[i].light);
	}
}

static void
put_fonts(struct graph_args *args, const struct graph *graph)
{
	static const struct {
		const char *part;
		const char *wide; /* points */
		const char *narrow;
		const char *family;
	} fonts[] = {
		{ "DEFAULT", "8", "8", "DejaVu Sans" },
		{ "TITLE", "11", "10", "DejaVu Sans" },
		{ "AXIS", "8", "7.5", "DejaVu Sans" },
		{ "UNIT", "8", "7.5", "DejaVu Sans" },
		{ "LEGEND", "9", "7.5", "DejaVu Sans Mono" },
	};

	for (size_t i = 0; i < N(fonts); i++) {
		graph_args_add(args, "--font");
		graph_args_add(args, "%s:%s:%s", fonts[i].part,
		               is_narrow(graph) ? fonts[i].narrow : fonts[i].wide, fonts[i].family);
	}
}

void
graph_put_frame(struct graph_args *args, const struct graph *graph)
{
	static const char *const fixed[] = {
		"--border",      "0",      "--disable-rrdtool-tag",
		"--lower-limit", "-1000",  "--upper-limit",
		"1000",          "--base", "1000",
		"--slope-mode",
	};
	bool narrow = is_narrow(graph);
	unsigned margin = narrow ? MARGIN_NARROW : MARGIN_WIDE;
	unsigned canvas = graph->width > margin + MIN_CANVAS ? graph->width - margin : MIN_CANVAS;
	const struct {
		const char *option;
		long long value;
	} numbers[] = {
		{ "--start", graph->end_s - graph->period_s },
		{ "--end", graph->end_s },
		{ "--width", canvas },
		{ "--height", narrow ? HEIGHT_NARROW : HEIGHT_WIDE },
		{ "--zoom", graph->scale },
	};

	graph_args_add(args, "graph");
	graph_args_add(args, "-"); /* the image into memory */
	graph_args_add(args, "--imgformat");
	graph_args_add(args, "%s", graph->image == IMAGE_SVG ? "SVG" : "PNG");
	for (size_t i = 0; i < N(numbers); i++) {
		graph_args_add(args, "%s", numbers[i].option);
		graph_args_add(args, "%lld", numbers[i].value);
	}
	for (size_t i = 0; i < N(fixed); i++)
		graph_args_add(args, "%s", fixed[i]);
	graph_args_add(args, "--title");
	graph_args_add(args, "%s", graph->title);
	graph_args_add(args, "--vertical-label");
	graph_args_add(args, "bit/s:  out  |  in");
	put_colours(args, graph);
	put_fonts(args, graph);
}

/* --- data ------------------------------------------------------------------------------------------------------------- */

/* "DEF:" needs ':' of a path quoted. */
static void
put_def(struct graph_args *args, const char *name, const char *path, const char *ds,
        const char *consolidation)
{
	char quoted[2 * RRD_PATH_MAX];
	size_t n = 0;

	for (; *path && n + 2 < sizeof(quoted); path++) {
		if (*path == ':' || *path == '\\')
			quoted[n++] = '\\';
		quoted[n++] = *path;
	}
	quoted[n] = '\0';
	graph_args_add(args, "DEF:%s=%s:%s:%s", name, quoted, ds, consolidation);
}

/* Variables of one file: as stored, highest and lowest. */
static void
put_file(struct graph_args *args, const struct graph *graph, const char *series, int app)
{
	static const struct {
		char prefix;
		const char *consolidation;
	} kinds[] = { { 'r', "AVERAGE" }, { 'x', "MAX" }, { 'm', "MIN" } };
	struct rrd_series file = graph->scope;
	char path[RRD_PATH_MAX], name[16];

	file.app = app;
	if (rrdpath_file(graph->rrd, &file, path, sizeof(path)) < 0)
		args->failed = true;
	for (size_t d = 0; d < 2; d++) {
		for (size_t k = 0; k < N(kinds); k++) {
			(void)snprintf(name, sizeof(name), "%c%s%c", kinds[k].prefix, series,
			               directions[d]);
			put_def(args, name, path, direction_names[d], kinds[k].consolidation);
		}
	}
}

/* The legend's numbers of one series and direction. */
static void
put_statistics(struct graph_args *args, const char *series, char d)
{
	graph_args_add(args, "VDEF:v%s%ca=a%s%c,AVERAGE", series, d, series, d);
	graph_args_add(args, "VDEF:v%s%cx=x%s%c,MAXIMUM", series, d, series, d);
	graph_args_add(args, "VDEF:v%s%cm=m%s%c,MINIMUM", series, d, series, d);
}

/* What is drawn and averaged of a series. */
static void
put_series(struct graph_args *args, const char *series)
{
	for (size_t i = 0; i < 2; i++) {
		char d = directions[i];
		graph_args_add(args, "CDEF:a%s%c=rT%c,UN,UNKN,r%s%c,UN,0,r%s%c,IF,IF", series, d, d,
		               series, d, series, d);
		put_statistics(args, series, d);
	}
	graph_args_add(args, "CDEF:n%s=a%so,-1,*", series, series);
}

/* Others = total minus what has a colour of its own; rounding may leave a little below 0. */
static void
put_others(struct graph_args *args, const struct graph *graph)
{
	for (size_t i = 0; i < 2; i++) {
		char sum[GRAPH_TOP * 8] = "", d = directions[i];
		size_t used = 0;

		for (size_t k = 0; k < graph->n_apps; k++)
			used += (size_t)snprintf(sum + used, sizeof(sum) - used, ",a%zu%c,-", k, d);
		graph_args_add(args, "CDEF:aO%c=rT%c%s,0,MAX", d, d, sum);
		graph_args_add(args, "CDEF:xO%c=aO%c", d, d);
		graph_args_add(args, "CDEF:mO%c=aO%c", d, d);
		put_statistics(args, SERIES_OTHERS, d);
	}
	graph_args_add(args, "CDEF:nO=aOo,-1,*");
}

/* --- areas and legend ------------------------------------------------------------------------------------------------- */

struct legend_row {
	char series[4];
	const char *name;
	uint32_t colour;
	double now[2]; /* in, out */
};

/* "Now" as librrd would write it. */
static void
put_now(struct graph_args *args, bool narrow, double value)
{
	static const char prefixes[] = " kMGTP";
	size_t i = 0;

	if (isnan(value)) {
		graph_args_add(args, "COMMENT:%*s", narrow ? 6 : 8, "- ");
		return;
	}
	for (; value >= 1000 && prefixes[i + 1]; i++)
		value /= 1000;
	graph_args_add(args, narrow ? "COMMENT:%5.1f%c" : "COMMENT:%6.2f %c", value, prefixes[i]);
}

/* The numbers of one line of the legend: directions `first` to `last`. */
static void
put_numbers(struct graph_args *args, const struct graph *graph, const struct legend_row *row,
            size_t first, size_t last)
{
	bool narrow = is_narrow(graph);

	for (size_t i = first; i <= last; i++) {
		put_now(args, narrow, row->now[i]);
		for (size_t k = 0; k < N(statistics); k++) {
			bool ends = i == last && k + 1 == N(statistics);
			graph_args_add(args, "GPRINT:v%s%c%c:%s%s", row->series, directions[i],
			               statistics[k], narrow ? "%5.1lf%s" : "%6.2lf %s",
			               ends ? "\\l" : "");
		}
	}
}

/* An area with its name, stacked on what was drawn before it unless it is the first. */
static void
put_area(struct graph_args *args, const struct graph *graph, const struct legend_row *row,
         bool below, bool first)
{
	char name[4 * GRAPH_NAME_MAX];
	bool narrow = is_narrow(graph);
	bool named = !below || narrow; /* the wide legend has both directions on one line */

	graph_args_add(
	    args, "AREA:%s%s%s#%06x:%s%s", below ? "n" : "a", row->series, below ? "" : "i",
	    row->colour,
	    named ? pad(row->name, narrow ? NAME_COLUMNS_NARROW : NAME_COLUMNS, name, sizeof(name))
		  : "",
	    first ? "" : ":STACK");
}

/* Headings are items of their own, as the numbers are, for librrd spaces items by pixels and not by characters. */
static void
put_heading(struct graph_args *args, bool narrow, size_t d)
{
	static const char *const wide[] = { "in now",  "average", "maximum", "minimum",
		                            "out now", "average", "maximum", "minimum" };
	static const char *const brief[] = { "now ", "avg ", "max ", "min " };
	size_t n = narrow ? N(brief) : N(wide);

	graph_args_add(args, "COMMENT:%-*s", narrow ? NAME_COLUMNS_NARROW + 2 : NAME_COLUMNS + 2,
	               !narrow ? "bit/s"
	               : d     ? "Out, bit/s"
	                       : "In, bit/s");
	for (size_t i = 0; i < n; i++)
		graph_args_add(args, "COMMENT:%*s%s", narrow ? 6 : 8, narrow ? brief[i] : wide[i],
		               i + 1 == n ? "\\l" : "");
}

static void
put_total(struct graph_args *args, const struct graph *graph, size_t first, size_t last)
{
	bool narrow = is_narrow(graph);
	const struct legend_row total = { .series = SERIES_TOTAL,
		                          .now = { graph->now[0], graph->now[1] } };

	graph_args_add(args, "COMMENT:%-*s", narrow ? NAME_COLUMNS_NARROW + 2 : NAME_COLUMNS + 2,
	               "  Total");
	put_numbers(args, graph, &total, first, last);
}

static void
put_stack(struct graph_args *args, const struct graph *graph, const struct legend_row *rows,
          size_t n)
{
	bool narrow = is_narrow(graph), total = graph->scope.app == RRD_APP_ALL;

	put_heading(args, narrow, 0);
	for (size_t i = 0; i < n; i++) {
		put_area(args, graph, &rows[i], false, i == 0);
		put_numbers(args, graph, &rows[i], 0, narrow ? 0 : 1);
	}
	if (total)
		put_total(args, graph, 0, narrow ? 0 : 1);
	if (narrow)
		put_heading(args, narrow, 1);
	for (size_t i = 0; i < n; i++) {
		put_area(args, graph, &rows[i], true, i == 0);
		if (narrow)
			put_numbers(args, graph, &rows[i], 1, 1);
	}
	if (total && narrow)
		put_total(args, graph, 1, 1);
	graph_args_add(args, "HRULE:0#%s", graph->dark ? "ffffff90" : "00000090");
}

/* An image that says that there is nothing, so that a page or a portal never shows a broken one. librrd wants at least
 * one thing to draw. */
static void
put_no_data(struct graph_args *args)
{
	graph_args_add(args, "HRULE:0#80808080");
	graph_args_add(args, "COMMENT:\\s");
	graph_args_add(args, "COMMENT:No data yet in this period.\\c");
}

/* Total minus the rest; an application without a value had no traffic. */
static double
now_of_others(const struct graph *graph, size_t d)
{
	double left = graph->now[d];

	for (size_t i = 0; i < graph->n_apps; i++)
		left -= isnan(graph->apps[i].now[d]) ? 0 : graph->apps[i].now[d];
	return left < 0 ? 0 : left;
}

void
graph_put_data(struct graph_args *args, const struct graph *graph)
{
	struct legend_row rows[GRAPH_TOP + 1] = { 0 };
	size_t n = 0;

	graph_args_add(args, "COMMENT:time (UTC)\\c");
	if (graph->no_data) {
		put_no_data(args);
		return;
	}
	put_file(args, graph, SERIES_TOTAL, graph->scope.app);
	put_series(args, SERIES_TOTAL);
	for (; n < graph->n_apps; n++) {
		(void)snprintf(rows[n].series, sizeof(rows[n].series), "%zu", n);
		rows[n].name = graph->apps[n].name;
		rows[n].colour = graph->apps[n].colour & 0xffffff;
		memcpy(rows[n].now, graph->apps[n].now, sizeof(rows[n].now));
		put_file(args, graph, rows[n].series, graph->apps[n].id);
		put_series(args, rows[n].series);
	}
	if (graph->others) {
		put_others(args, graph);
		rows[n] = (struct legend_row){ .series = SERIES_OTHERS,
			                       .name = "Others",
			                       .colour = graph->dark ? 0x59626d : 0xc3c9d0 };
		for (size_t d = 0; d < 2; d++)
			rows[n].now[d] = now_of_others(graph, d);
		n++;
	}
	put_stack(args, graph, rows, n);
}
