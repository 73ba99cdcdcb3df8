/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Google's QUIC in clear text. */
#include "modules/quic/google.h"

#define FLAG_VERSION 0x01u
#define FLAG_RESET   0x02u
#define FLAG_ID      0x08u /* up to Q034: 0x0c */
#define FLAG_ID_OLD  0x04u
#define FLAG_NUMBER  0x30u /* packet number of 1, 2, 4, 6 octets */
#define FLAG_UNUSED  0xc0u
#define STREAM_HEAD  16 /* octets of a STREAM frame's head at most */
#define TAGS_MAX     128
#define TAG_SNI      0x534e4900U /* "SNI", then a zero */
#define NAME_MAX_B   255

/* The numbers inside of CHLO are little-endian. */
static uint32_t
read_little(struct wire *w)
{
	const uint8_t *p = wire_take(w, 4);

	return p ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0] : 0;
}

bool
google_read_header(struct wire *w)
{
	static const uint8_t number_len[] = { 1, 2, 4, 6 };
	uint8_t flags = wire_u8(w);

	wire_skip(w, 8);
	uint32_t version = wire_u32(w);
	if (!wire_ok(w) || (flags & (FLAG_VERSION | FLAG_ID)) != (FLAG_VERSION | FLAG_ID) ||
	    (flags & (FLAG_RESET | FLAG_UNUSED)) || version >> 16 != 0x5130)
		return false;
	uint32_t tens = version >> 8 & 0xff;
	uint32_t ones = version & 0xff;
	if (tens < '0' || tens > '4' || ones < '0' || ones > '9')
		return false;
	wire_skip(w, number_len[(flags & FLAG_NUMBER) >> 4]);
	return wire_ok(w);
}

/* Moves behind "CHLO", which stands where the first frame's head ends. */
static bool
seek_hello(struct wire *w)
{
	for (unsigned i = 0; i < STREAM_HEAD && wire_left(w) >= 8; i++, wire_skip(w, 1))
		if (memcmp(w->at, "CHLO", 4) == 0) {
			wire_skip(w, 4);
			return true;
		}
	return false;
}

/* 16 bits: how many tags; two octets of padding; tag and end of its value each; the values. */
bool
google_read_hello(struct wire w, struct wire *ret_name)
{
	uint32_t begin = 0;

	if (!seek_hello(&w))
		return false;
	uint32_t tags = read_little(&w);
	if (!wire_ok(&w) || tags == 0 || tags > TAGS_MAX)
		return false;
	struct wire values = w;
	wire_skip(&values, 8UL * tags);
	*ret_name = wire_init(NULL, 0);
	for (uint32_t i = 0; i < tags && wire_ok(&w) && wire_ok(&values); i++) {
		uint32_t tag = wire_u32(&w);
		uint32_t end = read_little(&w);

		if (end < begin)
			return false;
		if (tag == TAG_SNI && end - begin <= NAME_MAX_B) {
			wire_skip(&values, begin);
			const uint8_t *name = wire_take(&values, end - begin);
			*ret_name = wire_init(name, name ? end - begin : 0);
			break;
		}
		begin = end;
	}
	return true;
}
