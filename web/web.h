/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The application: what lives as long as the process, and the way of a request through it.
 *
 * Life cycle: web_init() once, web_handle() for each request, web_fini(). The store is opened for reading when a request
 * first needs it, kept for STORE_KEEP_S, and opened anew after any error, so that a store that was moved or replaced is
 * found again. One thread.
 */
#ifndef NETMON_WEB_WEB_H
#define NETMON_WEB_WEB_H

#include "lib/db.h"
#include "lib/settings.h"
#include "web/request.h"
#include "web/response.h"
#include "web/throttle.h"
#include "web/tmpl.h"

#include <stdint.h>

struct web {
	struct settings settings;
	struct tmpl_set *tmpl;
	struct db *db;       /* NULL while no store is open */
	int64_t db_opened_s; /* when it was */
	struct throttle throttle;
	int64_t now_s;   /* of the request, seconds UTC */
	unsigned graphs; /* images drawn by this process: librrd loses up to 0.9 kB with each */
};

/* Settings (`config` as in settings_load()) and templates. 0, or a negative code with one line in `err`. */
int web_init(struct web *web, const char *config, char *err, size_t err_size);
void web_fini(struct web *web);

/* Answers one request; `refused` is what request_read() returned. Returns the HTTP status. Fills *resp, always. */
int web_handle(struct web *web, struct request *req, int refused, struct response *resp);

/* True when the session's cookie must not travel in clear. */
bool web_is_secure(const struct web *web, const struct request *req);

#endif
