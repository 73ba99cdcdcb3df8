/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control socket, and asking over it. */
#include "collector/loop.h"

#include <stdint.h>

static int64_t test_now_ms(const struct loop *loop);

/* patience ends when the test says so */
#define loop_now_ms test_now_ms
#include "collector/control.c"
#undef loop_now_ms

#include "lib/control_ask.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BIG (2u << 20)

static struct loop *loop;
static struct control *control;
static char folder[64];
static char path[96];
static char err[256];
static int64_t skipped_ms;
static char argument_seen[CONTROL_LINE_MAX];
static char *big;

static int64_t
test_now_ms(const struct loop *l)
{
	return loop_now_ms(l) + skipped_ms;
}

static void
say_hello(void *ctx, const char *argument, FILE *out)
{
	(void)ctx;
	(void)snprintf(argument_seen, sizeof(argument_seen), "%s", argument);
	(void)fprintf(out, "hello\n");
}

static void
say_much(void *ctx, const char *argument, FILE *out)
{
	size_t n = *argument ? 3 * (size_t)BIG : BIG;

	(void)ctx;
	for (size_t i = 0; i < n; i += 1024)
		(void)fprintf(out, "%1023s\n", "x");
}

static int
setup(void **state)
{
	(void)state;
	skipped_ms = 0;
	argument_seen[0] = '\0';
	(void)snprintf(folder, sizeof(folder), "/tmp/test_control.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/netmond.sock", folder);
	loop = loop_new();
	big = malloc(BIG + 1024);
	if (!loop || !big || control_new(path, loop, &control, err, sizeof(err)) < 0)
		return -1;
	(void)control_command(control, "metrics", say_hello, NULL);
	return control_command(control, "much", say_much, NULL);
}

static int
teardown(void **state)
{
	(void)state;
	control_free(control);
	control = NULL;
	loop_free(loop);
	free(big);
	(void)unlink(path);
	return rmdir(folder);
}

/* --- clients ---------------------------------------------------------------------------------------------------------- */

static int
connect_client(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int
client_that_sends(const char *text)
{
	int fd = connect_client();

	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	return fd;
}

static void
turn_over(void *ctx)
{
	(void)ctx;
	loop_stop(loop);
}

/* A question that a thread asks while the loop runs, until the answer has come. */
struct question {
	const char *line;
	unsigned timeout_ms;
	char *answer;
	size_t size;
	int rc;
};

static void *
ask(void *ctx)
{
	struct question *q = ctx;

	q->rc = control_ask(path, q->line, q->timeout_ms, q->answer, q->size);
	return NULL;
}

static int
asked(const char *line, char *answer, size_t size)
{
	struct question q = { line, 5000, answer, size, 1 };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, ask, &q), 0);
	assert_int_equal(loop_timer(loop, 100, turn_over, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return q.rc;
}

static void
run_a_while(void)
{
	assert_int_equal(loop_timer(loop, 60, turn_over, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
}

/* What came over a client's connection, which is closed then; "(open)" at the end when it is not at its end. */
static void
assert_answer(int fd, const char *expected)
{
	char text[2048];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, text + len, sizeof(text) - len - 8, 0)) > 0)
		len += (size_t)n;
	(void)snprintf(text + len, sizeof(text) - len, n < 0 && errno == EAGAIN ? "(open)" : "");
	assert_string_equal(text, expected);
	(void)close(fd);
}

/* --- questions and answers -------------------------------------------------------------------------------------------- */

static void
a_line_is_answered_up_to_the_end_of_the_connection(void **state)
{
	(void)state;
	int fd = client_that_sends("metrics of all kinds\n");
	run_a_while();
	assert_answer(fd, "hello\n");
	assert_string_equal(argument_seen, "of all kinds");
}

static void
a_line_that_comes_in_pieces_is_answered_when_it_is_whole(void **state)
{
	(void)state;
	int fd = client_that_sends("met");
	run_a_while();
	assert_int_equal(control->n_clients, 1);
	assert_int_equal(send(fd, "rics\n", 5, MSG_NOSIGNAL), 5);
	on_client(&control->clients[0], LOOP_READ);
	assert_answer(fd, "hello\n");
}

static void
a_client_that_only_looks_is_forgotten(void **state)
{
	(void)state;
	(void)close(connect_client());
	run_a_while();
	assert_int_equal(control->n_clients, 0);
}

static void
what_is_not_known_is_an_error(void **state)
{
	(void)state;
	int fd = client_that_sends("dance\n");
	run_a_while();
	assert_answer(fd, "error: no such command\n");
}

