/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of a state folder as somebody else wrote them. The first octet picks: a file of tags as it is, one whose checksum is
 * made right, so that the fuzzer gets behind it, or a list of modules that failed. Tags that are taken are saved and taken
 * again, and must be the same in number.
 */
#include "lib/checksum.h"
#include "lib/err.h"
#include "probe/modbad.h"
#include "probe/tag_file.h"

#include <stdlib.h>
#include <string.h>

#define NOW   1700000000U
#define TAGS  256
#define KINDS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct application apps[] = { { .id = 0, .name = "Unknown" },
	                                   { .id = 8, .name = "BitTorrent" },
	                                   { .id = 40, .name = "RTP" } };
static const char *const reasons[] = { "", "bittorrent tag", "sip tag" };
static const struct tag_words words = { apps, 3, reasons, 3 };

static void
expect(bool what)
{
	if (!what)
		abort();
}

static void
take_again(const struct tag_table *t, size_t wanted)
{
	struct tag_file_result count;
	struct tag_table *again;
	uint8_t *bytes;
	size_t len;

	expect(tag_new(TAGS, 1, &again) == NM_OK);
	expect(tag_file_encode(t, &words, NOW, &bytes, &len, &count) == NM_OK);
	expect(count.tags == wanted);
	expect(tag_file_decode(bytes, len, &words, 0, again, &count) == NM_OK);
	expect(count.tags == wanted && tag_count(again) == wanted);
	free(bytes);
	tag_free(again);
}

static void
fuzz_tags(const uint8_t *bytes, size_t len, uint64_t now_s)
{
	struct tag_file_result count = { 0 };
	struct tag_table *t;

	expect(tag_new(TAGS, 1, &t) == NM_OK);
	int rc = tag_file_decode(bytes, len, &words, now_s, t, &count);
	expect((rc == NM_OK) == (*count.fault == '\0'));
	expect(rc == NM_OK || tag_count(t) == 0);
	expect(tag_count(t) <= TAGS);
	if (rc == NM_OK)
		take_again(t, tag_count(t));
	tag_free(t);
}

static void
fuzz_signed(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 4);

	expect(copy != NULL);
	if (len > 0)
		memcpy(copy, bytes, len);
	uint32_t crc = crc32c(copy, len);
	for (unsigned i = 0; i < 4; i++)
		copy[len + i] = (uint8_t)(crc >> (24 - 8 * i));
	fuzz_tags(copy, len + 4, NOW);
	fuzz_tags(copy, len + 4, 0);
	free(copy);
}

static void
fuzz_bad(const uint8_t *bytes, size_t len)
{
	char line[MODBAD_LINE_MAX];
	struct modbad *list;

	expect(modbad_parse((const char *)bytes, len, &list) == NM_OK);
	const struct modbad_row *row = modbad_find(list, "http", 1);
	if (row)
		expect(modbad_line(row, line) <= sizeof(line));
	modbad_free(list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % KINDS) {
	case 0:
		fuzz_tags(data + 1, size - 1, NOW);
		break;
	case 1:
		fuzz_signed(data + 1, size - 1);
		break;
	default:
		fuzz_bad(data + 1, size - 1);
		break;
	}
	return 0;
}
