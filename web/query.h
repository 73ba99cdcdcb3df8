/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Query strings and forms (application/x-www-form-urlencoded): every key that a page may be given, with its type and
 * its limits, in one table. Anything else is refused. Plain values; any thread.
 */
#ifndef NETMON_WEB_QUERY_H
#define NETMON_WEB_QUERY_H

#include "lib/db_user.h"

#include <stdbool.h>
#include <stddef.h>

#define QUERY_TEXT_MAX 4096 /* bytes of a query string or form, encoded */
#define QUERY_Q_MAX    65   /* a search; a group's name is the longest that anything is called */
#define QUERY_NEXT_MAX 512

enum query_key {
	KEY_PERIOD,
	KEY_SORT,
	KEY_ORDER,
	KEY_SHOW,
	KEY_Q,
	KEY_BEFORE,
	KEY_WIDTH,
	KEY_THEME,
	KEY_SCALE,
	KEY_VERSION,
	KEY_NEXT,
	KEY_USER,
	KEY_PASSWORD,
	KEY_COUNT
};
#define KEY_BIT(key) (1u << (key))

/* Values of the keys that are a choice; the names are in query.c, in this order. */
enum period { PERIOD_6H, PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_YEAR, PERIOD_COUNT };
enum column {
	COLUMN_NAME,
	COLUMN_SHARE,
	COLUMN_IN_5M, /* in, out of each window, in turn */
	COLUMN_OUT_5M,
	COLUMN_IN_1H,
	COLUMN_OUT_1H,
	COLUMN_IN_6H,
	COLUMN_OUT_6H,
	COLUMN_COUNT
};
enum order { ORDER_DESC, ORDER_ASC };
enum show { SHOW_TEN, SHOW_APPS, SHOW_GROUPS, SHOW_HOSTS, SHOW_PEERS, SHOW_COUNT };
enum theme { THEME_LIGHT, THEME_DARK };

/* What was given, or each key's default. */
struct query {
	unsigned present; /* KEY_BIT()s */
	/* choices and numbers */
	unsigned period;  /* enum period */
	unsigned sort;    /* enum column */
	unsigned order;   /* enum order */
	unsigned show;    /* enum show: the table of which every row is shown */
	unsigned before;  /* id of a log row */
	unsigned width;   /* of an image, CSS pixels */
	unsigned theme;   /* enum theme */
	unsigned scale;   /* device pixels in a CSS pixel */
	unsigned version; /* ignored: tells caches one release's files from the next's */
	/* text, decoded, without a NUL in it */
	char q[QUERY_Q_MAX];
	char next[QUERY_NEXT_MAX];
	char user[USER_NAME_MAX];
	char password[USER_PASSWORD_MAX + 1];
};

/*
 * Parses `len` bytes at `text`. `allowed`: KEY_BIT()s that the page knows. 0; NM_EFORMAT for an unknown or repeated key, a
 * value outside its type or limits, bad encoding; NM_ELIMIT for more than QUERY_TEXT_MAX bytes. `err` gets a sentence for
 * people, made of the table's words only. *ret_query is filled with defaults in every case.
 */
int query_parse(const char *text, size_t len, unsigned allowed, struct query *ret_query, char *err,
                size_t err_size);

/* Name of a key's choice number `value` ("day"); NULL for none. */
const char *query_choice(enum query_key key, unsigned value);
const char *query_key_name(enum query_key key);
/* The value that a key of type choice or number has when it is not given. */
unsigned query_default(enum query_key key);

#endif
