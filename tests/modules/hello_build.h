/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes hellos of TLS for tests. A struct build is a buffer of the caller's that grows by build_u8() and so on, and must not
 * grow above BUILD_SIZE. Failures end the test.
 */
#ifndef NETMON_TESTS_HELLO_BUILD_H
#define NETMON_TESTS_HELLO_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BUILD_SIZE 8192

struct build {
	size_t len;
	uint8_t bytes[BUILD_SIZE];
};

static inline void
build_bytes(struct build *b, const void *bytes, size_t len)
{
	assert_true(b->len + len <= sizeof(b->bytes));
	if (len > 0)
		memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
}

static inline void
build_u8(struct build *b, unsigned value)
{
	uint8_t byte = (uint8_t)value;

	build_bytes(b, &byte, 1);
}

static inline void
build_u16(struct build *b, unsigned value)
{
	build_u8(b, value >> 8);
	build_u8(b, value);
}

static inline void
build_u32(struct build *b, uint32_t value)
{
	build_u16(b, value >> 16);
	build_u16(b, value);
}

/* Writes what lies behind `at` as the length there: `octets` of it, big-endian. */
static inline void
build_length(struct build *b, size_t at, unsigned octets)
{
	size_t len = b->len - at - octets;

	for (unsigned i = 0; i < octets; i++)
		b->bytes[at + i] = (uint8_t)(len >> (8 * (octets - 1 - i)));
}

static inline size_t
build_begin(struct build *b, unsigned octets)
{
	size_t at = b->len;

	for (unsigned i = 0; i < octets; i++)
		build_u8(b, 0);
	return at;
}

/* What a ClientHello says. NULL or 0: nothing of it. */
struct hello_build {
	const char *name;
	const char *alpn;
	size_t padding; /* octets of an extension that stands first */
	bool ech;
	bool tls13;
	bool name_last; /* behind the others, and not before */
};

static inline void
build_name(struct build *b, const char *name)
{
	build_u16(b, 0);
	size_t body = build_begin(b, 2);
	size_t list = build_begin(b, 2);
	build_u8(b, 0);
	size_t text = build_begin(b, 2);
	build_bytes(b, name, strlen(name));
	build_length(b, text, 2);
	build_length(b, list, 2);
	build_length(b, body, 2);
}

static inline void
build_alpn(struct build *b, const char *alpn)
{
	build_u16(b, 16);
	build_u16(b, (unsigned)strlen(alpn) + 3);
	build_u16(b, (unsigned)strlen(alpn) + 1);
	build_u8(b, (unsigned)strlen(alpn));
	build_bytes(b, alpn, strlen(alpn));
}

static inline void
build_extensions(struct build *b, const struct hello_build *h)
{
	size_t all = build_begin(b, 2);

	if (h->padding > 0) {
		build_u16(b, 21);
		build_u16(b, (unsigned)h->padding);
		(void)build_begin(b, (unsigned)h->padding);
	}
	if (h->name && !h->name_last)
		build_name(b, h->name);
	if (h->ech) {
		build_u16(b, 0xfe0d);
		build_u16(b, 4);
		build_u32(b, 0);
	}
	if (h->tls13)
		build_bytes(b, "\x00\x2b\x00\x05\x04\x03\x04\x03\x03", 9);
	if (h->alpn)
		build_alpn(b, h->alpn);
	if (h->name && h->name_last)
		build_name(b, h->name);
	build_length(b, all, 2);
}

/* A handshake message, as QUIC carries it; TLS puts a record header before. */
static inline void
build_client_hello(struct build *b, const struct hello_build *h)
{
	b->len = 0;
	build_u8(b, 1);
	size_t message = build_begin(b, 3);
	build_u16(b, 0x0303);
	build_bytes(b, "0123456789abcdef0123456789abcdef", 32);
	build_u8(b, 0);
	build_u16(b, 2);
	build_u16(b, 0x1301);
	build_u16(b, 0x0100);
	build_extensions(b, h);
	build_length(b, message, 3);
}

