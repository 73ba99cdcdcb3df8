/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users, their passwords and their sessions. */
#include "lib/db_sql.h"
#include "lib/db_user.h"
#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void
a_user_gets_in_with_the_right_password_only(void **state)
{
	struct store *s = *state;
	struct db_user user = { .id = 0 };

	assert_int_equal(db_user_add(s->db, "ann", "admin", "correct horse"), NM_OK);
	assert_int_equal(db_user_check(s->db, "ann", "wrong horse", &user), NM_ENOTFOUND);
	assert_int_equal(db_user_check(s->db, "ann", "", &user), NM_ENOTFOUND);
	assert_int_equal(db_user_check(s->db, "bob", "correct horse", &user), NM_ENOTFOUND);
	assert_int_equal(user.id, 0);
	assert_int_equal(db_user_check(s->db, "ann", "correct horse", &user), NM_OK);
	assert_string_equal(user.name, "ann");
	assert_string_equal(user.role, "admin");
}

static void
the_store_keeps_argon2id_and_no_password(void **state)
{
	struct store *s = *state;
	struct db_stmt *q;

	assert_int_equal(db_user_add(s->db, "ann", "read", "correct horse"), NM_OK);
	assert_int_equal(db_query(s->db, "SELECT hash FROM web_user", &q), NM_OK);
	assert_int_equal(db_step(q), 1);
	assert_memory_equal(db_column_text(q, 0), "$argon2id$", 10);
	assert_null(strstr(db_column_text(q, 0), "horse"));
	db_done(q);
}

static void
names_roles_and_passwords_outside_the_limits_are_refused(void **state)
{
	static const char *const names[] = { "", "a b", "-a", "a/b", "\xc3\xa4", "a'b" };
	struct store *s = *state;
	char text[USER_PASSWORD_MAX + 2];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(db_user_add(s->db, names[i], "read", "correct horse"), NM_EFORMAT);
	assert_int_equal(db_user_add(s->db, "ann", "root", "correct horse"), NM_EFORMAT);
	assert_int_equal(db_user_add(s->db, "ann", "read", "1234567"), NM_EFORMAT);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(db_user_add(s->db, "ann", "read", text), NM_EFORMAT);
	text[USER_PASSWORD_MAX] = '\0';
	assert_int_equal(db_user_add(s->db, "ann", "read", text), NM_OK);
	text[USER_NAME_MAX] = '\0';
	assert_int_equal(db_user_add(s->db, text, "read", "correct horse"), NM_EFORMAT);
}

static void
a_name_is_taken_once(void **state)
{
	struct store *s = *state;

	assert_int_equal(db_user_add(s->db, "ann", "read", "correct horse"), NM_OK);
	assert_int_equal(db_user_add(s->db, "ann", "admin", "another horse"), NM_EEXISTS);
}

static void
a_new_password_ends_the_sessions(void **state)
{
	struct store *s = *state;
	struct db_user before, after;

	assert_int_equal(db_user_add(s->db, "ann", "read", "correct horse"), NM_OK);
	assert_int_equal(db_user_check(s->db, "ann", "correct horse", &before), NM_OK);
	assert_int_equal(db_user_set_password(s->db, "ann", "short"), NM_EFORMAT);
	assert_int_equal(db_user_set_password(s->db, "ann", "battery staple"), NM_OK);
	assert_int_equal(db_user_check(s->db, "ann", "correct horse", &after), NM_ENOTFOUND);
	assert_int_equal(db_user_check(s->db, "ann", "battery staple", &after), NM_OK);
	assert_int_not_equal(before.sessions, after.sessions);
	assert_int_equal(db_user_end_sessions(s->db, after.id), NM_OK);
	assert_int_equal(db_user_get(s->db, after.id, &before), NM_OK);
	assert_int_not_equal(before.sessions, after.sessions);
}

static void
what_is_done_to_a_user_who_is_not_there_is_told(void **state)
{
	struct store *s = *state;
	struct db_user user;

	assert_int_equal(db_user_set_password(s->db, "ann", "correct horse"), NM_ENOTFOUND);
	assert_int_equal(db_user_remove(s->db, "ann"), NM_ENOTFOUND);
	assert_int_equal(db_user_get(s->db, 1, &user), NM_ENOTFOUND);
	assert_int_equal(db_user_end_sessions(s->db, 1), NM_ENOTFOUND);
}

static void
a_removed_users_cookie_does_not_fit_the_next_user(void **state)
{
	struct store *s = *state;
	struct db_user old, new;

	assert_int_equal(db_user_add(s->db, "ann", "read", "correct horse"), NM_OK);
	assert_int_equal(db_user_check(s->db, "ann", "correct horse", &old), NM_OK);
	assert_int_equal(db_user_remove(s->db, "ann"), NM_OK);
	assert_int_equal(db_user_add(s->db, "ann", "read", "correct horse"), NM_OK);
	assert_int_equal(db_user_check(s->db, "ann", "correct horse", &new), NM_OK);
	assert_true(new.id != old.id);
}

static int
append_name(void *ctx, const struct db_user *user)
{
	char *out = ctx;
	size_t len = strlen(out);

	(void)snprintf(out + len, 64 - len, "%s(%s)", user->name, user->role);
	return 0;
}

static void
users_are_listed_by_name(void **state)
{
	struct store *s = *state;
	char out[64] = "";

	assert_int_equal(db_user_add(s->db, "bob", "read", "correct horse"), NM_OK);
	assert_int_equal(db_user_add(s->db, "ann", "admin", "correct horse"), NM_OK);
	assert_int_equal(db_user_each(s->db, append_name, out), 0);
	assert_string_equal(out, "ann(admin)bob(read)");
}

static void
the_session_key_comes_with_the_first_user_and_stays(void **state)
{
	struct store *s = *state;
	uint8_t first[USER_SESSION_KEY_SIZE], second[USER_SESSION_KEY_SIZE];
	static const uint8_t zero[USER_SESSION_KEY_SIZE];

	assert_int_equal(db_user_session_key(s->db, first), NM_ENOTFOUND);
	assert_int_equal(db_user_add(s->db, "ann", "read", "correct horse"), NM_OK);
	assert_int_equal(db_user_session_key(s->db, first), NM_OK);
	assert_memory_not_equal(first, zero, sizeof(zero));
	assert_int_equal(db_user_add(s->db, "bob", "read", "correct horse"), NM_OK);
	assert_int_equal(db_user_session_key(s->db, second), NM_OK);
	assert_memory_equal(first, second, sizeof(first));
}

static void
a_damaged_session_key_is_not_used(void **state)
{
	struct store *s = *state;
	uint8_t key[USER_SESSION_KEY_SIZE];

	assert_int_equal(db_run(s->db, "INSERT INTO setting VALUES ('session_key', 'abcd')"),
	                 NM_OK);
	assert_int_equal(db_user_session_key(s->db, key), NM_ESTORE);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_user_gets_in_with_the_right_password_only),
		TEST(the_store_keeps_argon2id_and_no_password),
		TEST(names_roles_and_passwords_outside_the_limits_are_refused),
		TEST(a_name_is_taken_once),
		TEST(a_new_password_ends_the_sessions),
		TEST(what_is_done_to_a_user_who_is_not_there_is_told),
		TEST(a_removed_users_cookie_does_not_fit_the_next_user),
		TEST(users_are_listed_by_name),
		TEST(the_session_key_comes_with_the_first_user_and_stays),
		TEST(a_damaged_session_key_is_not_used),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
