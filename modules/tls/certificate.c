/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The name in a server's certificate. */
#include "modules/tls/certificate.h"

#include <netmon/ber.h>

#define SET        0x31
#define OID        0x06
#define BOOLEAN    0x01
#define VERSION    0xa0 /* [0] of TBSCertificate (RFC 5280 section 4.1) */
#define EXTENSIONS 0xa3 /* [3] */
#define DNS_NAME   0x82 /* [2] of GeneralName (section 4.2.1.6) */
#define NAMES_MAX  64
#define FIELDS_MAX 10
#define PARTS_MAX  32

/* One element: its tag, and its contents as a cursor, shorter than they should be where the bytes end. Moves behind it, or to
 * the end. */
static uint8_t
next(struct wire *w, struct wire *ret_body)
{
	uint8_t tag = wire_u8(w);
	uint32_t len = ber_length(w);

	if (!wire_ok(w))
		return 0;
	*ret_body = *w;
	wire_limit(ret_body, len);
	wire_skip(w, len < wire_left(w) ? len : wire_left(w));
	return tag;
}

/* The same for one that has to be here to its end. 0 when it is not. */
static uint8_t
next_whole(struct wire *w, struct wire *ret_body)
{
	struct wire ahead = *w;

	(void)wire_u8(&ahead);
	uint32_t len = ber_length(&ahead);
	return wire_ok(&ahead) && len <= wire_left(&ahead) ? next(w, ret_body) : 0;
}

static bool
is_oid(const struct wire *body, const char *oid)
{
	return wire_left(body) == 3 && memcmp(body->at, oid, 3) == 0;
}

/* RFC 5280 section 4.1.2.6: a sequence of sets of pairs of type and text. The last common name (2.5.4.3) is the nearest. */
static struct wire
common_name(struct wire subject)
{
	struct wire name = wire_init(NULL, 0);
	struct wire set, pair, oid, text;

	for (unsigned i = 0; i < PARTS_MAX && next(&subject, &set) == SET; i++) {
		if (next(&set, &pair) != BER_SEQUENCE || next(&pair, &oid) != OID)
			continue;
		if (is_oid(&oid, "\x55\x04\x03") && next_whole(&pair, &text) != 0)
			name = text;
	}
	return name;
}

/* RFC 5280 section 4.2.1.6: the first of the alternative names that is a DNS name. */
static struct wire
first_dns_name(struct wire octets)
{
	struct wire names, name;

	if (next(&octets, &names) != BER_SEQUENCE)
		return wire_init(NULL, 0);
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		uint8_t tag = next_whole(&names, &name);

		if (tag == DNS_NAME)
			return name;
		if (tag == 0)
			break;
	}
	return wire_init(NULL, 0);
}

/* RFC 5280 section 4.2: the extension subjectAltName (2.5.29.17), if it is here. */
static struct wire
alternative_name(struct wire field)
{
	struct wire list, extension, oid, value;

	if (next(&field, &list) != BER_SEQUENCE)
		return wire_init(NULL, 0);
	for (unsigned i = 0; i < PARTS_MAX && next(&list, &extension) == BER_SEQUENCE; i++) {
		if (next(&extension, &oid) != OID || !is_oid(&oid, "\x55\x1d\x11"))
			continue;
		uint8_t tag = next(&extension, &value);

		if (tag == BOOLEAN) /* critical */
			tag = next(&extension, &value);
		if (tag == BER_OCTETS)
			return first_dns_name(value);
	}
	return wire_init(NULL, 0);
}

/* RFC 5280 section 4.1: version, number, algorithm, issuer, validity, subject, key, ids, extensions. */
static struct wire
subject_name(struct wire certificate)
{
	struct wire signed_part, field, name = wire_init(NULL, 0);
	unsigned behind_version = 0;

	if (next(&certificate, &signed_part) != BER_SEQUENCE)
		return name;
	for (unsigned i = 0; i < FIELDS_MAX && wire_left(&signed_part) > 0; i++) {
		uint8_t tag = next(&signed_part, &field);

		if (tag == EXTENSIONS) {
			struct wire other = alternative_name(field);

			return wire_left(&other) > 0 ? other : name;
		}
		if (tag != VERSION && ++behind_version == 5 && tag == BER_SEQUENCE)
			name = common_name(field);
	}
	return name;
}

struct certificate
certificate_read(struct wire message)
{
	struct wire der, certificate;

	wire_skip(&message, 3); /* of the list */
	uint32_t len = (uint32_t)wire_u8(&message) << 16;
	len |= wire_u16(&message);
	struct certificate c = { .name = wire_init(NULL, 0),
		                 .whole = wire_ok(&message) && len <= wire_left(&message) };
	der = message;
	wire_limit(&der, len);
	if (next(&der, &certificate) == BER_SEQUENCE)
		c.name = subject_name(certificate);
	if (wire_left(&c.name) > 2 && c.name.at[0] == '*' && c.name.at[1] == '.')
		wire_skip(&c.name, 2);
	return c;
}
