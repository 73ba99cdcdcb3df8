/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a capture file and the truth about it. */
#include "tests/bench/gen/writer.h"

#include <inttypes.h>

#define MAGIC_MICRO   0xa1b2c3d4u
#define VERSION_2_4   (2u | 4u << 16) /* two u16, little-endian machine */
#define TYPE_ETHERNET 1u
#define US_PER_S      1000000u
#define HOST_TEXT(h)  (h) >> 24, (h) >> 16 & 0xff, (h) >> 8 & 0xff, (h)&0xff

static void
put(struct writer *w, const void *octets, size_t len)
{
	if (!w->failed && fwrite(octets, len, 1, w->file) != 1)
		w->failed = true;
}

void
writer_open(struct writer *w, FILE *file, uint32_t snaplen)
{
	const uint32_t header[6] = { MAGIC_MICRO, VERSION_2_4, 0, 0, snaplen, TYPE_ETHERNET };

	*w = (struct writer){ .file = file, .snaplen = snaplen };
	put(w, header, sizeof(header));
}

void
writer_put(struct writer *w, uint64_t us, const uint8_t *frame, uint32_t len, uint32_t ip_octets)
{
	const uint32_t header[4] = { START_S + (uint32_t)(us / US_PER_S), (uint32_t)(us % US_PER_S),
		                     len < w->snaplen ? len : w->snaplen, len };

	put(w, header, sizeof(header));
	put(w, frame, header[2]);
	w->packets++;
	w->octets += len;
	w->ip_octets += ip_octets;
	w->last_us = us;
}

void
writer_mark(struct writer *w, size_t number, uint32_t host, uint32_t ip_octets)
{
	struct mark *m = &w->marked[number];

	m->host = host;
	m->packets++;
	m->ip_octets += ip_octets;
	if (number >= w->n_marked)
		w->n_marked = number + 1;
}

static int
write_truth(const struct writer *w, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return -1;
	(void)fprintf(file,
	              "{\"packets\": %" PRIu64 ", \"octets\": %" PRIu64 ", \"ip_octets\": %" PRIu64
	              ", \"flows\": %" PRIu64 ", \"us\": %" PRIu64 ", \"marked\": {",
	              w->packets, w->octets, w->ip_octets, w->flows, w->last_us);
	for (size_t i = 0; i < w->n_marked; i++)
		(void)fprintf(file, "%s\"%u.%u.%u.%u\": [%u, %" PRIu64 "]", i ? ", " : "",
		              HOST_TEXT(w->marked[i].host), w->marked[i].packets,
		              w->marked[i].ip_octets);
	(void)fputs("}}\n", file);
	return fclose(file) == 0 ? 0 : -1;
}

int
writer_close(struct writer *w, const char *truth)
{
	if (fflush(w->file) != 0)
		w->failed = true;
	if (truth && write_truth(w, truth) < 0)
		w->failed = true;
	return w->failed ? -1 : 0;
}
