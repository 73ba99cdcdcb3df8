/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names in the RRD tree. */
#include "lib/rrdpath.h"

#include "lib/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
host_folder(const char *root, const struct addr *host, char *ret_path, size_t size)
{
	const uint8_t *b = host->b;

	if (addr_is_v4(host))
		return snprintf(ret_path, size, "%s/hosts/%u/%u/%u/%u", root, b[12], b[13], b[14],
		                b[15]);
	unsigned h[8];
	for (int i = 0; i < 8; i++)
		h[i] = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
	return snprintf(ret_path, size, "%s/hosts/%x/%x/%x/%x/%x/%x/%x/%x", root, h[0], h[1], h[2],
	                h[3], h[4], h[5], h[6], h[7]);
}

int
rrdpath_folder(const char *root, const struct rrd_series *series, char *ret_path, size_t size)
{
	int n = -1;

	switch (series->scope) {
	case RRD_TOTALS:
		n = snprintf(ret_path, size, "%s/totals", root);
		break;
	case RRD_GROUP:
		n = snprintf(ret_path, size, "%s/groups/%u", root, series->group);
		break;
	case RRD_HOST:
		n = host_folder(root, &series->host, ret_path, size);
		break;
	}
	return n < 0 || (size_t)n >= size ? NM_ELIMIT : NM_OK;
}

int
rrdpath_file(const char *root, const struct rrd_series *series, char *ret_path, size_t size)
{
	char folder[RRD_PATH_MAX];
	int n;

	if (rrdpath_folder(root, series, folder, sizeof(folder)) < 0)
		return NM_ELIMIT;
	if (series->app == RRD_APP_ALL)
		n = snprintf(ret_path, size, "%s/all.rrd", folder);
	else if (series->app == RRD_TRANSIT)
		n = snprintf(ret_path, size, "%s/transit.rrd", folder);
	else
		n = snprintf(ret_path, size, "%s/%d.rrd", folder, series->app);
	return n < 0 || (size_t)n >= size ? NM_ELIMIT : NM_OK;
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

#define WORDS_MAX 10 /* hosts, eight hextets, a file */
#define WORD_MAX  16 /* "65535.rrd" and more */

struct words {
	size_t n;
	char words[WORDS_MAX][WORD_MAX];
};

static int
split(const char *path, struct words *ret)
{
	ret->n = 0;
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || len >= WORD_MAX || ret->n == WORDS_MAX)
			return NM_EFORMAT;
		memcpy(ret->words[ret->n], path, len);
		ret->words[ret->n++][len] = '\0';
		if (path[len] == '\0')
			return NM_OK;
		path += len + 1;
	}
}

/* An application's file name, without ".rrd". */
static int
parse_app(const char *word)
{
	if (strcmp(word, "all") == 0)
		return RRD_APP_ALL;
	if (strcmp(word, "transit") == 0)
		return RRD_TRANSIT;
	return (int)strtol(word, NULL, 10);
}

static bool
cut_file(struct words *w, int *ret_app)
{
	char *last = w->words[w->n - 1];
	char *dot = strchr(last, '.');

	if (!dot || strcmp(dot, ".rrd") != 0)
		return false;
	*dot = '\0';
	*ret_app = parse_app(last);
	w->n--;
	return true;
}

static int
parse_host(const struct words *w, struct addr *ret_host)
{
	char text[WORDS_MAX * WORD_MAX];
	size_t used = 0;

	if (w->n != 5 && w->n != 9)
		return NM_EFORMAT;
	for (size_t i = 1; i < w->n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
		                         i == 1      ? ""
		                         : w->n == 5 ? "."
		                                     : ":",
		                         w->words[i]);
	return addr_parse(text, ret_host) < 0 ? NM_EFORMAT : NM_OK;
}

static int
parse_scope(const struct words *w, struct rrd_series *ret)
{
	if (w->n == 1 && strcmp(w->words[0], "totals") == 0) {
		ret->scope = RRD_TOTALS;
		return NM_OK;
	}
	if (w->n == 2 && strcmp(w->words[0], "groups") == 0) {
		ret->scope = RRD_GROUP;
		ret->group = (uint32_t)strtoul(w->words[1], NULL, 10);
		return NM_OK;
	}
	ret->scope = RRD_HOST;
	return w->n > 0 && strcmp(w->words[0], "hosts") == 0 ? parse_host(w, &ret->host)
	                                                     : NM_EFORMAT;
}

int
rrdpath_parse(const char *path, struct rrd_series *ret_series, bool *ret_is_file)
{
	struct rrd_series series;
	struct words words;
	char again[RRD_PATH_MAX];

	memset(&series, 0, sizeof(series));
	series.app = RRD_APP_ALL;
	if (split(path, &words) < 0)
		return NM_EFORMAT;
	bool is_file = cut_file(&words, &series.app);
	if (series.app < RRD_TRANSIT || series.app > UINT16_MAX || parse_scope(&words, &series) < 0)
		return NM_EFORMAT;
	/* whatever was read leniently is not what this program writes */
	int rc = is_file ? rrdpath_file("", &series, again, sizeof(again))
	                 : rrdpath_folder("", &series, again, sizeof(again));
	if (rc < 0 || strcmp(again + 1, path) != 0)
		return NM_EFORMAT;
	*ret_series = series;
	*ret_is_file = is_file;
	return NM_OK;
}
