/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The application: router, session, store, errors. */
#include "web/web.h"

#include "lib/err.h"
#include "lib/log.h"
#include "web/html.h"
#include "web/page.h"
#include "web/pages.h"
#include "web/session.h"

#include <stdio.h>
#include <string.h>

#define STORE_KEEP_S 60
#define ERR_MAX      512

enum access {
	ACCESS_PUBLIC,  /* no session; opens the store itself, if at all */
	ACCESS_SESSION, /* asks to sign in */
};

#define GET     (METHOD_GET | METHOD_HEAD)
#define K(key)  KEY_BIT(KEY_##key)
#define LISTING (K(PERIOD) | K(SORT) | K(ORDER) | K(SHOW))
#define IMAGE   (K(PERIOD) | K(WIDTH) | K(THEME) | K(SCALE))
#define IN_FORM (K(USER) | K(PASSWORD) | K(NEXT))

static const struct route {
	const char *pattern;
	unsigned methods;
	unsigned query_keys;
	unsigned form_keys;
	enum access access;
	page_handler *handler;
} routes[] = {
	{ "/", GET, LISTING, 0, ACCESS_SESSION, page_total },
	{ "/groups", GET, LISTING, 0, ACCESS_SESSION, page_groups },
	{ "/group/:group", GET, LISTING, 0, ACCESS_SESSION, page_group },
	{ "/app/:app", GET, LISTING, 0, ACCESS_SESSION, page_app },
	{ "/group/:group/app/:app", GET, LISTING, 0, ACCESS_SESSION, page_group_app },
	{ "/host/:host", GET, LISTING, 0, ACCESS_SESSION, page_host },
	{ "/host/:host/unknown", GET, LISTING, 0, ACCESS_SESSION, page_host_unknown },
	{ "/search", GET, K(Q), 0, ACCESS_SESSION, page_search },
	{ "/alerts", GET, K(BEFORE), 0, ACCESS_SESSION, page_alerts },
	{ "/probes", GET, 0, 0, ACCESS_SESSION, page_probes },
	{ "/graph/total.image", GET, IMAGE, 0, ACCESS_SESSION, page_graph },
	{ "/graph/group/:group.image", GET, IMAGE, 0, ACCESS_SESSION, page_graph },
	{ "/graph/app/:app.image", GET, IMAGE, 0, ACCESS_SESSION, page_graph },
	{ "/graph/group/:group/app/:app.image", GET, IMAGE, 0, ACCESS_SESSION, page_graph },
	{ "/graph/host/:host.image", GET, IMAGE, 0, ACCESS_SESSION, page_graph },
	{ "/graph/host/:host/app/:app.image", GET, IMAGE, 0, ACCESS_SESSION, page_graph },
	{ "/login", GET, K(NEXT), 0, ACCESS_PUBLIC, page_login },
	{ "/login", METHOD_POST, 0, IN_FORM, ACCESS_PUBLIC, page_sign_in },
	{ "/logout", METHOD_POST, 0, 0, ACCESS_PUBLIC, page_sign_out },
	{ "/static/:file", GET, K(VERSION), 0, ACCESS_PUBLIC, page_static },
};

int
web_init(struct web *web, const char *config, char *err, size_t err_size)
{
	char folder[PATHS_MAX];

	memset(web, 0, sizeof(*web));
	int rc = settings_load(config, &web->settings, err, err_size);
	if (rc < 0)
		return rc;
	if (paths_find(PATHS_TEMPLATES, NULL, folder, sizeof(folder)) < 0)
		return NM_ELIMIT;
	return tmpl_load(folder, &web->tmpl, err, err_size);
}

void
web_fini(struct web *web)
{
	db_close(web->db);
	web->db = NULL;
	tmpl_free(web->tmpl);
	web->tmpl = NULL;
}

bool
web_is_secure(const struct web *web, const struct request *req)
{
	return req->https || strncmp(web->settings.base_url, "https://", 8) == 0;
}

static void
forget_store(struct web *web)
{
	db_close(web->db);
	web->db = NULL;
}

/* The details, with paths in them, are for the log; people get the kind of trouble. */
static int
store_trouble(struct web *web, int code, const char *detail, struct response *resp)
{
	static const struct {
		int code;
		const char *text;
	} texts[] = {
		{ NM_ENOTFOUND,
		  "There is no store yet. Make it with: netmon store init. If there is one, “store” in "
		  "netmon.conf names another place." },
		{ NM_EVERSION,
		  "The store was made by another release of netmon. Upgrade the older of "
		  "the two." },
		{ NM_EFORMAT, "“store” in netmon.conf is not understood. Write sqlite:PATH." },
		{ NM_ESTORE,
		  "The store cannot be read just now: it is locked, damaged, or not readable "
		  "for the web server's user. The web server's error log says which." },
	};

	log_error("store: %s", detail);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].code == code)
			(void)snprintf(resp->reason, sizeof(resp->reason), "%s", texts[i].text);
	resp->retry_after_s = 30;
	forget_store(web);
	return 503;
}

