/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Page templates: files cut into pieces of markup and slots when they are read. */
#include "web/tmpl.h"

#include "lib/err.h"
#include "web/html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX (64u << 10)
#define PIECES_MAX    64 /* slots in one template; the largest has about 20 */
#define PATH_SIZE     4352

static const char *const slot_names[SLOT_COUNT] = {
#define X(slot, name) [SLOT_##slot] = #name,
	TMPL_SLOTS(X)
#undef X
};

static const char *const file_names[TMPL_COUNT] = {
	[TMPL_LAYOUT] = "layout.html", [TMPL_BARE] = "bare.html",   [TMPL_USAGE] = "usage.html",
	[TMPL_TABLE] = "table.html",   [TMPL_LOGIN] = "login.html", [TMPL_SEARCH] = "search.html",
	[TMPL_ALERTS] = "alerts.html", [TMPL_ERROR] = "error.html",
};

/* Markup, then a slot; the last piece has no slot. */
struct piece {
	const char *markup;
	size_t len;
	int slot; /* enum tmpl_slot or -1 */
	bool raw;
};

struct tmpl {
	char *text; /* the file; the pieces point into it */
	size_t n_pieces;
	struct piece pieces[PIECES_MAX];
};

struct tmpl_set {
	struct tmpl tmpl[TMPL_COUNT];
};

static int
find_slot(const char *name, size_t len)
{
	for (int i = 0; i < SLOT_COUNT; i++)
		if (strlen(slot_names[i]) == len && memcmp(slot_names[i], name, len) == 0)
			return i;
	return -1;
}

/* Cuts t->text up. 0, or NM_EFORMAT. */
static int
cut(struct tmpl *t)
{
	const char *at = t->text;

	for (;;) {
		const char *open = strstr(at, "@@");
		if (t->n_pieces == PIECES_MAX)
			return NM_EFORMAT;
		struct piece *p = &t->pieces[t->n_pieces++];
		*p = (struct piece){ .markup = at, .len = strlen(at), .slot = -1 };
		if (!open)
			return NM_OK;
		p->len = (size_t)(open - at);
		p->raw = open[2] == '!';
		const char *name = open + 2 + (p->raw ? 1 : 0);
		const char *close = strstr(name, "@@");
		p->slot = close ? find_slot(name, (size_t)(close - name)) : -1;
		if (p->slot < 0)
			return NM_EFORMAT;
		at = close + 2;
	}
}

static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return NULL;
	char *text = calloc(1, FILE_SIZE_MAX);
	if (text && fread(text, 1, FILE_SIZE_MAX - 1, file) == 0) {
		free(text);
		text = NULL;
	}
	(void)fclose(file);
	return text;
}

int
tmpl_load(const char *folder, struct tmpl_set **ret_set, char *err, size_t err_size)
{
	struct tmpl_set *set = calloc(1, sizeof(*set));

	if (!set) {
		(void)snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	for (int i = 0; i < TMPL_COUNT; i++) {
		char path[PATH_SIZE];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, file_names[i]);
		set->tmpl[i].text = read_file(path);
		if (!set->tmpl[i].text || cut(&set->tmpl[i]) < 0) {
			int rc = set->tmpl[i].text ? NM_EFORMAT : -ENOENT;
			(void)snprintf(err, err_size, "template %s %s: reinstall netmon", path,
			               rc == NM_EFORMAT ? "has a bad slot" : "cannot be read");
			tmpl_free(set);
			return rc;
		}
	}
	*ret_set = set;
	return NM_OK;
}

void
tmpl_free(struct tmpl_set *set)
{
	if (!set)
		return;
	for (int i = 0; i < TMPL_COUNT; i++)
		free(set->tmpl[i].text);
	free(set);
}

void
tmpl_render(const struct tmpl_set *set, enum tmpl_id id, const struct tmpl_value *values, size_t n,
            struct buf *out)
{
	const struct tmpl *t = &set->tmpl[id];

	for (size_t i = 0; i < t->n_pieces; i++) {
		const struct piece *p = &t->pieces[i];

		buf_put(out, p->markup, p->len);
		for (size_t k = 0; p->slot >= 0 && k < n; k++) {
			if ((int)values[k].slot != p->slot || !values[k].text)
				continue;
			if (p->raw && values[k].kind == AS_HTML)
				buf_text(out, values[k].text);
			else
				html_text(out, values[k].text);
		}
	}
}
