/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing in and out. */
#include "lib/db_user.h"
#include "lib/err.h"
#include "lib/log.h"
#include "web/html.h"
#include "web/page.h"
#include "web/pages.h"
#include "web/session.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* A path on this site, of characters that our own addresses are made of: "//host" and "/\host" are other sites. */
static bool
is_local(const char *next)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~:/?&=%+";

	return next[0] == '/' && next[1] != '/' && !next[strspn(next, plain)];
}

static int
show_form(const struct web *web, const struct request *req, const char *next, const char *notice,
          struct response *resp)
{
	struct buf main = { 0 };
	const struct tmpl_value values[] = {
		{ SLOT_BASE, AS_TEXT, req->base },
		{ SLOT_NEXT, AS_TEXT, is_local(next) ? next : "/" },
		{ SLOT_USER, AS_TEXT, req->form.user },
		{ SLOT_NOTICE, AS_TEXT, notice },
	};

	tmpl_render(web->tmpl, TMPL_LOGIN, values, N(values), &main);
	page_frame(web, req, "Sign in", "", buf_str(&main), resp);
	buf_free(&main);
	return 200;
}

int
page_login(struct web *web, const struct request *req, struct response *resp)
{
	uint8_t key[USER_SESSION_KEY_SIZE];
	int rc = db_user_session_key(web->db, key);

	sodium_memzero(key, sizeof(key));
	if (rc < 0 && rc != NM_ENOTFOUND)
		return rc;
	return show_form(
	    web, req, req->query.next,
	    rc == NM_OK ? "" : "Nobody can sign in yet. On the server, run: netmon user add NAME",
	    resp);
}

/* The session begins: cookie and the way to where the person wanted to go. */
static int
begin_session(struct web *web, const struct request *req, const struct db_user *user,
              struct response *resp)
{
	uint8_t key[USER_SESSION_KEY_SIZE];
	char text[SESSION_TEXT_MAX];
	int rc = db_user_session_key(web->db, key);

	if (rc == NM_OK)
		rc = session_make(user, web->now_s, key, text, sizeof(text));
	sodium_memzero(key, sizeof(key));
	if (rc == NM_OK)
		rc = session_set_cookie(text, req->base, web_is_secure(web, req), resp->cookie,
		                        sizeof(resp->cookie));
	if (rc != NM_OK)
		return rc == NM_ESTORE ? rc : 500;
	buf_printf(&resp->location, "%s%s", req->base,
	           is_local(req->form.next) ? req->form.next : "/");
	return 303;
}

static int
refuse(struct web *web, const struct request *req, struct response *resp)
{
	char client[64];

	throttle_wrong(&web->throttle, req->client, web->now_s);
	/* the name is left out: people type passwords there */
	log_warn("sign-in refused: client %s",
	         log_safe(client, sizeof(client), req->client, strlen(req->client)));
	(void)show_form(web, req, req->form.next, "The name or the password is wrong.", resp);
	return 403;
}

int
page_sign_in(struct web *web, const struct request *req, struct response *resp)
{
	struct db_user user;
	unsigned wait_s = throttle_wait_s(&web->throttle, req->client, web->now_s);

	if (wait_s) {
		resp->retry_after_s = wait_s;
		(void)snprintf(
		    resp->reason, sizeof(resp->reason),
		    "Too many wrong passwords came from your network. Wait %u minutes and try "
		    "again.",
		    (wait_s + 59) / 60);
		return 429;
	}
	int rc = db_user_check(web->db, req->form.user, req->form.password, &user);
	if (rc == NM_ENOTFOUND)
		return refuse(web, req, resp);
	return rc == NM_OK ? begin_session(web, req, &user, resp) : rc;
}

/* The browser forgets its cookie. Sessions in other browsers stay; a new password ends them all. */
int
page_sign_out(struct web *web, const struct request *req, struct response *resp)
{
	if (session_set_cookie("", req->base, web_is_secure(web, req), resp->cookie,
	                       sizeof(resp->cookie)) < 0)
		return 500;
	buf_printf(&resp->location, "%s/login", req->base);
	return 303;
}
