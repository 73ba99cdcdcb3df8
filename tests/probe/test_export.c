/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter, against a collector that the test plays step by step on loopback. */
#include "probe/export.h"

#include "lib/err.h"
#include "lib/frame.h"
#include "lib/log.h"
#include "probe/spool.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 10

static int listener;
static uint16_t port;
static uint8_t body[FRAME_MAX];
static struct record records[BATCH_RECORDS_MAX];
static struct ledger_delta ledger[BATCH_LEDGER_MAX];
static const char *const links[] = { "eth0", "eth1" };

/* --- the collector's side ------------------------------------------------------------------------------------------ */

static int
group_setup(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);

	(void)state;
	log_init("test", LOG_LEVEL_ERROR);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&sin, sizeof(sin)) < 0 || listen(listener, 5) < 0 ||
	    getsockname(listener, (struct sockaddr *)&sin, &len) < 0)
		return -1;
	struct timeval patience = { .tv_sec = PATIENCE_S };
	(void)setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	port = ntohs(sin.sin_port);
	return 0;
}

static int
accept_probe(void)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = accept(listener, NULL, NULL);

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void
read_all(int fd, uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = recv(fd, bytes + at, len - at, 0);
		if (n <= 0)
			fail_msg("the exporter closed or sent nothing");
		at += (size_t)n;
	}
}

/* Reads one frame into `body`; its type. */
static uint8_t
read_frame(int fd, size_t *ret_len)
{
	uint8_t head[FRAME_HEADER_SIZE];
	struct frame_header h;

	read_all(fd, head, sizeof(head));
	assert_int_equal(frame_decode_header(head, &h), 0);
	read_all(fd, body, h.length);
	*ret_len = h.length;
	return h.type;
}

static void
read_hello(int fd, struct frame_hello *ret)
{
	size_t len;

	assert_int_equal(read_frame(fd, &len), FRAME_HELLO);
	assert_int_equal(frame_decode_hello(body, len, ret), 0);
}

