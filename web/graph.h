/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Graphs, drawn by librrd in this process: applications stacked, inbound above and outbound below the axis.
 *
 * graph_rank() finds the series to be drawn, graph_draw() draws them. librrd keeps state: one thread, and TZ decides how
 * it labels the time axis (main() sets UTC). It also loses 0.3 to 0.9 kB with each image: the caller counts.
 */
#ifndef NETMON_WEB_GRAPH_H
#define NETMON_WEB_GRAPH_H

#include "lib/rrdpath.h"
#include "web/buf.h"
#include "web/route.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRAPH_TOP       10  /* applications with a colour of their own; the rest is "Others" */
#define GRAPH_NAME_MAX  96  /* bytes of a title or name, with the NUL */
#define GRAPH_FILES_MAX 512 /* applications of one subject that are ranked */
#define GRAPH_NARROW    640 /* CSS pixels: images below it get the narrow legend */

struct graph_app {
	int id;
	double volume; /* bits in the window, in and out */
	double now[2]; /* bits/s in, out in the whole's last minute; NaN for none in an hour */
	char name[GRAPH_NAME_MAX];
	uint32_t colour; /* 0xRRGGBB, of the theme */
};

struct graph {
	const char *rrd;         /* root of the RRD tree */
	const char *control;     /* socket of the netmond that writes the tree; NULL: not asked */
	struct rrd_series scope; /* whose applications; app: one of them, or RRD_APP_ALL */
	const char *title;       /* plain UTF-8 */
	int64_t end_s;           /* right edge, seconds UTC, a whole minute */
	unsigned period_s;       /* width of the time axis */
	unsigned width;          /* of the image, CSS pixels */
	unsigned scale;          /* device pixels in a CSS pixel */
	bool dark;
	enum route_image image;
	/* by graph_rank(), heaviest first; names and colours are for the caller to fill */
	size_t n_apps;
	struct graph_app apps[GRAPH_TOP];
	bool others;   /* there are more applications than these */
	double now[2]; /* of the whole, in the last minute that is known */
	bool no_data;  /* no file, or nothing in the window */
};

/* Asks netmond to write what it holds of these files first; one that is not there, or says nothing for a second, is none. Fills n_apps, apps' ids, volumes and "now", others and no_data. 0 or NM_ELIMIT (a path too long). */
int graph_rank(struct graph *graph);
/* The image behind what is in `out`; one that says so when there is no data. 0, or NM_ESTORE with librrd's words in
 * `err`. */
int graph_draw(const struct graph *graph, struct buf *out, char *err, size_t err_size);

/* --- between graph.c, graph_newest.c and graph_args.c ---------------------------------------------------------------------------------- */

/* Has netmond write what it holds of the graph's files; waits for it, but not for long. */
void graph_ask_newest(const struct graph *graph);

/* Arguments for rrd_graph_v(). Zero-initialise; graph_args_free(). */
#define GRAPH_ARGS_MAX 640
struct graph_args {
	size_t n;
	char *v[GRAPH_ARGS_MAX]; /* owned */
	bool failed;             /* out of memory or above the limit */
};
void graph_args_add(struct graph_args *args, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void graph_args_free(struct graph_args *args);

/* Size, colours, fonts, title. */
void graph_put_frame(struct graph_args *args, const struct graph *graph);
/* Data, areas and legend. */
void graph_put_data(struct graph_args *args, const struct graph *graph);

#endif
