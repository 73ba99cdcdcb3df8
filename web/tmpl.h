/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Page templates: tmpl/NAME.html with slots.
 *
 *   @@title@@    the value, escaped
 *   @@!main@@    the value as markup, if it was given as markup (AS_HTML); else escaped as well
 *
 * So two people must agree before markup passes unescaped: who wrote the template, and who filled the slot. A slot that
 * is not filled is empty. A name that is no slot, or a lone "@@", makes the template unusable, which tests find.
 *
 * Life cycle: tmpl_load() for a folder once, tmpl_render() any number of times, tmpl_free(). Caller's thread only.
 */
#ifndef NETMON_WEB_TMPL_H
#define NETMON_WEB_TMPL_H

#include "web/buf.h"

/* X(enum's ending, name in the file) */
#define TMPL_SLOTS(X)       \
	X(BASE, base)       \
	X(TITLE, title)     \
	X(HEADING, heading) \
	X(MAIN, main)       \
	X(CRUMBS, crumbs)   \
	X(NAV, nav)         \
	X(USER, user)       \
	X(NOTICE, notice)   \
	X(FACTS, facts)     \
	X(TABS, tabs)       \
	X(GRAPH, graph)     \
	X(TABLES, tables)   \
	X(ID, id)           \
	X(HEAD, head)       \
	X(ROWS, rows)       \
	X(MORE, more)       \
	X(EMPTY, empty)     \
	X(TEXT, text)       \
	X(QUERY, query)     \
	X(NEXT, next)       \
	X(VERSION, version)

enum tmpl_slot {
#define X(slot, name) SLOT_##slot,
	TMPL_SLOTS(X)
#undef X
	    SLOT_COUNT
};

enum tmpl_id {
	TMPL_LAYOUT,
	TMPL_BARE, /* frame of pages without a session */
	TMPL_USAGE,
	TMPL_TABLE,
	TMPL_LOGIN,
	TMPL_SEARCH,
	TMPL_ALERTS,
	TMPL_ERROR,
	TMPL_COUNT
};

struct tmpl_set;

/* What goes into a slot; the text is the caller's and must live until tmpl_render() returns. */
struct tmpl_value {
	enum tmpl_slot slot;
	enum { AS_TEXT, AS_HTML } kind;
	const char *text;
};

/* Reads every template below `folder`. 0 with *ret_set the caller's; -errno; NM_EFORMAT for a bad template. `err` gets
 * one line that names the file. */
int tmpl_load(const char *folder, struct tmpl_set **ret_set, char *err, size_t err_size);
void tmpl_free(struct tmpl_set *set);

/* Writes template `id` with `n` values behind what is in `out`. */
void tmpl_render(const struct tmpl_set *set, enum tmpl_id id, const struct tmpl_value *values,
                 size_t n, struct buf *out);

#endif
