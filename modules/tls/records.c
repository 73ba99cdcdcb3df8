/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handshake messages in a stream of TLS records. */
#include "modules/tls/records.h"

#define HANDSHAKE  22
#define HEADER     5
#define RECORD_MAX (16384 + 2048) /* RFC 5246 section 6.2.3 */

/* How much of the next record is to come; 0 for one that holds no handshake. */
static size_t
read_header(struct wire *w)
{
	uint8_t type = wire_u8(w);
	uint8_t major = wire_u8(w);

	wire_skip(w, 1);
	uint16_t len = wire_u16(w);
	return type == HANDSHAKE && major == 3 && len <= RECORD_MAX ? len : 0;
}

struct wire
records_messages(struct wire stream, uint8_t *bytes, bool *ret_open)
{
	size_t total = 0;

	*ret_open = wire_left(&stream) < PIECES_MAX;
	while (wire_left(&stream) >= HEADER) {
		size_t len = read_header(&stream);

		if (len == 0) {
			*ret_open = false;
			break;
		}
		if (len > wire_left(&stream))
			len = wire_left(&stream);
		wire_copy(&stream, bytes + total, len);
		total += len;
	}
	return wire_init(bytes, total);
}