/* 0, or the status that says why there is no store. */
static int
open_store(struct web *web, struct response *resp)
{
	char err[ERR_MAX] = "";

	if (web->db && web->now_s - web->db_opened_s > STORE_KEEP_S)
		forget_store(web);
	if (web->db)
		return 0;
	int rc = db_open(web->settings.store, DB_READ, &web->db, err, sizeof(err));
	web->db_opened_s = web->now_s;
	return rc < 0 ? store_trouble(web, rc, err, resp) : 0;
}

/* Who sent this? Sets req->signed_in and req->user. 0 or an error of the store. */
static int
find_session(struct web *web, struct request *req)
{
	uint8_t key[USER_SESSION_KEY_SIZE];
	char text[SESSION_TEXT_MAX];
	struct session session;

	if (!request_cookie(req, SESSION_COOKIE, text, sizeof(text)))
		return NM_OK;
	int rc = db_user_session_key(web->db, key);
	if (rc < 0 || session_check(text, web->now_s, key, &session) < 0)
		return rc == NM_ENOTFOUND ? NM_OK : rc;
	rc = db_user_get(web->db, session.user, &req->user);
	req->signed_in = rc == NM_OK && req->user.sessions == session.sessions;
	return rc == NM_ENOTFOUND ? NM_OK : rc;
}

/* Sends a person to the sign-in page and back; anything else but a page (an image in a mail) gets a plain refusal. */
static int
ask_to_sign_in(const struct request *req, struct response *resp)
{
	struct buf next = { 0 };

	if (req->params.image != IMAGE_NONE) {
		(void)snprintf(resp->reason, sizeof(resp->reason), "Sign in to see this graph.");
		return 403;
	}
	buf_text(&next, req->path);
	if (req->query_text[0])
		buf_printf(&next, "?%s", req->query_text);
	buf_printf(&resp->location, "%s/login", req->base);
	if (strcmp(buf_str(&next), "/") != 0) {
		buf_text(&resp->location, "?next=");
		html_url(&resp->location, buf_str(&next));
	}
	buf_free(&next);
	return 303;
}

static int
run_with_session(struct web *web, struct request *req, const struct route *route,
                 struct response *resp)
{
	int status = open_store(web, resp);

	if (status)
		return status;
	if (db_begin_read(web->db) < 0)
		return store_trouble(web, NM_ESTORE, db_error(web->db), resp);
	int rc = find_session(web, req);
	if (rc == NM_OK)
		rc = req->signed_in ? route->handler(web, req, resp) : ask_to_sign_in(req, resp);
	if (rc < 0) {
		char detail[ERR_MAX];
		(void)snprintf(detail, sizeof(detail), "%s: %s", nm_strerror(rc),
		               db_error(web->db));
		return store_trouble(web, rc == NM_ENOTFOUND ? NM_ESTORE : rc, detail, resp);
	}
	(void)db_commit(web->db);
	return rc;
}

/* Public pages bring the store's trouble as a status of their own; they need not have a transaction. */
static int
run_public(struct web *web, struct request *req, const struct route *route, struct response *resp)
{
	int status = route->handler == page_static ? 0 : open_store(web, resp);

	if (status)
		return status;
	int rc = route->handler(web, req, resp);
	return rc < 0 ? store_trouble(web, NM_ESTORE, db_error(web->db), resp) : rc;
}

static int
run_route(struct web *web, struct request *req, const struct route *route, struct response *resp)
{
	if (query_parse(req->query_text, strlen(req->query_text), route->query_keys, &req->query,
	                resp->reason, sizeof(resp->reason)) < 0)
		return 400;
	if (query_parse(req->form_text, strlen(req->form_text), route->form_keys, &req->form,
	                resp->reason, sizeof(resp->reason)) < 0)
		return 400;
	if (req->method == METHOD_POST && !request_same_origin(req)) {
		(void)snprintf(
		    resp->reason, sizeof(resp->reason),
		    "This form was sent from another site. Open the page here and try again.");
		return 403;
	}
	return route->access == ACCESS_PUBLIC ? run_public(web, req, route, resp)
	                                      : run_with_session(web, req, route, resp);
}

/* Path first, then method: a path of ours with another method is 405, not 404. */
static int
dispatch(struct web *web, struct request *req, struct response *resp)
{
	unsigned methods = 0;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!route_match(routes[i].pattern, req->path, &req->params))
			continue;
		if (routes[i].methods & req->method)
			return run_route(web, req, &routes[i], resp);
		methods |= routes[i].methods;
	}
	if (!methods)
		return 404;
	resp->allow = methods == METHOD_POST  ? "POST"
	              : methods & METHOD_POST ? "GET, HEAD, POST"
	                                      : "GET, HEAD";
	return 405;
}

int
web_handle(struct web *web, struct request *req, int refused, struct response *resp)
{
	int status = refused ? refused : dispatch(web, req, resp);

	if (!buf_ok(&resp->body) || !buf_ok(&resp->location)) {
		log_error("%s: the page does not fit into memory", req->path);
		(void)snprintf(resp->reason, sizeof(resp->reason),
		               "The page does not fit into memory.");
		status = 500;
	}
	if (status >= 400 && (resp->body.len == 0 || status == 500))
		page_error(web, req, status, resp);
	return status;
}
