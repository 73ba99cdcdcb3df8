/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every frame of the project's own captures, cut at every length, goes through the decoder, the flow table and all
 * modules. The cut frame ends where a page without access begins, so that one octet read behind it ends the program, with
 * or without a sanitizer.
 */
#include "lib/err.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "probe/meter.h"
#include "tests/probe/memory_sink.h"
#include "tests/support/all_modules.h"

#include <dirent.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define FRAME_ROOM 65536u /* no own capture has longer frames */

static struct memory_sink sink;
static struct classifier *classifier;
static struct meter *meter;
static uint8_t *guard; /* the page without access; FRAME_ROOM octets in front of it are ours */

static int
setup(void **state)
{
	size_t modules = 0;

	(void)state;
	log_init("# cut", LOG_LEVEL_ERROR);
	while (all_modules[modules])
		modules++;
	sink = (struct memory_sink){ .sink.ops = &memory_ops };
	uint8_t *room = mmap(NULL, FRAME_ROOM + (size_t)getpagesize(), PROT_READ | PROT_WRITE,
	                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(room != MAP_FAILED);
	guard = room + FRAME_ROOM;
	assert_int_equal(mprotect(guard, (size_t)getpagesize(), PROT_NONE), 0);
	assert_int_equal(classify_new(NULL, &classifier), 0);
	assert_int_equal(classify_load_static(classifier, all_modules, modules), 0);
	return meter_new(&(struct meter_config){ .flow = flow_limits_default }, classifier,
	                 &sink.sink, &meter);
}

static int
teardown(void **state)
{
	(void)state;
	meter_free(meter);
	classify_free(classifier);
	return munmap(guard - FRAME_ROOM, FRAME_ROOM + (size_t)getpagesize());
}

/* One frame, cut to each length; `whole` says that the rest was sent too. Returns how many that were. */
static uint64_t
cut_frame(const struct decode_link *type, const struct pcap_pkthdr *h, const u_char *bytes,
          bool whole)
{
	for (uint32_t len = 0; len <= h->caplen; len++) {
		uint8_t *at = guard - len;
		memcpy(at, bytes, len);
		const struct frame_bytes frame = {
			.ts_ns =
			    (uint64_t)h->ts.tv_sec * 1000000000u + (uint64_t)h->ts.tv_usec * 1000u,
			.bytes = at,
			.len = len,
			.wire_len = whole ? h->len : len,
		};
		meter_frame(meter, type, &frame);
	}
	return h->caplen + 1;
}

static uint64_t
cut_file(const char *path)
{
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, err);
	struct pcap_pkthdr *h;
	const u_char *bytes;
	uint64_t frames = 0;

	assert_non_null(pcap);
	const struct decode_link *type = decode_link_find(pcap_datalink(pcap));
	assert_non_null(type);
	while (pcap_next_ex(pcap, &h, &bytes) == 1) {
		assert_in_range(h->caplen, 0, FRAME_ROOM);
		frames += cut_frame(type, h, bytes, true) + cut_frame(type, h, bytes, false);
	}
	pcap_close(pcap);
	return frames;
}

static void
no_cut_frame_is_read_behind_its_end_and_each_is_counted(void **state)
{
	char folder[PATHS_MAX], file[PATHS_MAX + 256];
	const struct dirent *entry;
	uint64_t frames = 0;

	(void)state;
	assert_int_equal(paths_find(PATHS_SCHEMA, "../tests/captures", folder, sizeof(folder)),
	                 NM_OK);
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".pcap"))
			continue;
		(void)snprintf(file, sizeof(file), "%s/%s", folder, entry->d_name);
		frames += cut_file(file);
	}
	(void)closedir(dir);
	meter_finish(meter);
	assert_true(frames > 1000000);
	assert_int_equal(sink.ledger[LEDGER_SEEN], frames);
	assert_int_equal(sink.ledger[LEDGER_METERED] + memory_lost(&sink), frames);
	assert_int_equal(sink.packets, sink.ledger[LEDGER_METERED]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    no_cut_frame_is_read_behind_its_end_and_each_is_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
