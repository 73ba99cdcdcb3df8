/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Session cookies without a table: "1.USER.SESSIONS.EXPIRES.MAC", where MAC is crypto_auth() (HMAC-SHA512-256) over all
 * that stands before it, in base64url. Nobody without the store's key can make or change one. A session ends when it
 * expires, or when the user's `sessions` number in the store is raised (new password, removal). Any thread.
 */
#ifndef NETMON_WEB_SESSION_H
#define NETMON_WEB_SESSION_H

#include "lib/db_user.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_COOKIE   "netmon_session"
#define SESSION_LIFE_S   (12 * 3600) /* a shift, and a bit */
#define SESSION_TEXT_MAX 160

struct session {
	int64_t user;      /* web_user.id */
	int64_t sessions;  /* the user's number when the session began */
	int64_t expires_s; /* seconds UTC */
};

/* The cookie's value for a session that ends SESSION_LIFE_S after `now_s`. 0 or NM_ELIMIT. */
int session_make(const struct db_user *user, int64_t now_s,
                 const uint8_t key[USER_SESSION_KEY_SIZE], char *ret_text, size_t size);
/* 0; NM_EFORMAT: not ours, or changed; NM_ENOTFOUND: expired. The caller compares `sessions` with the store. */
int session_check(const char *text, int64_t now_s, const uint8_t key[USER_SESSION_KEY_SIZE],
                  struct session *ret_session);
/* A Set-Cookie value. `text` "" makes the browser forget the cookie. */
int session_set_cookie(const char *text, const char *base, bool secure, char *ret_header,
                       size_t size);

#endif