static void
send_all(int fd, const uint8_t *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static void
answer_hello(int fd, uint16_t status, uint64_t committed)
{
	struct frame_hello_ack ack = { FRAME_VERSION, status, committed, 0, "" };
	uint8_t out[512];
	size_t len;

	assert_int_equal(frame_encode_hello_ack(&ack, out, sizeof(out), &len), 0);
	send_all(fd, out, len);
}

static void
send_ack(int fd, uint64_t epoch, uint64_t sequence)
{
	struct frame_ack ack = { epoch, sequence };
	uint8_t out[64];
	size_t len;

	assert_int_equal(frame_encode_ack(&ack, out, sizeof(out), &len), 0);
	send_all(fd, out, len);
}

/* Accepts, reads HELLO, says OK. */
static int
welcome(uint64_t committed, struct frame_hello *ret_hello)
{
	int fd = accept_probe();

	read_hello(fd, ret_hello);
	answer_hello(fd, FRAME_STATUS_OK, committed);
	return fd;
}

static struct batch
read_batch(int fd)
{
	struct batch b = { .records = records, .ledger = ledger };
	size_t len;

	assert_int_equal(read_frame(fd, &len), FRAME_BATCH);
	assert_int_equal(frame_decode_batch(body, len, &b), 0);
	return b;
}

/* --- the capture thread's side -------------------------------------------------------------------------------------- */

static struct export_config
make_config(void)
{
	return (struct export_config){ .host = "127.0.0.1",
		                       .port = port,
		                       .probe = "test",
		                       .links = links,
		                       .n_links = 2,
		                       .wait_when_full = true,
		                       .batch_age_ms = 60000,
		                       .batch_records = 10,
		                       .finish_s = 5 };
}

static struct sink *
start(const struct export_config *config)
{
	struct sink *sink;

	assert_int_equal(export_new(config, &sink), 0);
	return sink;
}

static void
put_records(struct sink *sink, size_t n)
{
	struct record r = {
		.packets = 2, .octets = 100, .protocol = 6, .started = 1000, .expires = 1030
	};

	assert_int_equal(addr_parse("10.0.0.1", &r.saddr), 0);
	assert_int_equal(addr_parse("10.0.0.2", &r.daddr), 0);
	for (size_t i = 0; i < n; i++) {
		r.sport = (uint16_t)i;
		sink->ops->record(sink, &r);
	}
}

/* Packets of one cause in a batch. */
static uint64_t
ledger_packets(const struct batch *b, enum ledger_cause cause)
{
	uint64_t packets = 0;

	for (size_t i = 0; i < b->n_ledger; i++)
		if (b->ledger[i].cause == cause)
			packets += b->ledger[i].packets;
	return packets;
}

/* --- tests ---------------------------------------------------------------------------------------------------------- */

static void
batches_carry_every_record_in_order_and_the_count_of_them(void **state)
{
	struct export_config config = make_config();
	struct sink *sink = start(&config);
	struct frame_hello hello;
	size_t seen = 0;

	(void)state;
	put_records(sink, 30);
	int fd = welcome(0, &hello);
	assert_string_equal(hello.probe, "test");
	assert_string_equal(hello.links[1], "eth1");
	for (uint64_t sequence = 1; sequence <= 3; sequence++) {
		struct batch b = read_batch(fd);
		assert_true(b.epoch == hello.epoch && b.sequence == sequence);
		for (size_t i = 0; i < b.n_records; i++)
			assert_int_equal(b.records[i].sport, seen++);
		assert_int_equal(ledger_packets(&b, LEDGER_EXPORTED), 2 * b.n_records);
		send_ack(fd, hello.epoch, sequence);
	}
	assert_int_equal(seen, 30);
	assert_int_equal(sink->ops->finish(sink), 0);
	sink->ops->free(sink);
	(void)close(fd);
}

static uint32_t
read_labels(int fd)
{
	uint32_t labels;
	size_t len;

	assert_int_equal(read_frame(fd, &len), FRAME_LABELS);
	assert_int_equal(frame_decode_labels(body, len, &labels), 0);
	return labels;
}

/* A probe that comes again says in its HELLO what holds by then. */
static void
hello_has_the_newest_version_of_the_labels(void **state)
{
	struct export_config config = make_config();
	struct sink *sink = start(&config);
	struct application app = { .id = 80, .name = "HTTP", .category = "Web" };
	struct frame_hello hello;
	size_t len;

	(void)state;
	sink->ops->apps(sink, &app, 1, 0xabcd);
	int fd = welcome(0, &hello);
	assert_int_equal(read_frame(fd, &len), FRAME_APPS);
	assert_int_equal(read_labels(fd), 0xabcd);
	sink->ops->apps(sink, &app, 1, 0xabce);
	assert_int_equal(read_frame(fd, &len), FRAME_APPS);
	(void)close(fd);
	fd = welcome(0, &hello);
	assert_int_equal(hello.labels, 0xabce);
	sink->ops->free(sink);
	(void)close(fd);
}

static void
applications_go_out_in_front_of_batches_and_again_when_they_change(void **state)
{
	struct export_config config = make_config();
	struct sink *sink = start(&config);
	struct application app = { .id = 80, .name = "HTTP", .category = "Web" }, back;
	struct frame_hello hello;
	size_t len, n;

	(void)state;
	sink->ops->apps(sink, &app, 1, 0xabcd);
	put_records(sink, 10);
	int fd = welcome(0, &hello);
	assert_int_equal(read_frame(fd, &len), FRAME_APPS);
	assert_int_equal(frame_decode_apps(body, len, &back, 1, &n), 0);
	assert_string_equal(back.name, "HTTP");
	assert_int_equal(read_labels(fd), 0xabcd);
	(void)read_batch(fd);
	app.id = 81;
	sink->ops->apps(sink, &app, 1, 0xabce);
	assert_int_equal(read_frame(fd, &len), FRAME_APPS);
	assert_int_equal(frame_decode_apps(body, len, &back, 1, &n), 0);
	assert_int_equal(back.id, 81);
	assert_int_equal(read_labels(fd), 0xabce);
	sink->ops->free(sink);
	(void)close(fd);
}

static void
what_was_not_acknowledged_is_sent_again_after_a_cut(void **state)
{
	struct export_config config = make_config();
	struct sink *sink = start(&config);
	struct frame_hello first, second;

	(void)state;
	put_records(sink, 40);
	int fd = welcome(0, &first);
	for (int i = 0; i < 4; i++)
		(void)read_batch(fd);
	send_ack(fd, first.epoch, 1);
	(void)close(fd);
	/* the collector committed two; the acknowledgement of the second was lost on the way */
	fd = welcome(2, &second);
	assert_true(second.epoch == first.epoch);
	assert_true(second.first == 1 || second.first == 2);
	assert_int_equal(second.next, 5);
	assert_int_equal(read_batch(fd).sequence, 3);
	assert_int_equal(read_batch(fd).sequence, 4);
	send_ack(fd, first.epoch, 4);
	assert_int_equal(sink->ops->finish(sink), 0);
	sink->ops->free(sink);
	(void)close(fd);
}

static void
an_acknowledgement_of_what_was_never_sent_ends_the_connection(void **state)
{
	struct export_config config = make_config();
	struct sink *sink = start(&config);
	struct frame_hello hello;

	(void)state;
	put_records(sink, 10);
	int fd = welcome(0, &hello);
	(void)read_batch(fd);
	send_ack(fd, hello.epoch, 2);
	assert_int_equal(recv(fd, body, sizeof(body), 0), 0);
	(void)close(fd);
	fd = welcome(0, &hello);
	assert_int_equal(read_batch(fd).sequence, 1);
	sink->ops->free(sink);
	(void)close(fd);
}

static void
a_frame_of_a_later_version_is_skipped_whatever_its_length(void **state)
{
	static const uint8_t head[FRAME_HEADER_SIZE] = { 77, 0, 0, 0, 0, 0, 0x13, 0x88 };
	static const uint8_t zeros[5000];
	struct export_config config = make_config();
	struct sink *sink = start(&config);
	struct frame_hello hello;

	(void)state;
	put_records(sink, 10);
	int fd = welcome(0, &hello);
	(void)read_batch(fd);
	send_all(fd, head, sizeof(head));
	send_all(fd, zeros, sizeof(zeros));
	send_ack(fd, hello.epoch, 1);
	assert_int_equal(sink->ops->finish(sink), 0);
	sink->ops->free(sink);
	(void)close(fd);
}

static void
a_refusal_is_tried_again(void **state)
{
	struct export_config config = make_config();
	struct sink *sink = start(&config);
	struct frame_hello hello;

	(void)state;
	put_records(sink, 10);
	int fd = accept_probe();
	read_hello(fd, &hello);
	answer_hello(fd, FRAME_STATUS_BUSY, 0);
	(void)close(fd);
	fd = welcome(0, &hello);
	assert_int_equal(read_batch(fd).sequence, 1);
	send_ack(fd, hello.epoch, 1);
	assert_int_equal(sink->ops->finish(sink), 0);
	sink->ops->free(sink);
	(void)close(fd);
}

static void
a_full_queue_drops_and_the_ledger_says_how_much(void **state)
{
	struct export_config config = make_config();
	struct frame_hello hello;
	uint64_t arrived = 0, dropped = 0, exported = 0, put = 500;

	(void)state;
	config.wait_when_full = false;
	config.queue_records_max = 100;
	struct sink *sink = start(&config);
	put_records(sink, put); /* nobody accepts yet */
	int fd = welcome(0, &hello);
	/* the batch in hand, with the counts of what was dropped behind it, goes out when there is room again */
	while (exported + dropped < 2 * put) {
		struct batch b = read_batch(fd);
		arrived += b.packets;
		exported += ledger_packets(&b, LEDGER_EXPORTED);
		dropped += ledger_packets(&b, LEDGER_EXPORT_DROPPED);
		send_ack(fd, hello.epoch, b.sequence);
		if (b.sequence == 9) {        /* 9 batches of weight 12 fill the queue */
			(void)usleep(100000); /* for the acknowledgement to get there */
			put_records(sink, 10);
			put += 10;
		}
	}
	assert_true(dropped > 0);
	assert_true(arrived == exported);
	assert_true(exported + dropped == 2 * put);
	sink->ops->free(sink);
	(void)close(fd);
}

static void
finish_gives_up_without_a_collector_and_says_so(void **state)
{
	struct export_config config = make_config();

	(void)state;
	config.finish_s = 1;
	config.port = 1; /* nobody listens there */
	log_set_level((enum log_level) - 1);
	struct sink *sink = start(&config);
	put_records(sink, 15);
	assert_true(sink->ops->finish(sink) < 0);
	sink->ops->free(sink);
}

static void
finish_delivers_a_batch_that_is_not_full(void **state)
{
	struct export_config config = make_config();
	struct ledger_delta d = { .minute = 960, .link = 1, .cause = LEDGER_SEEN, .packets = 9 };
	struct sink *sink = start(&config);
	struct frame_hello hello;

	(void)state;
	put_records(sink, 3);
	sink->ops->ledger(sink, &d);
	sink->ops->ledger(sink, &d);
	pid_t pid = fork(); /* the collector; finish() waits for it */
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = welcome(0, &hello);
		struct batch b = read_batch(fd);
		send_ack(fd, hello.epoch, 1);
		(void)recv(fd, body, 1, 0);
		_exit(b.n_records == 3 && ledger_packets(&b, LEDGER_SEEN) == 18 ? 0 : 1);
	}
	int status = -1;
	assert_int_equal(sink->ops->finish(sink), 0);
	sink->ops->free(sink);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
names_that_the_wire_does_not_take_are_refused_at_once(void **state)
{
	static const char *const bad[] = { "caf\xc3\xa9" };
	struct export_config config = make_config();
	struct sink *sink;

	(void)state;
	config.probe = "";
	assert_int_equal(export_new(&config, &sink), NM_EFORMAT);
	config = make_config();
	config.links = bad;
	config.n_links = 1;
	assert_int_equal(export_new(&config, &sink), NM_EFORMAT);
	config.n_links = 0;
	assert_int_equal(export_new(&config, &sink), NM_EFORMAT);
}

/* --- over a spool --------------------------------------------------------------------------------------------------- */

static char folder[64];

static int
spool_setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/netmon-export-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int
spool_teardown(void **state)
{
	char path[128];

	(void)state;
	static const char *const names[] = { "meta", "meta.start", "lock", "0000000000000001.seg" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

static struct spool *
open_spool(void)
{
	const struct spool_config config = { .folder = folder,
		                             .probe = "test",
		                             .size_max = 64 << 20 };
	struct spool *s;

	assert_int_equal(spool_open(&config, &s), 0);
	return s;
}

/* A run without a collector; `metered` packets more are in the ledger than in records. */
static void
run_alone(size_t n, uint64_t metered, bool killed)
{
	struct export_config config = make_config();
	const struct ledger_delta d = { .minute = 960,
		                        .cause = LEDGER_METERED,
		                        .packets = 2 * n + metered };

	config.spool = open_spool();
	config.port = 1; /* nobody listens there */
	config.finish_s = 1;
	struct sink *sink = start(&config);
	sink->ops->ledger(sink, &d);
	put_records(sink, n);
	assert_int_equal(sink->ops->finish(sink), 0);
	bool kept = export_is_kept(sink);
	assert_true(kept);
	sink->ops->free(sink);
	spool_close(config.spool, kept && !killed);
}

static void
what_is_in_the_spool_goes_out_first_and_numbers_go_on(void **state)
{
	struct export_config config = make_config();
	struct application app = { .id = 80, .name = "HTTP", .category = "Web" };
	struct frame_hello hello;
	uint32_t previous = 0;
	size_t len;

	(void)state;
	run_alone(25, 0, false);
	config.spool = open_spool();
	struct sink *sink = start(&config);
	sink->ops->apps(sink, &app, 1, 0xabcd);
	put_records(sink, 10);
	int fd = welcome(0, &hello);
	assert_true(hello.first == 1 && hello.next >= 4 && hello.base == 0);
	assert_int_equal(read_frame(fd, &len), FRAME_APPS);
	assert_int_equal(read_labels(fd), 0xabcd);
	for (uint64_t sequence = 1; sequence <= 4; sequence++) {
		struct batch b = read_batch(fd);
		assert_true(b.sequence == sequence && b.previous == previous);
		assert_true(b.epoch == hello.epoch);
		assert_int_equal(ledger_packets(&b, LEDGER_CRASHED), 0);
		previous = b.crc;
		send_ack(fd, hello.epoch, sequence);
	}
	assert_int_equal(sink->ops->finish(sink), 0);
	sink->ops->free(sink);
	spool_close(config.spool, true);
	(void)close(fd);
}

static void
what_a_collector_has_already_is_not_sent_again(void **state)
{
	struct export_config config = make_config();
	struct frame_hello hello;

	(void)state;
	run_alone(50, 0, false);
	config.spool = open_spool();
	struct sink *sink = start(&config);
	int fd = welcome(3, &hello);
	assert_int_equal(read_batch(fd).sequence, 4);
	(void)close(fd);
	fd = welcome(3, &hello);
	assert_int_equal(hello.first, 4);
	assert_int_not_equal(hello.base, 0);
	struct batch b = read_batch(fd);
	assert_true(b.sequence == 4 && b.previous == hello.base);
	b = read_batch(fd);
	send_ack(fd, hello.epoch, b.sequence);
	assert_int_equal(sink->ops->finish(sink), 0);
	sink->ops->free(sink);
	spool_close(config.spool, true);
	(void)close(fd);
}

static void
after_a_crash_what_was_metered_and_not_exported_is_declared_once(void **state)
{
	struct export_config config = make_config();
	struct frame_hello hello;
	uint64_t crashed = 0;

	(void)state;
	run_alone(10, 7, true);
	run_alone(10, 0, true);
	config.spool = open_spool();
	struct sink *sink = start(&config);
	int fd = welcome(0, &hello);
	for (uint64_t sequence = 0; sequence + 1 < hello.next;) {
		struct batch b = read_batch(fd);
		crashed += ledger_packets(&b, LEDGER_CRASHED);
		sequence = b.sequence;
		send_ack(fd, hello.epoch, sequence);
	}
	assert_int_equal(crashed, 7);
	sink->ops->free(sink);
	spool_close(config.spool, true);
	(void)close(fd);
}

int
main(void)
{
#define SPOOL_TEST(f) cmocka_unit_test_setup_teardown(f, spool_setup, spool_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_carry_every_record_in_order_and_the_count_of_them),
		cmocka_unit_test(
		    applications_go_out_in_front_of_batches_and_again_when_they_change),
		cmocka_unit_test(hello_has_the_newest_version_of_the_labels),
		cmocka_unit_test(what_was_not_acknowledged_is_sent_again_after_a_cut),
		cmocka_unit_test(an_acknowledgement_of_what_was_never_sent_ends_the_connection),
		cmocka_unit_test(a_frame_of_a_later_version_is_skipped_whatever_its_length),
		cmocka_unit_test(a_refusal_is_tried_again),
		cmocka_unit_test(a_full_queue_drops_and_the_ledger_says_how_much),
		cmocka_unit_test(finish_gives_up_without_a_collector_and_says_so),
		cmocka_unit_test(finish_delivers_a_batch_that_is_not_full),
		cmocka_unit_test(names_that_the_wire_does_not_take_are_refused_at_once),
		SPOOL_TEST(what_is_in_the_spool_goes_out_first_and_numbers_go_on),
		SPOOL_TEST(what_a_collector_has_already_is_not_sent_again),
		SPOOL_TEST(after_a_crash_what_was_metered_and_not_exported_is_declared_once),
	};

	return cmocka_run_group_tests_name("export", tests, group_setup, NULL);
}