/* A ServerHello, of version 1.2 or, by its extension, 1.3. */
static inline void
build_server_hello(struct build *b, bool tls13)
{
	b->len = 0;
	build_u8(b, 2);
	size_t message = build_begin(b, 3);
	build_u16(b, 0x0303);
	build_bytes(b, "fedcba9876543210fedcba9876543210", 32);
	build_u8(b, 0);
	build_u16(b, 0xc02f);
	build_u8(b, 0);
	size_t extensions = build_begin(b, 2);
	if (tls13)
		build_bytes(b, "\x00\x2b\x00\x02\x03\x04", 6);
	build_length(b, extensions, 2);
	build_length(b, message, 3);
}

/* A record of type handshake with `len` octets of the message. */
static inline void
build_record(struct build *b, const struct build *message, size_t offset, size_t len)
{
	build_u8(b, 22);
	build_u16(b, 0x0303);
	build_u16(b, (unsigned)len);
	build_bytes(b, message->bytes + offset, len);
}

/* --- certificates ------------------------------------------------------------------------------------------------ */

/* DER: a tag and a length of two octets, to be closed by build_length(b, RETURNED, 2). */
static inline size_t
build_der(struct build *b, unsigned tag)
{
	build_u8(b, tag);
	build_u8(b, 0x82);
	return build_begin(b, 2);
}

static inline void
build_der_text(struct build *b, unsigned tag, const char *text)
{
	build_u8(b, tag);
	build_u8(b, (unsigned)strlen(text));
	build_bytes(b, text, strlen(text));
}

/* A name with an organisation and a common name. */
static inline void
build_subject(struct build *b, const char *common_name)
{
	static const char *const types[] = { "\x55\x04\x0a", "\x55\x04\x03" };
	size_t name = build_der(b, 0x30);

	for (unsigned i = 0; i < 2; i++) {
		size_t set = build_der(b, 0x31);
		size_t pair = build_der(b, 0x30);

		build_der_text(b, 0x06, types[i]);
		build_der_text(b, 0x0c, i == 0 ? "Example Inc." : common_name);
		build_length(b, pair, 2);
		build_length(b, set, 2);
	}
	build_length(b, name, 2);
}

/* Extensions: one of no interest, and the alternative names, of which the first is an address. */
static inline void
build_alternative(struct build *b, const char *name)
{
	size_t field = build_der(b, 0xa3);
	size_t list = build_der(b, 0x30);

	build_bytes(b, "\x30\x09\x06\x03\x55\x1d\x13\x04\x02\x30\x00", 11);
	size_t extension = build_der(b, 0x30);
	build_der_text(b, 0x06, "\x55\x1d\x11");
	build_bytes(b, "\x01\x01\xff", 3);
	size_t value = build_der(b, 0x04);
	size_t names = build_der(b, 0x30);
	build_der_text(b, 0x87, "\x0a\x01\x02\x03");
	build_der_text(b, 0x82, name);
	build_der_text(b, 0x82, "second.example");
	build_length(b, names, 2);
	build_length(b, value, 2);
	build_length(b, extension, 2);
	build_length(b, list, 2);
	build_length(b, field, 2);
}

/* A Certificate message of version 1.2 with one certificate. `key`: octets of the public key. `alternative`: NULL for none. */
static inline void
build_certificate(struct build *b, const char *common_name, const char *alternative, size_t key)
{
	build_u8(b, 11);
	size_t message = build_begin(b, 3);
	size_t list = build_begin(b, 3);
	size_t entry = build_begin(b, 3);
	size_t certificate = build_der(b, 0x30);
	size_t part = build_der(b, 0x30);
	build_bytes(b, "\xa0\x03\x02\x01\x02\x02\x01\x07\x30\x03\x06\x01\x2a", 13);
	build_subject(b, "Issuing Authority");
	build_bytes(b, "\x30\x00", 2);
	build_subject(b, common_name);
	size_t bits = build_der(b, 0x30);
	(void)build_begin(b, (unsigned)key);
	build_length(b, bits, 2);
	if (alternative)
		build_alternative(b, alternative);
	build_length(b, part, 2);
	build_bytes(b, "\x30\x03\x06\x01\x2a\x03\x02\x00\x01", 9);
	build_length(b, certificate, 2);
	build_length(b, entry, 3);
	build_length(b, list, 3);
	build_length(b, message, 3);
}

#endif
