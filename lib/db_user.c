/* SPDX-License-Identifier: GPL-3.0-or-later */
/* People who may read the pages. */
#include "lib/db_user.h"

#include "lib/db_sql.h"
#include "lib/err.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SESSION_KEY_NAME "session_key"
#define SESSION_HEX_SIZE (2 * USER_SESSION_KEY_SIZE + 1)

static bool
name_valid(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._@-";
	size_t len = strnlen(name, USER_NAME_MAX);

	return len > 0 && len < USER_NAME_MAX && name[0] != '-' && strspn(name, allowed) == len;
}

static bool
password_valid(const char *password)
{
	size_t len = strnlen(password, USER_PASSWORD_MAX + 1);

	return len >= USER_PASSWORD_MIN && len <= USER_PASSWORD_MAX;
}

/* argon2id, with its salt and cost in the text. -ENOMEM when the 64 MiB that it needs are not there. */
static int
hash_password(const char *password, char ret_hash[crypto_pwhash_STRBYTES])
{
	if (sodium_init() < 0)
		return -ENOSYS;
	return crypto_pwhash_str(ret_hash, password, strlen(password),
	                         crypto_pwhash_OPSLIMIT_INTERACTIVE,
	                         crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0
	           ? NM_OK
	           : -ENOMEM;
}

/* Makes the key that signs session cookies, unless the store has one. */
static int
ensure_session_key(struct db *db)
{
	uint8_t key[USER_SESSION_KEY_SIZE];
	char hex[SESSION_HEX_SIZE];
	struct db_stmt *q;
	int rc = db_query(db,
	                  "INSERT INTO setting (name, value) VALUES (?, ?) "
	                  "ON CONFLICT (name) DO NOTHING",
	                  &q);

	if (rc < 0)
		return rc;
	randombytes_buf(key, sizeof(key));
	db_bind_text(q, 1, SESSION_KEY_NAME);
	db_bind_text(q, 2, sodium_bin2hex(hex, sizeof(hex), key, sizeof(key)));
	rc = db_finish(q);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(hex, sizeof(hex));
	return rc;
}

/* `sessions` begins at random, so that no old cookie fits a new user. */
static int
insert_user(struct db *db, const char *name, const char *role, const char *hash)
{
	struct db_stmt *q;
	int rc = ensure_session_key(db);

	if (rc == NM_OK)
		rc = db_query(
		    db, "INSERT INTO web_user (name, hash, role, sessions) VALUES (?, ?, ?, ?)",
		    &q);
	if (rc != NM_OK)
		return rc;
	db_bind_text(q, 1, name);
	db_bind_text(q, 2, hash);
	db_bind_text(q, 3, role);
	db_bind_int(q, 4, randombytes_uniform(1u << 30));
	return db_finish(q);
}

int
db_user_add(struct db *db, const char *name, const char *role, const char *password)
{
	char hash[crypto_pwhash_STRBYTES];

	if (!name_valid(name) || !password_valid(password) ||
	    (strcmp(role, "read") != 0 && strcmp(role, "admin") != 0))
		return NM_EFORMAT;
	int rc = hash_password(password, hash);
	if (rc == NM_OK)
		rc = db_begin_write(db);
	if (rc == NM_OK)
		rc = insert_user(db, name, role, hash);
	return db_end_write(db, rc);
}

/* Runs a statement of which the last parameter is the user's name; NM_ENOTFOUND when it touched no row. */
static int
finish_on_user(struct db *db, struct db_stmt *q)
{
	int rc = db_finish(q);

	if (rc < 0)
		return rc;
	return db_changes(db) > 0 ? NM_OK : NM_ENOTFOUND;
}

int
db_user_set_password(struct db *db, const char *name, const char *password)
{
	char hash[crypto_pwhash_STRBYTES];
	struct db_stmt *q;

	if (!password_valid(password))
		return NM_EFORMAT;
	int rc = hash_password(password, hash);
	if (rc == NM_OK)
		rc = db_query(
		    db, "UPDATE web_user SET hash = ?, sessions = sessions + 1 WHERE name = ?", &q);
	if (rc != NM_OK)
		return rc;
	db_bind_text(q, 1, hash);
	db_bind_text(q, 2, name);
	return finish_on_user(db, q);
}

int
db_user_remove(struct db *db, const char *name)
{
	struct db_stmt *q;
	int rc = db_query(db, "DELETE FROM web_user WHERE name = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, name);
	return finish_on_user(db, q);
}

int
db_user_end_sessions(struct db *db, int64_t id)
{
	struct db_stmt *q;
	int rc = db_query(db, "UPDATE web_user SET sessions = sessions + 1 WHERE id = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, id);
	return finish_on_user(db, q);
}

static void
read_user(struct db_stmt *q, struct db_user *user)
{
	user->id = db_column_int(q, 0);
	db_column_copy(q, 1, user->name, sizeof(user->name));
	db_column_copy(q, 2, user->role, sizeof(user->role));
	user->sessions = db_column_int(q, 3);
}

int
db_user_each(struct db *db, int (*each)(void *ctx, const struct db_user *user), void *ctx)
{
	struct db_user user;
	struct db_stmt *q;
	int rc = db_query(db, "SELECT id, name, role, sessions FROM web_user ORDER BY name", &q);

	if (rc < 0)
		return rc;
	while ((rc = db_step(q)) > 0) {
		read_user(q, &user);
		rc = each(ctx, &user);
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}

int
db_user_get(struct db *db, int64_t id, struct db_user *ret_user)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT id, name, role, sessions FROM web_user WHERE id = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, id);
	rc = db_step(q);
	if (rc > 0)
		read_user(q, ret_user);
	db_done(q);
	if (rc < 0)
		return rc;
	return rc > 0 ? NM_OK : NM_ENOTFOUND;
}

/* The user and the hash of a name; NM_ENOTFOUND. */
static int
find_user(struct db *db, const char *name, struct db_user *ret_user,
          char ret_hash[crypto_pwhash_STRBYTES])
{
	struct db_stmt *q;
	int rc =
	    db_query(db, "SELECT id, name, role, sessions, hash FROM web_user WHERE name = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, name);
	rc = db_step(q);
	if (rc > 0) {
		read_user(q, ret_user);
		/* crypto_pwhash_str_verify() reads all of it, so the rest must be zero */
		memset(ret_hash, 0, crypto_pwhash_STRBYTES);
		db_column_copy(q, 4, ret_hash, crypto_pwhash_STRBYTES);
	}
	db_done(q);
	if (rc < 0)
		return rc;
	return rc > 0 ? NM_OK : NM_ENOTFOUND;
}

int
db_user_check(struct db *db, const char *name, const char *password, struct db_user *ret_user)
{
	char hash[crypto_pwhash_STRBYTES];
	struct db_user user;

	if (strnlen(password, USER_PASSWORD_MAX + 1) > USER_PASSWORD_MAX)
		password = "";
	int rc = find_user(db, name, &user, hash);
	if (rc == NM_ENOTFOUND) {
		/* the same work as below, so that the time does not tell which names exist */
		(void)hash_password(password, hash);
		return NM_ENOTFOUND;
	}
	if (rc < 0)
		return rc;
	if (sodium_init() < 0)
		return -ENOSYS;
	if (crypto_pwhash_str_verify(hash, password, strlen(password)) != 0)
		return NM_ENOTFOUND;
	*ret_user = user;
	return NM_OK;
}

int
db_user_session_key(struct db *db, uint8_t ret_key[USER_SESSION_KEY_SIZE])
{
	struct db_stmt *q;
	size_t len = 0;
	int rc = db_query(db, "SELECT value FROM setting WHERE name = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, SESSION_KEY_NAME);
	rc = db_step(q);
	if (rc > 0) {
		const char *hex = db_column_text(q, 0);
		if (sodium_hex2bin(ret_key, USER_SESSION_KEY_SIZE, hex, strlen(hex), NULL, &len,
		                   NULL) != 0 ||
		    len != USER_SESSION_KEY_SIZE)
			rc = NM_ESTORE;
	}
	db_done(q);
	if (rc < 0)
		return rc;
	return rc > 0 ? NM_OK : NM_ENOTFOUND;
}
