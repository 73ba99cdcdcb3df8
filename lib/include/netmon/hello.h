/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The hellos of TLS (RFC 8446 sections 4.1.2 and 4.1.3, RFC 5246 section 7.4.1), as TLS, DTLS and QUIC carry them: the name
 * that a client asks for, what it means to speak, and whether a hello is one. Header-only, usable from modules, no state: any
 * thread. All that is read lies within the caller's bytes and lives as long as they do.
 *
 * What is there of a message is read; what was cut off, or has not come yet, cannot speak against it. So a hello that is put
 * together from pieces can be read again with each piece, and is known to be read whole when `whole` says so.
 */
#ifndef NETMON_HELLO_H
#define NETMON_HELLO_H

#include <netmon/wire.h>

/* RFC 8446 section 4 */
#define HELLO_CLIENT 1
#define HELLO_SERVER 2

/* IANA's "TLS ExtensionType Values" */
#define HELLO_EXT_SERVER_NAME        0
#define HELLO_EXT_ALPN               16
#define HELLO_EXT_SUPPORTED_VERSIONS 43
#define HELLO_EXT_ECH                0xfe0d /* RFC 9849 section 5 */

#define HELLO_TLS_1_3     0x0304
#define HELLO_SESSION_MAX 32

struct hello {
	struct wire name; /* server_name (RFC 6066 section 3): hostile text; empty for none */
	struct wire alpn; /* ALPN's names (RFC 7301), for hello_alpn_next(); empty for none */
	bool tls13;       /* supported_versions names version 1.3 or one of its drafts */
	bool ech;   /* encrypted_client_hello: the name may be another one than the real one */
	bool whole; /* the message is here to its end */
};

/* The name that a client asks for: of a list with one entry for each type (octet; 0: host name), a 16-bit length each. */
static inline struct wire
hello_host_name(struct wire body)
{
	wire_limit(&body, wire_u16(&body));
	while (wire_left(&body) > 0) {
		uint8_t type = wire_u8(&body);
		uint16_t len = wire_u16(&body);
		struct wire name = body;

		wire_skip(&body, len);
		if (!wire_ok(&body))
			break;
		wire_limit(&name, len);
		if (type == 0)
			return name;
	}
	return wire_init(NULL, 0);
}

/* Is version 1.3, or a draft of it (0x7fNN), among the versions? A client's list has a length octet; a server's is one. */
static inline bool
hello_has_tls13(struct wire versions, bool client)
{
	if (client)
		wire_skip(&versions, 1);
	while (wire_left(&versions) >= 2) {
		uint16_t version = wire_u16(&versions);

		if (version == HELLO_TLS_1_3 || version >> 8 == 0x7f)
			return true;
	}
	return false;
}

/* Extensions, in any order: 16 bits of type and of length each. One that is not here to its end is not read. */
static inline void
hello_read_extensions(struct wire *w, bool client, struct hello *ret_hello)
{
	wire_limit(w, wire_u16(w));
	while (wire_left(w) >= 4) {
		uint16_t type = wire_u16(w);
		uint16_t len = wire_u16(w);
		struct wire body = *w;

		wire_skip(w, len);
		if (!wire_ok(w))
			return;
		wire_limit(&body, len);
		if (type == HELLO_EXT_SERVER_NAME && client)
			ret_hello->name = hello_host_name(body);
		else if (type == HELLO_EXT_SUPPORTED_VERSIONS)
			ret_hello->tls13 = hello_has_tls13(body, client);
		else if (type == HELLO_EXT_ECH)
			ret_hello->ech = client;
		if (type != HELLO_EXT_ALPN)
			continue;
		wire_skip(&body, 2);
		if (wire_ok(&body))
			ret_hello->alpn = body;
	}
}

/* Random, session id, in DTLS a cookie (RFC 9147 section 5.3), cipher suites, compression methods. Moves to the extensions.
 * False for what no client says. */
static inline bool
hello_is_client(struct wire *w, bool dtls)
{
	wire_skip(w, 32);
	uint8_t session = wire_u8(w);
	wire_skip(w, session);
	if (dtls)
		wire_skip(w, wire_u8(w));
	uint16_t suites = wire_u16(w);
	if (wire_ok(w) && (session > HELLO_SESSION_MAX || suites < 2 || suites % 2 != 0))
		return false;
	wire_skip(w, suites);
	uint8_t methods = wire_u8(w);
	wire_skip(w, methods);
	return !wire_ok(w) || (methods >= 1 && methods <= 8);
}

/* Random, session id, one cipher suite, one compression method. Moves to the extensions. */
static inline bool
hello_is_server(struct wire *w)
{
	wire_skip(w, 32);
	uint8_t session = wire_u8(w);
	wire_skip(w, session);
	wire_skip(w, 2);
	uint8_t method = wire_u8(w);
	return !wire_ok(w) || (session <= HELLO_SESSION_MAX && method <= 1);
}

/* Reads the body of a hello, `w` being behind the handshake's type and length and not longer than that length says, from the
 * version on. `type` is HELLO_CLIENT or HELLO_SERVER. False, and *ret_hello as it was, for what is none. */
static inline bool
hello_read(struct wire w, uint8_t type, bool dtls, struct hello *ret_hello)
{
	struct hello hello = { .name = wire_init(NULL, 0), .alpn = wire_init(NULL, 0) };
	bool client = type == HELLO_CLIENT;

	wire_skip(&w, 2);
	if (!(client ? hello_is_client(&w, dtls) : hello_is_server(&w)))
		return false;
	if (wire_left(&w) > 0)
		hello_read_extensions(&w, client, &hello);
	*ret_hello = hello;
	return true;
}

/* Reads a handshake message (RFC 8446 section 4: type, 24 bits of length, body) that should be a hello of that type. */
static inline bool
hello_read_message(struct wire w, uint8_t type, struct hello *ret_hello)
{
	uint8_t is = wire_u8(&w);
	uint32_t length = (uint32_t)wire_u8(&w) << 16;
	struct hello hello;

	length |= wire_u16(&w);
	size_t left = wire_left(&w);
	struct wire body = w;
	uint8_t major = wire_u8(&w);
	uint8_t minor = wire_u8(&w);
	if (!wire_ok(&w) || is != type || major != 3 || minor > 4 || length < 38 || length > 65535)
		return false;
	wire_limit(&body, length);
	if (!hello_read(body, type, false, &hello))
		return false;
	hello.whole = left >= length;
	*ret_hello = hello;
	return true;
}

/* Takes the next of ALPN's names from what is left of the list. False at its end. */
static inline bool
hello_alpn_next(struct wire *list, struct wire *ret_name)
{
	size_t len = wire_u8(list);
	const uint8_t *name = wire_take(list, len);

	if (!name || len == 0)
		return false;
	*ret_name = wire_init(name, len);
	return true;
}

/* What a protocol of ALPN is called. */
struct hello_alpn {
	const char *id; /* as IANA's "TLS ALPN Protocol IDs" has it */
	uint16_t app;   /* one of the module's applications */
};

/* The application of the first of ALPN's names that the table has, for what a client offers first counts; 0 for none. */
static inline uint16_t
hello_alpn_app(struct wire list, const struct hello_alpn *table, size_t n)
{
	struct wire name;

	while (hello_alpn_next(&list, &name))
		for (size_t i = 0; i < n; i++)
			if (wire_left(&name) == strlen(table[i].id) &&
			    memcmp(name.at, table[i].id, wire_left(&name)) == 0)
				return table[i].app;
	return 0;
}

#endif
