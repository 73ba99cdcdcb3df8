/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes packets of QUIC for tests: a client's hello, CRYPTO frames of any part of it, and Initial packets sealed as RFC 9001
 * section 5 says.. Failures end the test.
 */
#ifndef NETMON_TESTS_QUIC_BUILD_H
#define NETMON_TESTS_QUIC_BUILD_H

#include "modules/quic/initial.h"
#include "tests/modules/hello_build.h"

#include <nettle/gcm.h>

/* RFC 9000 section 16 in two octets, up to 16383. */
static inline void
build_varint(struct build *b, size_t value)
{
	build_u16(b, (unsigned)(0x4000 | value));
}

/* RFC 9000 section 19.6 */
static inline void
build_crypto(struct build *b, const struct build *hello, size_t offset, size_t len)
{
	build_u8(b, 0x06);
	build_varint(b, offset);
	build_varint(b, len);
	build_bytes(b, hello->bytes + offset, len);
}

/* The header of a packet of type 0 with a packet number of four octets, for `len` octets of frames. */
static inline void
build_initial_header(struct build *b, uint32_t version, const char *dcid, uint32_t number,
                     size_t len)
{
	const struct quic_version *v = quic_version(version);

	build_u8(b, (0xc3U | (v ? (unsigned)v->turn << 4 : 0)) & 0xff);
	build_u32(b, version);
	build_u8(b, (unsigned)strlen(dcid));
	build_bytes(b, dcid, strlen(dcid));
	build_u8(b, 0);
	build_u8(b, 0);
	build_varint(b, 4 + len + 16);
	build_u32(b, number);
}

/* Seals `frames`, filled up with padding to a datagram of 1,200 octets, under the keys that `keyed` (the client's first
 * connection id) gives. */
static inline void
build_initial(struct build *b, uint32_t version, const char *keyed, const char *dcid,
              const struct build *frames)
{
	uint8_t plain[1200] = { 0 };
	size_t head = 1 + 4 + 1 + strlen(dcid) + 1 + 1 + 2 + 4;
	size_t len = sizeof(plain) - head - 16;
	struct gcm_aes128_ctx gcm;
	struct initial_keys keys;
	struct aes128_ctx aes;
	uint8_t mask[16];
	const uint32_t number = 2;

	assert_true(frames->len <= len);
	memcpy(plain, frames->bytes, frames->len);
	b->len = 0;
	build_initial_header(b, version, dcid, number, len);
	assert_int_equal(b->len, head);
	initial_derive(quic_version(version), (const uint8_t *)keyed, strlen(keyed), &keys);
	keys.iv[11] ^= number;
	gcm_aes128_set_key(&gcm, keys.key);
	gcm_aes128_set_iv(&gcm, sizeof(keys.iv), keys.iv);
	gcm_aes128_update(&gcm, head, b->bytes);
	gcm_aes128_encrypt(&gcm, len, b->bytes + head, plain);
	gcm_aes128_digest(&gcm, 16, b->bytes + head + len);
	b->len = head + len + 16;
	aes128_set_encrypt_key(&aes, keys.guard);
	aes128_encrypt(&aes, sizeof(mask), mask, b->bytes + head);
	b->bytes[0] ^= mask[0] & 0x0f;
	for (unsigned i = 0; i < 4; i++)
		b->bytes[head - 4 + i] ^= mask[1 + i];
}

#endif
