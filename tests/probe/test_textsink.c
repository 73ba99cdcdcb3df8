/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sinks that print: what a record looks like in each format, and what happens when it cannot be written. */
#include "probe/sink_text.h"

#include "lib/err.h"
#include "lib/frame.h"
#include "lib/log.h"
#include "lib/tunnel.h"

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXT_MAX (1u << 22)

static struct classifier *classifier;
static struct sink *sink;
static char path[64];
static char *text;
static size_t text_len;
static int fd;
static const char *links[] = { "up,\"link\"", "eth1" };

static int
setup(void **state)
{
	(void)state;
	log_init("netmonc", LOG_LEVEL_WARN);
	(void)snprintf(path, sizeof(path), "/tmp/netmon-sink-XXXXXX");
	fd = mkstemp(path);
	text = malloc(TEXT_MAX);
	if (fd < 0 || !text)
		return -1;
	return classify_new(&(struct classify_limits){ 0 }, &classifier);
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(fd);
	classify_free(classifier);
	free(text);
	return unlink(path);
}

static void
open_sink(enum sink_format format)
{
	const struct sink_text_config config = {
		.fd = fd, .classifier = classifier, .probe = "edge", .links = links, .n_links = 2
	};

	assert_int_equal(sink_text_new(format, &config, &sink), NM_OK);
}

static struct record
record(void)
{
	const uint8_t s[4] = { 192, 0, 2, 1 }, d[4] = { 198, 51, 100, 255 };

	return (struct record){
		.saddr = addr_from_v4(s),
		.daddr = addr_from_v4(d),
		.sport = 65535,
		.dport = 80,
		.protocol = 6,
		.packets = 12,
		.octets = 4000000000,
		.started = 1700000000,
		.start_frac = 1,
		.expires = 1700000059,
		.end_frac = 255,
		.vlan = 100,
	};
}

/* Ends the sink and reads what it printed. */
static void
finish(void)
{
	assert_int_equal(sink->ops->finish(sink), NM_OK);
	sink->ops->free(sink);
	ssize_t n = pread(fd, text, TEXT_MAX - 1, 0);
	assert_true(n >= 0);
	text_len = (size_t)n;
	text[text_len] = '\0';
}

static void
formats_go_by_their_names(void **state)
{
	enum sink_format format;

	(void)state;
	assert_int_equal(sink_format_parse("records", &format), NM_OK);
	assert_int_equal(format, SINK_RECORDS);
	assert_int_equal(sink_format_parse("csv", &format), NM_OK);
	assert_int_equal(format, SINK_CSV);
	assert_int_equal(sink_format_parse("CSV", &format), NM_ENOTFOUND);
	assert_int_equal(sink_format_parse("", &format), NM_ENOTFOUND);
}

static void
csv_is_a_header_and_a_line_for_each_record(void **state)
{
	struct record r = record();

	(void)state;
	open_sink(SINK_CSV);
	sink->ops->record(sink, &r);
	r.link = 1;
	r.saddr = addr_from_v6((const uint8_t[16]){ 0x20, 1, 0xd, 0xb8, [15] = 1 });
	r.daddr = addr_from_v6((const uint8_t[16]){ 0xfe, 0x80, [15] = 1 });
	r.vlan = 0;
	r.tunnel = tunnel_push(tunnel_push(0, TUNNEL_MPLS), TUNNEL_GRE);
	r.sampling = 100;
	sink->ops->record(sink, &r);
	finish();
	assert_string_equal(
	    text, "saddr,daddr,sport,dport,protocol,packets,octets,application,confidence,reason,"
		  "started,expires,link,vlan,tunnel,sampling,service,host\n"
		  "192.0.2.1,198.51.100.255,65535,80,6,12,4000000000,Unknown,0,,1700000000.003,"
		  "1700000059.996,\"up,\"\"link\"\"\",100,,1,,\n"
		  "2001:db8::1,fe80::1,65535,80,6,12,4000000000,Unknown,0,,1700000000.003,"
		  "1700000059.996,eth1,0,mpls/gre,100,,\n");
}

static void
csv_without_records_has_its_header(void **state)
{
	(void)state;
	open_sink(SINK_CSV);
	finish();
	assert_string_equal(text, SINK_CSV_HEADER "\n");
}

static void
a_tick_brings_out_what_waits(void **state)
{
	struct record r = record();

	(void)state;
	open_sink(SINK_CSV);
	sink->ops->record(sink, &r);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	sink->ops->tick(sink);
	assert_true(lseek(fd, 0, SEEK_END) > 100);
	finish();
}

static void
more_than_the_buffer_holds_comes_out_whole(void **state)
{
	struct record r = record();
	size_t lines = 0;

	(void)state;
	open_sink(SINK_CSV);
	for (int i = 0; i < 5000; i++)
		sink->ops->record(sink, &r);
	finish();
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 5001);
}