static void
a_request_beyond_the_limit_is_refused(void **state)
{
	(void)state;
	char text[CONTROL_LINE_MAX + 100];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	int fd = client_that_sends(text);
	run_a_while();
	assert_answer(fd, "error: the request is too long\n");
}

static void
a_request_of_just_the_limit_is_taken(void **state)
{
	(void)state;
	char text[CONTROL_LINE_MAX + 1];

	memset(text, 'a', sizeof(text));
	memcpy(text, "metrics ", 8);
	text[CONTROL_LINE_MAX - 1] = '\n';
	text[CONTROL_LINE_MAX] = '\0';
	int fd = client_that_sends(text);
	run_a_while();
	assert_answer(fd, "hello\n");
	assert_int_equal(strlen(argument_seen), CONTROL_LINE_MAX - 9);
}

static void
http_gets_a_page_with_its_head(void **state)
{
	(void)state;
	int fd = client_that_sends("GET /metrics HTTP/1.1\r\nHost: netmon\r\nAccept: */*\r\n\r\n");
	run_a_while();
	assert_answer(fd, "HTTP/1.1 200 OK\r\n"
	                  "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	                  "Content-Length: 6\r\nConnection: close\r\n\r\nhello\n");
}

static void
http_is_answered_when_the_head_is_whole(void **state)
{
	(void)state;
	int fd = client_that_sends("GET /metrics HTTP/1.1\r\nHost: netmon\r\n");
	run_a_while();
	assert_answer(fd, "(open)");
}

static void
http_gets_nothing_that_changes_something(void **state)
{
	(void)state;
	int fd = client_that_sends("GET /much HTTP/1.1\r\n\r\n");
	run_a_while();
	assert_answer(fd, "HTTP/1.1 404 Not Found\r\n"
	                  "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	                  "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

static void
an_answer_of_megabytes_comes_whole(void **state)
{
	(void)state;
	assert_int_equal(asked("much", big, BIG + 1024), 0);
	assert_int_equal(strlen(big), BIG);
}

static void
what_does_not_fit_the_askers_buffer_is_cut(void **state)
{
	(void)state;
	assert_int_equal(asked("much", big, 100), 0);
	assert_int_equal(strlen(big), 99);
}

static void
an_answer_beyond_the_cap_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(asked("much more", big, BIG), 0);
	assert_string_equal(big, "error: the answer is too long\n");
}

static void
asking_where_nobody_listens_says_so(void **state)
{
	(void)state;
	char answer[16] = "untouched";

	assert_int_equal(control_ask("/nonexistent/sock", "status", 100, answer, 16), -ENOENT);
	assert_string_equal(answer, "untouched");
}

static void
asking_has_an_end(void **state)
{
	(void)state;
	char answer[16];

	/* the loop does not run: it is accepted by the kernel, and never answered */
	assert_int_equal(control_ask(path, "metrics", 50, answer, sizeof(answer)), -ETIMEDOUT);
}

/* --- patience and places ---------------------------------------------------------------------------------------------- */

static void
who_does_not_ask_in_time_is_dropped(void **state)
{
	(void)state;
	int fd = client_that_sends("metr");
	run_a_while();
	skipped_ms = CONTROL_PATIENCE_S * 1000 - 500;
	sweep(control);
	assert_int_equal(control->n_clients, 1);
	skipped_ms = CONTROL_PATIENCE_S * 1000 + 500;
	sweep(control);
	assert_answer(fd, "");
}

static void
who_does_not_read_is_dropped(void **state)
{
	(void)state;
	int fd = client_that_sends("much\n");
	run_a_while();
	assert_int_equal(control->n_clients, 1);
	skipped_ms = CONTROL_PATIENCE_S * 1000 + 500;
	sweep(control);
	assert_int_equal(control->n_clients, 0);
	(void)close(fd);
}

static void
clients_beyond_the_limit_wait_for_their_turn(void **state)
{
	(void)state;
	int fds[CONTROL_CLIENTS_MAX];

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		fds[i] = connect_client();
	assert_int_equal(loop_timer(loop, 150, turn_over, NULL), 0);
	int late = client_that_sends("metrics\n");
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		on_connection(control, LOOP_READ);
	assert_int_equal(control->n_clients, CONTROL_CLIENTS_MAX);
	assert_int_equal(recv(late, argument_seen, 1, 0), -1);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		(void)close(fds[i]);
	assert_int_equal(loop_run(loop), 0);
	assert_answer(late, "hello\n");
}

static void
commands_have_a_limit(void **state)
{
	(void)state;
	for (int i = 2; i < CONTROL_COMMANDS_MAX; i++)
		assert_int_equal(control_command(control, "x", say_hello, NULL), 0);
	assert_int_equal(control_command(control, "x", say_hello, NULL), NM_ELIMIT);
}

/* --- the socket's place ----------------------------------------------------------------------------------------------- */

static void
the_socket_is_for_owner_and_group(void **state)
{
	(void)state;
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
}

static void
a_socket_that_is_answered_is_left_alone(void **state)
{
	(void)state;
	struct control *second = NULL;

	assert_int_equal(control_new(path, loop, &second, err, sizeof(err)), NM_EEXISTS);
	assert_non_null(strstr(err, "another program listens"));
	int fd = client_that_sends("metrics\n");
	run_a_while();
	assert_answer(fd, "hello\n");
}

static void
a_socket_that_nobody_answers_is_replaced(void **state)
{
	(void)state;
	/* as after kill -9: the socket is closed and its name stays */
	control->ino = 0;
	control_free(control);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(control_new(path, loop, &control, err, sizeof(err)), 0);
	assert_int_equal(control_command(control, "metrics", say_hello, NULL), 0);
	int fd = client_that_sends("metrics\n");
	run_a_while();
	assert_answer(fd, "hello\n");
}

static void
what_is_no_socket_is_never_replaced(void **state)
{
	(void)state;
	struct control *second = NULL;
	char other[128];
	struct stat st;

	(void)snprintf(other, sizeof(other), "%s/file", folder);
	(void)close(open(other, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(control_new(other, loop, &second, err, sizeof(err)), NM_EEXISTS);
	assert_non_null(strstr(err, "is no socket"));
	assert_int_equal(lstat(other, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(unlink(other), 0);
	assert_int_equal(symlink("/nonexistent", other), 0);
	assert_int_equal(control_new(other, loop, &second, err, sizeof(err)), NM_EEXISTS);
	assert_int_equal(unlink(other), 0);
}

static void
the_end_removes_the_socket_but_not_a_successors(void **state)
{
	(void)state;
	struct control *mine = control;
	struct stat st;

	assert_int_equal(unlink(path), 0);
	assert_int_equal(control_new(path, loop, &control, err, sizeof(err)), 0);
	control_free(mine);
	assert_int_equal(lstat(path, &st), 0);
	control_free(control);
	control = NULL;
	assert_int_equal(lstat(path, &st), -1);
}

static void
a_path_that_no_socket_can_have_is_refused(void **state)
{
	(void)state;
	struct control *second = NULL;
	char longest[200];

	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(control_new(longest, loop, &second, err, sizeof(err)), NM_ELIMIT);
	assert_non_null(strstr(err, "longer than"));
	assert_int_equal(control_new("/nonexistent/s", loop, &second, err, sizeof(err)), -ENOENT);
	assert_null(second);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_line_is_answered_up_to_the_end_of_the_connection),
		CASE(a_line_that_comes_in_pieces_is_answered_when_it_is_whole),
		CASE(a_client_that_only_looks_is_forgotten),
		CASE(what_is_not_known_is_an_error),
		CASE(a_request_beyond_the_limit_is_refused),
		CASE(a_request_of_just_the_limit_is_taken),
		CASE(http_gets_a_page_with_its_head),
		CASE(http_is_answered_when_the_head_is_whole),
		CASE(http_gets_nothing_that_changes_something),
		CASE(an_answer_of_megabytes_comes_whole),
		CASE(what_does_not_fit_the_askers_buffer_is_cut),
		CASE(an_answer_beyond_the_cap_is_an_error),
		CASE(asking_where_nobody_listens_says_so),
		CASE(asking_has_an_end),
		CASE(who_does_not_ask_in_time_is_dropped),
		CASE(who_does_not_read_is_dropped),
		CASE(clients_beyond_the_limit_wait_for_their_turn),
		CASE(commands_have_a_limit),
		CASE(the_socket_is_for_owner_and_group),
		CASE(a_socket_that_is_answered_is_left_alone),
		CASE(a_socket_that_nobody_answers_is_replaced),
		CASE(what_is_no_socket_is_never_replaced),
		CASE(the_end_removes_the_socket_but_not_a_successors),
		CASE(a_path_that_no_socket_can_have_is_refused),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
