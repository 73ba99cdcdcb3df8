/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Capture files. The usual kind (pcap 2.4) is read here, a large piece at a time, so that a batch of frames lies in
 * memory at once and costs one call; everything else (pcapng, older versions) goes through libpcap, frame by frame.
 *
 * pcap, draft-ietf-opsawg-pcap: a header, then frames. Byte order as the magic number shows.
 *   POS 1  u32  magic      0xa1b2c3d4: microseconds, 0xa1b23c4d: nanoseconds
 *   POS 2  u16  version    2, 4
 *   POS 3  u64  reserved   0
 *   POS 4  u32  snaplen
 *   POS 5  u32  link type
 * a frame: u32 seconds, u32 micro- or nanoseconds, u32 octets captured, u32 octets sent, then the octets captured
 */
#include "lib/err.h"
#include "lib/log.h"
#include "probe/capture.h"
#include "probe/capture_pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <netmon/wire.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_HEADER  24u
#define FRAME_HEADER 16u
#define FRAME_MOST   (256u << 10) /* as libpcap: no frame is longer */
/* Octets read at a time: stays in the second cache beside the lines of the flow table. A frame that goes on behind them
 * needs room for the whole of it. */
#define READ_SIZE   (128u << 10)
#define BUFFER_SIZE (FRAME_HEADER + FRAME_MOST + READ_SIZE)
#define MAGIC_MICRO 0xa1b2c3d4u
#define MAGIC_NANO  0xa1b23c4du

/* Link types whose number is the same as libpcap's, but for raw IP. Not NFLOG, whose byte order libpcap puts right. */
static const struct {
	uint32_t link_type;
	int dlt;
} link_types[] = {
	{ 0, DLT_NULL },        { 1, DLT_EN10MB },       { 9, DLT_PPP },
	{ 50, DLT_PPP_SERIAL }, { 51, DLT_PPP_ETHER },   { 101, DLT_RAW },
	{ 104, DLT_C_HDLC },    { 105, DLT_IEEE802_11 }, { 107, DLT_FRELAY },
	{ 108, DLT_LOOP },      { 113, DLT_LINUX_SLL },  { 127, DLT_IEEE802_11_RADIO },
	{ 228, DLT_IPV4 },      { 229, DLT_IPV6 },       { 276, DLT_LINUX_SLL2 },
};

struct reader {
	const char *name;
	const struct capture_config *config;
	int fd;
	bool ended;
	bool swapped; /* of the other byte order than this machine */
	uint64_t frames;
	size_t begin; /* what is in the buffer and not yet used */
	size_t end;
	struct capture_input input;
	bool filtered;
	struct bpf_program program; /* if filtered */
	uint8_t buf[BUFFER_SIZE];
};

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* read(2) that lets signals be followed. 0 at the end of the file and when the hook wants to stop. */
static ssize_t
read_some(struct reader *r, void *to, size_t len)
{
	for (;;) {
		ssize_t n = read(r->fd, to, len);
		if (n >= 0 || errno != EINTR)
			return n;
		if (!r->config->between(r->config->ctx))
			return 0;
	}
}

/* Adds to the buffer what one read gives. False at the end or after an error, which is a log line. */
static bool
fill(struct reader *r, int *ret_code)
{
	memmove(r->buf, r->buf + r->begin, r->end - r->begin);
	r->end -= r->begin;
	r->begin = 0;
	size_t room = sizeof(r->buf) - r->end;
	if (room > READ_SIZE)
		room = READ_SIZE;
	ssize_t n = r->ended ? 0 : read_some(r, r->buf + r->end, room);
	if (n < 0) {
		*ret_code = -errno;
		log_error("%s: %s", r->name, nm_strerror(-errno));
	}
	if (n <= 0) {
		r->ended = true;
		return false;
	}
	r->end += (size_t)n;
	return true;
}

/* Takes `n` numbers of 32 bits in the file's byte order. False, and nothing taken, when they are not all there. */
static inline bool
take_u32s(const struct reader *r, struct wire *w, uint32_t *ret_numbers, size_t n)
{
	const uint8_t *bytes = wire_take(w, n * sizeof(*ret_numbers));

	if (!bytes)
		return false;
	memcpy(ret_numbers, bytes, n * sizeof(*ret_numbers));
	for (size_t i = 0; r->swapped && i < n; i++)
		ret_numbers[i] = __builtin_bswap32(ret_numbers[i]);
	return true;
}

