/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a client's Initial packets with libnettle. */
#include "modules/quic/initial.h"

#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#define TAG    16
#define SAMPLE 4 /* octets from the packet number's first to the sample of header protection */
#define NUMBER 4 /* octets of the longest packet number */

/* RFC 8446 section 7.1: HKDF-Expand-Label with no context. */
static void
expand_label(const uint8_t secret[SHA256_DIGEST_SIZE], const char *label, const char *what,
             size_t len, uint8_t *ret_bytes)
{
	static const char prefix[] = { 't', 'l', 's', '1', '3', ' ' };
	uint8_t info[40];
	size_t label_len = strlen(label);
	size_t what_len = strlen(what);
	struct hmac_sha256_ctx ctx;

	info[0] = 0;
	info[1] = (uint8_t)len;
	info[2] = (uint8_t)(sizeof(prefix) + label_len + what_len);
	memcpy(info + 3, prefix, sizeof(prefix));
	memcpy(info + 3 + sizeof(prefix), label, label_len);
	memcpy(info + 3 + sizeof(prefix) + label_len, what, what_len);
	info[3 + info[2]] = 0;
	hmac_sha256_set_key(&ctx, SHA256_DIGEST_SIZE, secret);
	hkdf_expand(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
	            (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, 4U + info[2],
	            info, len, ret_bytes);
}

void
initial_derive(const struct quic_version *version, const uint8_t *dcid, size_t dcid_len,
               struct initial_keys *ret_keys)
{
	uint8_t secret[SHA256_DIGEST_SIZE];
	uint8_t client[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, QUIC_SALT, version->salt);
	hkdf_extract(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
	             (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, dcid_len,
	             dcid, secret);
	expand_label(secret, "client in", "", sizeof(client), client);
	expand_label(client, version->label, " key", sizeof(ret_keys->key), ret_keys->key);
	expand_label(client, version->label, " iv", sizeof(ret_keys->iv), ret_keys->iv);
	expand_label(client, version->label, " hp", sizeof(ret_keys->guard), ret_keys->guard);
}

/* RFC 9001 section 5.4: takes the protection off the first octet and the packet number of a copy of the header, whose number
 * begins at `at`. Returns the number's length and sets *ret_number. */
static size_t
unmask(const struct quic_packet *packet, const struct initial_keys *keys, uint8_t *header,
       size_t at, uint32_t *ret_number)
{
	struct aes128_ctx aes;
	uint8_t mask[AES_BLOCK_SIZE];

	aes128_set_encrypt_key(&aes, keys->guard);
	aes128_encrypt(&aes, sizeof(mask), mask, packet->number + SAMPLE);
	header[0] ^= mask[0] & 0x0f;
	size_t len = (header[0] & 3U) + 1;
	*ret_number = 0;
	for (size_t i = 0; i < len; i++) {
		header[at + i] ^= mask[1 + i];
		*ret_number = *ret_number << 8 | header[at + i];
	}
	return len;
}

/* The start of a client's numbers is near 0, so the shortened number is the number (RFC 9000 appendix A.3). */
static void
make_nonce(const struct initial_keys *keys, uint32_t number, uint8_t nonce[12])
{
	memcpy(nonce, keys->iv, 12);
	for (unsigned i = 0; i < 4; i++)
		nonce[11 - i] ^= (uint8_t)(number >> (8 * i));
}

struct wire
initial_open(const struct quic_packet *packet, const struct initial_keys *keys, uint8_t *bytes,
             bool *ret_proof)
{
	size_t at = (size_t)(packet->number - packet->start);
	bool whole = packet->captured == packet->length;
	struct gcm_aes128_ctx gcm;
	uint8_t header[INITIAL_MAX];
	uint8_t nonce[GCM_IV_SIZE];
	uint8_t tag[TAG];
	uint32_t number;

	if (packet->captured < SAMPLE + AES_BLOCK_SIZE + TAG || at + packet->captured > INITIAL_MAX)
		return wire_init(NULL, 0);
	memcpy(header, packet->start, at + NUMBER);
	size_t number_len = unmask(packet, keys, header, at, &number);
	size_t len = packet->captured - number_len - (whole ? TAG : 0);
	make_nonce(keys, number, nonce);
	gcm_aes128_set_key(&gcm, keys->key);
	gcm_aes128_set_iv(&gcm, sizeof(nonce), nonce);
	gcm_aes128_update(&gcm, at + number_len, header);
	gcm_aes128_decrypt(&gcm, len, bytes, packet->number + number_len);
	if (whole) {
		gcm_aes128_digest(&gcm, sizeof(tag), tag);
		if (!memeql_sec(tag, packet->number + number_len + len, sizeof(tag)))
			return wire_init(NULL, 0);
	}
	*ret_proof = whole;
	return wire_init(bytes, len);
}