static void
json_is_an_object_a_line(void **state)
{
	struct record r = record();

	(void)state;
	open_sink(SINK_JSON);
	sink->ops->record(sink, &r);
	sink->ops->record(sink, &r);
	finish();
	char *end = strchr(text, '\n');
	assert_non_null(end);
	*end = '\0';
	json_t *o = json_loads(text, 0, NULL);
	assert_non_null(o);
	assert_int_equal(json_object_size(o), 19);
	assert_string_equal(json_string_value(json_object_get(o, "daddr")), "198.51.100.255");
	assert_int_equal(json_integer_value(json_object_get(o, "octets")), 4000000000);
	assert_string_equal(json_string_value(json_object_get(o, "application")), "Unknown");
	assert_string_equal(json_string_value(json_object_get(o, "link")), "up,\"link\"");
	assert_string_equal(json_string_value(json_object_get(o, "tunnel")), "");
	assert_int_equal(json_integer_value(json_object_get(o, "sampling")), 1);
	assert_non_null(strstr(text, "\"started\":1700000000.003,"));
	json_decref(o);
}

static void
json_names_what_came_later_last(void **state)
{
	static const char tail[] = "\"vlan\":100,\"tunnel\":\"vxlan\",\"sampling\":1000,"
				   "\"service\":\"\",\"host\":\"\",\"host_source\":\"\"}\n";
	struct record r = record();

	(void)state;
	r.tunnel = TUNNEL_VXLAN;
	r.sampling = 1000;
	open_sink(SINK_JSON);
	sink->ops->record(sink, &r);
	finish();
	assert_true(text_len > sizeof(tail));
	assert_string_equal(text + text_len - (sizeof(tail) - 1), tail);
}

static void
the_overflow_record_has_no_addresses_and_protocol_255(void **state)
{
	struct record r = record();

	(void)state;
	r.saddr = r.daddr = addr_from_v4((const uint8_t[4]){ 0 });
	r.sport = r.dport = 0;
	r.protocol = 255;
	open_sink(SINK_CSV);
	sink->ops->record(sink, &r);
	finish();
	assert_non_null(strstr(text, "\n0.0.0.0,0.0.0.0,0,0,255,12,4000000000,"));
}

static void
sql_is_statements_with_every_record(void **state)
{
	struct record r = record();

	(void)state;
	open_sink(SINK_SQL);
	for (int i = 0; i < 1500; i++)
		sink->ops->record(sink, &r);
	finish();
	size_t rows = 0;
	for (const char *at = text; (at = strstr(at, "'198.51.100.255'")); at++)
		rows++;
	assert_int_equal(rows, 1500);
	assert_non_null(strstr(text, "INSERT INTO flow "));
	assert_null(strstr(text, "CREATE"));
}

/* Walks the frames and counts what is in the batches. */
static void
read_frames(size_t *ret_records, size_t *ret_ledger)
{
	static struct record records[BATCH_RECORDS_MAX];
	static struct ledger_delta ledger[BATCH_LEDGER_MAX];
	struct frame_header h;
	uint64_t sequence = 0;

	*ret_records = *ret_ledger = 0;
	for (size_t at = 0; at < text_len; at += FRAME_HEADER_SIZE + h.length) {
		const uint8_t *bytes = (const uint8_t *)text + at;
		assert_true(text_len - at >= FRAME_HEADER_SIZE);
		assert_int_equal(frame_decode_header(bytes, &h), NM_OK);
		assert_true(text_len - at >= FRAME_HEADER_SIZE + h.length);
		assert_int_equal(h.type == FRAME_HELLO, at == 0);
		if (h.type != FRAME_BATCH)
			continue;
		struct batch b = { .records = records, .ledger = ledger };
		assert_int_equal(frame_decode_batch(bytes + FRAME_HEADER_SIZE, h.length, &b),
		                 NM_OK);
		assert_int_equal(b.sequence, ++sequence);
		*ret_records += b.n_records;
		*ret_ledger += b.n_ledger;
	}
}

static void
records_are_the_frames_of_the_export_protocol(void **state)
{
	const struct ledger_delta delta = { .minute = 60, .cause = LEDGER_SEEN, .packets = 1 };
	struct record r = record();
	const struct application *apps;
	size_t records, rows;

	(void)state;
	open_sink(SINK_RECORDS);
	size_t n = classify_apps(classifier, &apps);
	sink->ops->apps(sink, apps, n, 7);
	for (int i = 0; i < 2500; i++)
		sink->ops->record(sink, &r);
	sink->ops->ledger(sink, &delta);
	finish();
	read_frames(&records, &rows);
	assert_int_equal(records, 2500);
	assert_int_equal(rows, 1);
}

static void
output_that_cannot_be_written_ends_the_program_with_1(void **state)
{
	(void)state;
	for (enum sink_format format = SINK_CSV; format <= SINK_RECORDS; format++) {
		int status;
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			struct record r = record();
			(void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
			fd = open("/dev/full", O_WRONLY);
			open_sink(format);
			sink->ops->record(sink, &r);
			(void)sink->ops->finish(sink);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 1);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(formats_go_by_their_names),
		T(csv_is_a_header_and_a_line_for_each_record),
		T(csv_without_records_has_its_header),
		T(a_tick_brings_out_what_waits),
		T(more_than_the_buffer_holds_comes_out_whole),
		T(json_is_an_object_a_line),
		T(json_names_what_came_later_last),
		T(the_overflow_record_has_no_addresses_and_protocol_255),
		T(sql_is_statements_with_every_record),
		T(records_are_the_frames_of_the_export_protocol),
		T(output_that_cannot_be_written_ends_the_program_with_1),
	};

	return cmocka_run_group_tests_name("textsink", tests, NULL, NULL);
}
