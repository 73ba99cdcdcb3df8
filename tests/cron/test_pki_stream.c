/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection in TLS with netmon's own certificates: what one turn of it may cost, and that octets arrive whole however they are cut. */
#include "cron/admin/pki.h"
#include "lib/err.h"
#include "lib/stream.h"
#include "lib/tls_inner.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define OCTETS 300000

/* An authority with a collector and a probe, and what both sides have of a connection. */
struct fixture {
	char folder[64];
	struct tls *server_tls;
	struct tls *client_tls;
	int fds[2];
	struct stream *server;
	struct stream *client;
	SSL *raw; /* the client without netmon's stream, for what that does not do */
};

static void
issue(struct pki *pki, const char *folder, const char *name, char ret_cert[128], char ret_key[128])
{
	struct pki_hosts hosts = { .n = 0 };
	const struct pki_request request = { name, strcmp(name, "collector") == 0 ? &hosts : NULL,
		                             60, ret_cert, ret_key };

	assert_true(pki_host_add(&hosts, "localhost"));
	(void)snprintf(ret_cert, 128, "%s/%s.pem", folder, name);
	(void)snprintf(ret_key, 128, "%s/%s.key", folder, name);
	assert_int_equal(pki_issue(pki, &request), 0);
}

static void
open_side(const char *folder, const char *cert, const char *key, bool server, struct tls **ret_tls)
{
	char ca[128], crl[128], err[256];
	const struct tls_files files = { cert, key, ca, crl };

	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
	(void)snprintf(crl, sizeof(crl), "%s/crl.pem", folder);
	if (tls_new(&files, server, ret_tls, err, sizeof(err)) < 0)
		fail_msg("%s", err);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char cert[128], key[128];
	struct pki pki;

	assert_non_null(f);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/netmon-test-stream-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	if (pki_open(&pki, f->folder, true) < 0)
		fail_msg("%s", pki.error);
	issue(&pki, f->folder, "collector", cert, key);
	open_side(f->folder, cert, key, true, &f->server_tls);
	issue(&pki, f->folder, "edge1", cert, key);
	open_side(f->folder, cert, key, false, &f->client_tls);
	pki_close(&pki);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f->fds), 0);
	f->server = stream_tls(f->server_tls, f->fds[0], NULL);
	assert_non_null(f->server);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	stream_free(f->server);
	stream_free(f->client);
	SSL_free(f->raw);
	(void)close(f->fds[0]);
	(void)close(f->fds[1]);
	tls_free(f->server_tls);
	tls_free(f->client_tls);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	int rc = system(command); /* NOLINT(cert-env33-c): a folder of this test's own */
	free(f);
	return rc;
}

static void
shake_hands(struct fixture *f)
{
	int server = -EAGAIN, client = -EAGAIN;

	f->client = stream_tls(f->client_tls, f->fds[1], "localhost");
	assert_non_null(f->client);
	for (int i = 0; i < 20 && (server || client); i++) {
		client = client ? stream_handshake(f->client) : 0;
		server = server ? stream_handshake(f->server) : 0;
	}
	assert_int_equal(client, NM_OK);
	assert_int_equal(server, NM_OK);
}

/* The same without a stream on the client's side. */
static void
shake_raw_hands(struct fixture *f)
{
	int server = -EAGAIN, client = 0;

	f->raw = SSL_new(f->client_tls->ctx);
	assert_non_null(f->raw);
	assert_int_equal(SSL_set_fd(f->raw, f->fds[1]), 1);
	for (int i = 0; i < 20 && (server || client != 1); i++) {
		client = client == 1 ? 1 : SSL_connect(f->raw);
		server = server ? stream_handshake(f->server) : 0;
	}
	assert_int_equal(client, 1);
	assert_int_equal(server, NM_OK);
}

static void
a_peer_is_known_by_its_certificate(void **state)
{
	struct fixture *f = *state;

	shake_hands(f);
	assert_string_equal(stream_peer(f->server), "edge1");
	assert_false(stream_is_revoked(f->server));
	int64_t days = (stream_peer_end(f->server) - (int64_t)time(NULL)) / 86400;
	assert_in_range(days, 59, 60);
}