/* --- pcap 2.4 ---------------------------------------------------------------------------------------------------- */

/* Magic number, version, two reserved, snaplen, link type. The version's halves swap places with the byte order. */
#define HEADER_NUMBERS 6
#define VERSION_LITTLE 0x00040002u
#define VERSION_BIG    0x00020004u

static bool
is_version_2_4(const struct reader *r, uint32_t version)
{
	bool little_machine = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

	return version == (little_machine != r->swapped ? VERSION_LITTLE : VERSION_BIG);
}

/* Reads the file's header from the buffer. False when this reader is not for it. */
static bool
understand_header(struct reader *r, int *ret_dlt)
{
	struct wire w = wire_init(r->buf, r->end);
	uint32_t header[HEADER_NUMBERS], magic;

	if (!take_u32s(r, &w, header, HEADER_NUMBERS))
		return false;
	magic = header[0];
	r->swapped =
	    magic == __builtin_bswap32(MAGIC_MICRO) || magic == __builtin_bswap32(MAGIC_NANO);
	if (r->swapped) {
		w = wire_init(r->buf, r->end);
		(void)take_u32s(r, &w, header, HEADER_NUMBERS);
		magic = header[0];
	}
	if ((magic != MAGIC_MICRO && magic != MAGIC_NANO) || !is_version_2_4(r, header[1]))
		return false;
	for (size_t i = 0; i < sizeof(link_types) / sizeof(link_types[0]); i++)
		if (link_types[i].link_type == header[5]) {
			*ret_dlt = link_types[i].dlt;
			r->input.tick_ns = magic == MAGIC_NANO ? 1 : 1000;
			r->begin = FILE_HEADER;
			return true;
		}
	return false;
}

static bool
passes(const struct reader *r, const struct frame_bytes *f)
{
	const struct pcap_pkthdr h = { .caplen = f->len, .len = f->wire_len };

	return !r->filtered || pcap_offline_filter(&r->program, &h, f->bytes) != 0;
}

/* Takes the next frame from the buffer, where it stays. 1; 0 when it is not whole; NM_EFORMAT after a log line. */
static inline int
next_frame(struct reader *r, struct frame_bytes *ret_frame)
{
	struct wire w = wire_init(r->buf + r->begin, r->end - r->begin);
	uint32_t head[4]; /* seconds, parts of one, octets captured, octets sent */

	if (!take_u32s(r, &w, head, 4))
		return 0;
	if (head[2] > FRAME_MOST) {
		log_error("%s: frame %llu claims %u octets: what came before is metered", r->name,
		          (unsigned long long)r->frames + 1, head[2]);
		return NM_EFORMAT;
	}
	*ret_frame = (struct frame_bytes){
		.ts_ns = head[0] * UINT64_C(1000000000) + head[1] * r->input.tick_ns,
		.bytes = wire_take(&w, head[2]),
		.len = head[2],
		.wire_len = head[3],
		.link = r->input.link,
	};
	if (!wire_ok(&w))
		return 0;
	r->begin += FRAME_HEADER + head[2];
	r->frames++;
	return 1;
}

/* Meters the whole frames that are in the buffer. 0 or NM_EFORMAT. */
static int
meter_buffer(struct reader *r)
{
	struct frame_bytes frames[METER_BATCH];
	int more = 1;

	while (more == 1) {
		size_t n = 0;
		while (n < METER_BATCH && (more = next_frame(r, &frames[n])) == 1)
			if (passes(r, &frames[n]))
				n++;
		meter_frames(r->config->meter, r->input.type, frames, n);
	}
	return more;
}

static int
read_pcap(struct reader *r)
{
	int rc = NM_OK;

	do {
		rc = meter_buffer(r);
		if (rc < 0 || !r->config->between(r->config->ctx))
			return rc;
	} while (fill(r, &rc));
	if (rc == NM_OK && r->end != r->begin && r->config->between(r->config->ctx)) {
		log_error("%s: broke off in frame %llu: what came before is metered", r->name,
		          (unsigned long long)r->frames + 1);
		rc = NM_EFORMAT;
	}
	return rc;
}

