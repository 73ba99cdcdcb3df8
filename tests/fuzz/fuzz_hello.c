/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What modules read behind a key, an authentication tag or a checksum of lengths that random bytes do not get past: QUIC's frames,
 * hellos, certificates, records, answers of DNS. The input's first octet says which; the rest is its bytes.
 */
#include "modules/dns/answers.h"
#include "modules/quic/frames.h"
#include "modules/quic/google.h"
#include "modules/tls/certificate.h"
#include "modules/tls/names.h"
#include "modules/tls/records.h"

#include <netmon/hello.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read must lie within the bytes. */
static void
check(struct wire part, struct wire whole)
{
	if (wire_left(&part) > 0 && (part.at < whole.at || part.end > whole.end))
		abort();
}

static void
read_hello(struct wire w)
{
	for (uint8_t type = HELLO_CLIENT; type <= HELLO_SERVER; type++) {
		struct hello hello;
		struct wire name;

		if (!hello_read_message(w, type, &hello) && !hello_read(w, type, true, &hello))
			continue;
		check(hello.name, w);
		(void)name_is_resolver(&hello.name);
		while (hello_alpn_next(&hello.alpn, &name))
			check(name, w);
	}
}

static void
read_google(struct wire w)
{
	struct wire header = w;
	struct wire name;

	(void)google_read_header(&header);
	if (google_read_hello(w, &name))
		check(name, w);
}

static void
read_frames(struct wire w, bool google)
{
	struct pieces *pieces = calloc(1, sizeof(*pieces));
	uint64_t handle;

	if (!pieces)
		return;
	struct piece *piece = pieces_begin(pieces, &handle);
	if (google)
		frames_read_google(w, piece);
	else
		(void)frames_read(w, wire_left(&w) % 2, piece);
	struct wire message = piece_prefix(piece);
	read_hello(message);
	read_google(message);
	free(pieces);
}

static void
read_certificate(struct wire w)
{
	check(certificate_read(w).name, w);
}

static void
read_records(struct wire w)
{
	uint8_t bytes[PIECES_MAX];
	bool open;

	if (wire_left(&w) > sizeof(bytes))
		return;
	struct wire messages = records_messages(w, bytes, &open);
	read_hello(messages);
}

static void
no_tag(struct nm_call *call, const struct nm_tag *tag)
{
	(void)call;
	(void)tag;
}

static void
take_answer(struct nm_call *call, const struct nm_answer *answer)
{
	(void)call;
	if (answer->name_len > 256)
		abort();
}

static void
read_answers(struct wire w)
{
	static const uint8_t client[16] = { 0 };
	struct nm_call call = { .tag = no_tag, .resolved = take_answer };

	answers_report(w, client, &call);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size > 1 ? size - 1 : 1);

	if (!exact || size == 0) {
		free(exact);
		return 0;
	}
	memcpy(exact, data + 1, size - 1);
	struct wire w = wire_init(exact, size - 1);
	switch (*data % 7) {
	case 0:
		read_hello(w);
		break;
	case 1:
		read_frames(w, false);
		break;
	case 2:
		read_frames(w, true);
		break;
	case 3:
		read_google(w);
		break;
	case 4:
		read_certificate(w);
		break;
	case 5:
		read_records(w);
		break;
	default:
		read_answers(w);
	}
	free(exact);
	return 0;
}