static void
octets_arrive_whole_however_they_are_cut(void **state)
{
	static unsigned char out[OCTETS], in[OCTETS];
	struct fixture *f = *state;
	size_t sent = 0, got = 0, step = 1;

	shake_hands(f);
	for (size_t i = 0; i < OCTETS; i++)
		out[i] = (unsigned char)(i * 7 + i / 251);
	while (got < OCTETS) {
		size_t want = step = step * 5 % 70001 + 1;
		ssize_t n = sent < OCTETS
		                ? stream_write(f->client, out + sent,
		                               want < OCTETS - sent ? want : OCTETS - sent)
		                : -EAGAIN;
		assert_true(n > 0 || n == -EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
		/* reads less often than is written, so that the socket is full at times */
		if (n > 0 && step % 3)
			continue;
		n = stream_read(f->server, in + got, OCTETS - got);
		assert_true(n > 0 || n == -EAGAIN);
		got += n > 0 ? (size_t)n : 0;
	}
	assert_memory_equal(in, out, OCTETS);
}

static void
a_flood_of_new_keys_gets_no_turn_without_an_end_and_is_ended(void **state)
{
	struct fixture *f = *state;
	unsigned char in[100];
	int updates = 0, turns = 0;
	ssize_t n = -EAGAIN;

	shake_raw_hands(f);
	for (; n == -EAGAIN && turns < 20000; turns++) {
		/* the next one when the socket has taken the last */
		for (int i = 0; i < 3 && SSL_do_handshake(f->raw) == 1; i++)
			updates += SSL_key_update(f->raw, SSL_KEY_UPDATE_NOT_REQUESTED) == 1;
		n = stream_read(f->server, in, sizeof(in));
		assert_true(n == -EAGAIN || n == NM_EFORMAT);
	}
	assert_true(updates > 900);
	assert_int_equal(n, NM_EFORMAT);
	assert_string_equal(stream_error(f->server), "it changes its keys without an end");
	/* one message is a turn */
	assert_true(turns > 900);
}

static void
new_keys_now_and_then_are_fine(void **state)
{
	struct fixture *f = *state;
	unsigned char in[8];

	shake_raw_hands(f);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(SSL_key_update(f->raw, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_write(f->raw, "octets", 6), 6);
		ssize_t n = -EAGAIN;
		for (int k = 0; k < 5 && n == -EAGAIN; k++)
			n = stream_read(f->server, in, sizeof(in));
		assert_int_equal(n, 6);
		assert_memory_equal(in, "octets", 6);
	}
}

static void
a_handshake_longer_than_any_is_refused(void **state)
{
	struct fixture *f = *state;
	static unsigned char junk[16384];
	/* a record of a ClientHello that says it has 16 MB */
	static const unsigned char head[] = { 22, 3, 1, 0x3f, 0xf0, 1, 0xff, 0xff, 0xff, 3, 3 };
	int rc = -EAGAIN;

	memcpy(junk, head, sizeof(head));
	for (int i = 0; i < 4 && rc == -EAGAIN; i++) {
		assert_true(send(f->fds[1], junk, 5 + 0x3ff0, MSG_NOSIGNAL) > 0);
		rc = stream_handshake(f->server);
	}
	assert_int_equal(rc, NM_EFORMAT);
	assert_true(strlen(stream_error(f->server)) > 0);
}

static void
the_end_and_a_cut_are_told_apart(void **state)
{
	struct fixture *f = *state;
	unsigned char in[8];

	shake_hands(f);
	stream_free(f->client);
	f->client = NULL;
	assert_int_equal(stream_read(f->server, in, sizeof(in)), 0);
	assert_string_equal(stream_error(f->server), "it closed the connection");
}

static void
a_cut_is_no_end(void **state)
{
	struct fixture *f = *state;
	unsigned char in[8];

	shake_hands(f);
	assert_int_equal(shutdown(f->fds[1], SHUT_RDWR), 0);
	assert_true(stream_read(f->server, in, sizeof(in)) < 0);
	assert_true(strlen(stream_error(f->server)) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_peer_is_known_by_its_certificate),
		TEST(octets_arrive_whole_however_they_are_cut),
		TEST(a_flood_of_new_keys_gets_no_turn_without_an_end_and_is_ended),
		TEST(new_keys_now_and_then_are_fine),
		TEST(a_handshake_longer_than_any_is_refused),
		TEST(the_end_and_a_cut_are_told_apart),
		TEST(a_cut_is_no_end),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
