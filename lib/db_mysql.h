/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store in MariaDB or MySQL: what the units lib/db_mysql*.c share. db_mysql.c has the connection, transactions and the
 * schema, db_mysql_stmt.c statements, db_mysql_spec.c how a connection is written, db_mysql_text.c the dialect.
 */
#ifndef NETMON_LIB_DB_MYSQL_H
#define NETMON_LIB_DB_MYSQL_H

#include "lib/db_client.h"
#include "lib/paths.h"

#include <mariadb/mysql.h>
#include <time.h>

#define MYSQL_WORD_MAX 128

/* --- how a connection is written ---------------------------------------------------------------------------------------- */

enum mysql_tls {
	MYSQL_TLS_TRY = 0, /* over TLS when the server is remote and has it */
	MYSQL_TLS_REQUIRED, /* no connection without; with tls_ca the server's certificate is verified */
	MYSQL_TLS_OFF,
};

/* Empty or 0: the library's default. */
struct mysql_spec {
	char user[MYSQL_WORD_MAX];
	char host[MYSQL_WORD_MAX];
	unsigned port;
	char database[MYSQL_WORD_MAX];
	char socket[PATHS_MAX];
	char password_file[PATHS_MAX]; /* its first line is the password */
	char defaults_file[PATHS_MAX]; /* my.cnf form, section [netmon] */
	char tls_ca[PATHS_MAX];
	enum mysql_tls tls;
	unsigned timeout_s; /* for one answer */
};

/* Reads "//[USER@][HOST[:PORT]]/DATABASE[?KEY=VALUE[&KEY=VALUE]...]". 0, or NM_EFORMAT with one line in `err`. */
int mysql_spec_parse(const char *text, struct mysql_spec *ret_spec, char *err, size_t err_size);
/* True when the server is on another machine. */
bool mysql_spec_is_remote(const struct mysql_spec *spec);

/* --- dialect -------------------------------------------------------------------------------------------------------------- */

/*
 * Translates one of our own statements: ON CONFLICT into ON DUPLICATE KEY, `excluded.x` into VALUES(x), and `/`, which
 * divides integers in SQLite, into DIV. Text in quotes stays. 0, or NM_ELIMIT when it does not fit.
 */
int mysql_translate(const char *sql, char *ret_text, size_t size);
/* The length of the first statement of a script, with the ';' that ends it; 0 at the end. Quotes and comments of MySQL's
 * dialect are passed over, and so are blanks in front: *ret_skip is how many. */
size_t mysql_statement_length(const char *script, size_t *ret_skip);

/* --- connection ----------------------------------------------------------------------------------------------------------- */

struct mysql_link {
	MYSQL *mysql; /* NULL: not connected */
	struct mysql_spec spec;
	char password[256];
	char error[256]; /* the last failure's words */
	char job[64];    /* name of the lock that is held; empty: none */
	bool in_transaction;
	bool doomed;  /* the server gave the transaction up, or is gone: only a rollback goes on */
	bool arrays;  /* takes arrays of rows */
	bool patient; /* a change of the schema is under way: answers may take long */
	time_t used;  /* monotonic; when the server last answered */
};

struct mysql_link *mysql_link_of(const struct db *db);
/* Connected, unless a transaction broke: 0 or NM_ESTORE. */
int mysql_ready(struct db *db);
/* Takes down what went wrong, on a statement or (NULL) the connection, and says what it is: NM_EEXISTS or NM_ESTORE. */
int mysql_failed(struct db *db, MYSQL_STMT *stmt);

/* --- statements (struct db_client) ------------------------------------------------------------------------------------------ */

int mysql_prepare_query(struct db *db, struct db_stmt *q);
void mysql_finalize(struct db_stmt *q);
/* The connection is gone: statements forget the server's side of themselves. */
void mysql_forget(struct db *db);
int mysql_bind_int(struct db_stmt *q, int at, int64_t value);
int mysql_bind_text(struct db_stmt *q, int at, const char *text, size_t len);
int mysql_step(struct db_stmt *q);
int64_t mysql_column_int(struct db_stmt *q, int at);
const char *mysql_column_text(struct db_stmt *q, int at);
void mysql_reset(struct db_stmt *q);
void mysql_unbind(struct db_stmt *q);
int mysql_put_rows(struct db *db, const struct db_rows *rows, size_t n, const void *ctx);

#endif
