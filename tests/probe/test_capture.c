/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capture files: pcap and pcapng, whole, broken off, of unknown link types, filtered; and the project's own captures cut at
 * every length. */
#include "probe/capture.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "tests/probe/memory_sink.h"

#include <dirent.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define CUT_FRAMES 20 /* of each own capture */

static struct memory_sink sink;
static struct classifier *classifier;
static struct meter *meter;
static struct capture_config config;
static unsigned betweens, betweens_max;
static char path[64];

static bool
between(void *ctx)
{
	(void)ctx;
	return ++betweens < betweens_max;
}

static int
setup(void **state)
{
	(void)state;
	sink = (struct memory_sink){ .sink.ops = &memory_ops };
	assert_int_equal(classify_new(&(struct classify_limits){ 0 }, &classifier), NM_OK);
	assert_int_equal(meter_new(&(struct meter_config){ .flow = flow_limits_default },
	                           classifier, &sink.sink, &meter),
	                 NM_OK);
	betweens = 0;
	betweens_max = 1000000;
	config = (struct capture_config){ .meter = meter, .between = between };
	(void)snprintf(path, sizeof(path), "/tmp/netmon-capture-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	(void)close(fd);
	log_init("# test", LOG_LEVEL_ERROR);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	meter_free(meter);
	classify_free(classifier);
	(void)unlink(path);
	return 0;
}

/* Writes `n` UDP frames to `path`, a second apart. */
static void
write_capture(int dlt, unsigned n)
{
	const uint8_t b[28] = { [0] = 0x45, [3] = 28, [9] = 17, [12] = 10, [16] = 10, [25] = 8 };
	pcap_t *dead = pcap_open_dead(dlt, 65535);
	pcap_dumper_t *out = pcap_dump_open(dead, path);

	assert_non_null(out);
	for (unsigned i = 0; i < n; i++) {
		const struct pcap_pkthdr h = { .ts = { .tv_sec = 1700000000 + i,
			                               .tv_usec = 250000 },
			                       .caplen = 28,
			                       .len = 28 };
		pcap_dump((u_char *)out, &h, b);
	}
	pcap_dump_close(out);
	pcap_close(dead);
}

static void
a_pcap_file_is_metered(void **state)
{
	(void)state;
	write_capture(DLT_RAW, 1000);
	assert_int_equal(capture_file(path, 0, &config), NM_OK);
	meter_finish(meter);
	assert_int_equal(sink.packets, 1000);
	assert_int_equal(sink.octets, 28000);
	assert_int_equal(sink.first_minute, 1699999980);
}

static void
put_u32(FILE *file, uint32_t n, bool big)
{
	for (int i = 0; i < 4; i++)
		(void)fputc((int)(n >> (big ? 24 - 8 * i : 8 * i) & 0xff), file);
}

/* Writes two frames of raw IP by hand; the second one claims `claimed` octets. */
static void
write_by_hand(uint32_t magic, uint32_t version, bool big, uint32_t claimed)
{
	const uint8_t b[28] = { [0] = 0x45, [3] = 28, [9] = 17, [12] = 10, [16] = 10, [25] = 8 };
	const uint32_t header[] = { magic, version, 0, 0, 65535, 101 };
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	for (size_t i = 0; i < 6; i++)
		put_u32(file, i == 1 && !big ? version << 16 | version >> 16 : header[i], big);
	for (uint32_t i = 0; i < 2; i++) {
		put_u32(file, 1700000040 + i, big);
		put_u32(file, 999, big);
		put_u32(file, i ? claimed : 28, big);
		put_u32(file, 28, big);
		(void)fwrite(b, 1, sizeof(b), file);
	}
	(void)fclose(file);
}

static void
both_byte_orders_and_units_of_time_are_read(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		write_by_hand(i & 1 ? 0xa1b2c3d4 : 0xa1b23c4d, 0x00020004, i & 2, 28);
		assert_int_equal(capture_file(path, 0, &config), NM_OK);
	}
	meter_finish(meter);
	assert_int_equal(sink.packets, 8);
	assert_int_equal(sink.first_minute, 1700000040);
	assert_int_equal(sink.last_minute, 1700000040);
}

static void
an_older_version_is_read_too(void **state)
{
	(void)state;
	write_by_hand(0xa1b2c3d4, 0x00020003, true, 28);
	assert_int_equal(capture_file(path, 0, &config), NM_OK);
	meter_finish(meter);
	assert_int_equal(sink.packets, 2);
}

static void
a_frame_that_claims_more_than_any_has_ends_the_file(void **state)
{
	(void)state;
	write_by_hand(0xa1b2c3d4, 0x00020004, false, 262145);
	assert_int_equal(capture_file(path, 0, &config), NM_EFORMAT);
	meter_finish(meter);
	assert_int_equal(sink.packets, 1);
}

