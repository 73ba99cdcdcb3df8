/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * People who may read the pages. Passwords are hashed with argon2id (RFC 9106; libsodium's crypto_pwhash_str at
 * INTERACTIVE cost). Passwords are wiped from memory by whoever read them.
 */
#ifndef NETMON_LIB_DB_USER_H
#define NETMON_LIB_DB_USER_H

#include "lib/db.h"

#include <stddef.h>
#include <stdint.h>

#define USER_NAME_MAX     64 /* bytes with the NUL: [A-Za-z0-9._@-] */
#define USER_PASSWORD_MIN 8
#define USER_PASSWORD_MAX 256

struct db_user {
	int64_t id;
	char name[USER_NAME_MAX];
	char role[16];    /* "read" or "admin" */
	int64_t sessions; /* a session cookie carries it; another number: the session has ended */
};

/* In a transaction of its own. NM_EEXISTS; NM_EFORMAT: name, role or password outside the limits; -ENOMEM: hashing takes
 * 64 MiB for a moment. */
int db_user_add(struct db *db, const char *name, const char *role, const char *password);
/* Also ends the user's sessions. NM_ENOTFOUND. */
int db_user_set_password(struct db *db, const char *name, const char *password);
int db_user_remove(struct db *db, const char *name);
int db_user_each(struct db *db, int (*each)(void *ctx, const struct db_user *user), void *ctx);
int db_user_get(struct db *db, int64_t id, struct db_user *ret_user);
/* Checks name and password; takes as long for a name that is not there. 0, or NM_ENOTFOUND for either being wrong. */
int db_user_check(struct db *db, const char *name, const char *password, struct db_user *ret_user);
/* Raises `sessions`. */
int db_user_end_sessions(struct db *db, int64_t id);

/* The key that signs session cookies, 32 random bytes made when the store was first given a user. NM_ENOTFOUND before. */
#define USER_SESSION_KEY_SIZE 32
int db_user_session_key(struct db *db, uint8_t ret_key[USER_SESSION_KEY_SIZE]);

#endif