static int
prepare_pcap(struct reader *r, int dlt)
{
	const char *filter = r->config->filter;

	r->input.type = capture_type(r->name, dlt);
	if (!r->input.type)
		return NM_EFORMAT;
	if (!filter)
		return NM_OK;
	pcap_t *dead = pcap_open_dead(dlt, FRAME_MOST);
	if (!dead) {
		log_error("%s: out of memory", r->name);
		return -ENOMEM;
	}
	int rc = capture_compile(dead, r->name, filter, &r->program);
	r->filtered = rc == NM_OK;
	pcap_close(dead);
	return rc;
}

/* --- everything else --------------------------------------------------------------------------------------------- */

/* A stream that begins with what is in the buffer. */
static ssize_t
stream_read(void *cookie, char *to, size_t len)
{
	struct reader *r = cookie;
	size_t have = r->end - r->begin;

	if (!have)
		return read_some(r, to, len);
	if (len > have)
		len = have;
	memcpy(to, r->buf + r->begin, len);
	r->begin += len;
	return (ssize_t)len;
}

/* A pcap_handler: one frame to the meter. */
static void
libpcap_frame(u_char *reader, /* NOLINT(readability-non-const-parameter): libpcap's type */
              const struct pcap_pkthdr *header, const u_char *bytes)
{
	const struct reader *r = (const struct reader *)(void *)reader;
	struct frame_bytes frame;

	capture_bytes(&r->input, header, bytes, &frame);
	meter_frame(r->config->meter, r->input.type, &frame);
}

static int
read_frames(pcap_t *pcap, struct reader *r)
{
	int n;

	do {
		n = pcap_dispatch(pcap, CAPTURE_BATCH, libpcap_frame, (u_char *)r);
		/* before looking at n: a signal that ends us can be what broke the read off */
		if (!r->config->between(r->config->ctx))
			return NM_OK;
	} while (n > 0);
	if (n == 0)
		return NM_OK;
	log_error("%s: %s: what came before is metered", r->name, pcap_geterr(pcap));
	return NM_EFORMAT;
}

static int
read_by_libpcap(struct reader *r)
{
	char err[PCAP_ERRBUF_SIZE];
	FILE *stream = fopencookie(r, "rb", (cookie_io_functions_t){ .read = stream_read });

	if (!stream) {
		log_error("%s: %s", r->name, nm_strerror(-errno));
		return -ENOMEM;
	}
	pcap_t *pcap =
	    pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, err);
	if (!pcap) {
		log_error("%s: %s", r->name, err);
		(void)fclose(stream);
		return NM_EFORMAT;
	}
	int rc = capture_prepare(pcap, r->name, &r->input);
	if (rc == NM_OK)
		rc = read_frames(pcap, r);
	pcap_close(pcap);
	return rc;
}

/* --- entry ------------------------------------------------------------------------------------------------------- */

static int
read_file(struct reader *r)
{
	int dlt = 0, rc = NM_OK;

	while (r->end < FILE_HEADER && fill(r, &rc))
		;
	if (rc < 0)
		return rc;
	if (!understand_header(r, &dlt))
		return read_by_libpcap(r);
	rc = prepare_pcap(r, dlt);
	return rc < 0 ? rc : read_pcap(r);
}

int
capture_opened(int fd, const char *path, uint16_t link, const struct capture_config *config)
{
	bool from_stdin = fd == STDIN_FILENO;
	char safe[512];
	const char *name =
	    from_stdin ? "standard input" : log_safe(safe, sizeof(safe), path, strlen(path));
	struct reader *r = fd < 0 ? NULL : malloc(sizeof(*r));
	int rc = fd < 0 ? fd : -ENOMEM;

	if (!r) {
		log_error("%s: %s", name, nm_strerror(rc));
		return rc;
	}
	memset(r, 0, offsetof(struct reader, buf));
	r->name = name;
	r->config = config;
	r->input = (struct capture_input){ .config = config, .link = link };
	r->fd = fd;
	rc = read_file(r);
	if (r->filtered)
		pcap_freecode(&r->program);
	free(r);
	return rc;
}

int
capture_open(const char *path)
{
	if (strcmp(path, "-") == 0)
		return STDIN_FILENO;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int
capture_file(const char *path, uint16_t link, const struct capture_config *config)
{
	int fd = capture_open(path);
	int rc = capture_opened(fd, path, link, config);

	if (fd > STDIN_FILENO)
		(void)close(fd);
	return rc;
}