static void
a_pcapng_file_is_metered(void **state)
{
	char file[PATHS_MAX];

	(void)state;
	assert_int_equal(
	    paths_find(PATHS_SCHEMA, "../tests/captures/qinq.pcapng", file, sizeof(file)), NM_OK);
	assert_int_equal(capture_file(file, 0, &config), NM_OK);
	meter_finish(meter);
	assert_true(sink.packets > 100);
	assert_int_equal(sink.ledger[LEDGER_SEEN], sink.packets + memory_lost(&sink));
}

static void
a_file_that_broke_off_is_metered_up_to_there(void **state)
{
	(void)state;
	write_capture(DLT_RAW, 10);
	assert_int_equal(truncate(path, 24 + 10 * 44 - 1), 0);
	assert_int_equal(capture_file(path, 0, &config), NM_EFORMAT);
	meter_finish(meter);
	assert_int_equal(sink.packets, 9);
}

static void
files_that_are_none_are_refused(void **state)
{
	(void)state;
	assert_true(capture_file("/nonexistent", 0, &config) < 0);
	assert_true(capture_file("/tmp", 0, &config) < 0);
	assert_true(capture_file("/dev/null", 0, &config) < 0);
	assert_true(capture_file("/etc/passwd", 0, &config) < 0);
}

static void
an_unknown_link_type_is_refused(void **state)
{
	(void)state;
	write_capture(DLT_USB_LINUX, 1);
	assert_int_equal(capture_file(path, 0, &config), NM_EFORMAT);
	assert_int_equal(sink.ledger[LEDGER_SEEN], 0);
}

static void
a_filter_chooses_what_is_seen(void **state)
{
	(void)state;
	write_capture(DLT_RAW, 10);
	config.filter = "tcp";
	assert_int_equal(capture_file(path, 0, &config), NM_OK);
	config.filter = "udp and dst host 10.0.0.0";
	assert_int_equal(capture_file(path, 0, &config), NM_OK);
	meter_finish(meter);
	assert_int_equal(sink.ledger[LEDGER_SEEN], 10);
	config.filter = "no such word";
	assert_int_equal(capture_file(path, 0, &config), NM_EFORMAT);
}

static void
the_hook_runs_between_batches_and_can_end_the_capture(void **state)
{
	(void)state;
	write_capture(DLT_RAW, 100000);
	betweens_max = 2;
	assert_int_equal(capture_file(path, 0, &config), NM_OK);
	meter_finish(meter);
	assert_in_range(sink.packets, 2, 99999);
}

/* --- own captures ------------------------------------------------------------------------------------------------ */

static void
cut_frames_of(const char *file)
{
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(file, err);
	struct pcap_pkthdr *h;
	const u_char *bytes;
	struct packet pkt;

	assert_non_null(pcap);
	const struct decode_link *type = decode_link_find(pcap_datalink(pcap));
	assert_non_null(type);
	for (int i = 0; i < CUT_FRAMES && pcap_next_ex(pcap, &h, &bytes) == 1; i++)
		for (uint32_t len = 0; len <= h->caplen; len++) {
			/* of the exact size, so that a sanitizer sees every read behind it */
			uint8_t *exact = malloc(len ? len : 1);
			assert_non_null(exact);
			memcpy(exact, bytes, len);
			struct frame_bytes f = { .bytes = exact, .len = len, .wire_len = h->len };
			enum ledger_cause cut = decode_packet(type, &f, 0, &pkt);
			f.wire_len = len;
			enum ledger_cause sent = decode_packet(type, &f, 0, &pkt);
			free(exact);
			assert_in_range(cut, LEDGER_METERED, LEDGER_TOO_DEEP);
			assert_in_range(sent, LEDGER_METERED, LEDGER_TOO_DEEP);
		}
	pcap_close(pcap);
}

static void
own_captures_cut_at_every_length_are_decoded_or_named(void **state)
{
	char folder[PATHS_MAX], file[PATHS_MAX + 256];
	const struct dirent *entry;
	unsigned files = 0;

	(void)state;
	assert_int_equal(paths_find(PATHS_SCHEMA, "../tests/captures", folder, sizeof(folder)),
	                 NM_OK);
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".pcap"))
			continue;
		(void)snprintf(file, sizeof(file), "%s/%s", folder, entry->d_name);
		cut_frames_of(file);
		files++;
	}
	(void)closedir(dir);
	assert_true(files > 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_pcap_file_is_metered),
		T(both_byte_orders_and_units_of_time_are_read),
		T(an_older_version_is_read_too),
		T(a_frame_that_claims_more_than_any_has_ends_the_file),
		T(a_pcapng_file_is_metered),
		T(a_file_that_broke_off_is_metered_up_to_there),
		T(files_that_are_none_are_refused),
		T(an_unknown_link_type_is_refused),
		T(a_filter_chooses_what_is_seen),
		T(the_hook_runs_between_batches_and_can_end_the_capture),
		T(own_captures_cut_at_every_length_are_decoded_or_named),
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
