/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Other databases and caches: MongoDB (TCP, usually 27017), Redis (RESP; 6379), Memcached (TCP and UDP, 11211), Cassandra (CQL;
 * 9042).
 *
 * Evidence: MongoDB: a message's length, operation and how that begins; Redis: an array of strings as clients send it;
 * Memcached: a storage command or value with its three numbers; Cassandra: a start-up or list of options that names
 * CQL_VERSION, or the head of a connection between nodes. Shorter words count on the usual port only. Servers are tagged. Cost: asked for payload with these heads, and for all of
 * it on the four ports.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_MONGODB   121
#define APP_REDIS     122
#define APP_MEMCACHED 123
#define APP_CASSANDRA 124

#define PORT_MONGODB   27017
#define PORT_REDIS     6379
#define PORT_MEMCACHED 11211
#define PORT_CASSANDRA 9042

#define MONGO_HEADER 16
#define MONGO_MAX    (48u << 20)
#define OP_REPLY     1
#define OP_QUERY     2004
#define OP_MSG       2013
#define CQL_HEADER   9
#define CQL_MAX      (256u << 20)
#define NODES_MAGIC  0xca552dfau

static const struct nm_app apps[] = {
	{ APP_MONGODB, "MongoDB", "Database", 0x3f9c35, 0x7fcf74 },
	{ APP_REDIS, "Redis", "Database", 0xb3261e, 0xe8867f },
	{ APP_MEMCACHED, "Memcached", "Database", 0x288c85, 0x62c6be },
	{ APP_CASSANDRA, "Cassandra", "Database", 0x4b8bbe, 0x8fc0e4 },
};

static const struct nm_match matches[] = {
	/* operations 2013 and 2004, low octet first */
	{ .transport = NM_TCP,
	  .min_len = 26,
	  .offset = 12,
	  .len = 4,
	  .pattern = { 0xdd, 7, 0, 0 } },
	{ .transport = NM_TCP,
	  .min_len = 26,
	  .offset = 12,
	  .len = 4,
	  .pattern = { 0xd4, 7, 0, 0 } },
	NM_MATCH_TEXT(NM_TCP, 10, "*"),
	NM_MATCH_TEXT(NM_TCP, 10, "set "),
	NM_MATCH_TEXT(NM_TCP, 10, "add "),
	NM_MATCH_TEXT(NM_TCP, 10, "cas "),
	NM_MATCH_TEXT(NM_TCP, 10, "replace "),
	NM_MATCH_TEXT(NM_TCP, 10, "VALUE "),
	/* start-up and options of versions 3 to 5 */
	{ .transport = NM_TCP,
	  .min_len = 22,
	  .len = 5,
	  .pattern = { 0, 0, 0, 0, 1 },
	  .mask = { 0xf8, 0xe0, 0, 0, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = 22,
	  .len = 5,
	  .pattern = { 0x80, 0, 0, 0, 6 },
	  .mask = { 0xf8, 0xe0, 0, 0, 0xff } },
	{ .transport = NM_TCP, .min_len = 8, .len = 4, .pattern = { 0xca, 0x55, 0x2d, 0xfa } },
	{ .transport = NM_TCP, .port = PORT_MONGODB, .min_len = MONGO_HEADER },
	{ .transport = NM_TCP, .port = PORT_REDIS, .min_len = 3 },
	{ .transport = NM_TCP, .port = PORT_MEMCACHED, .min_len = 4 },
	{ .transport = NM_UDP, .port = PORT_MEMCACHED, .min_len = 12 },
	{ .transport = NM_TCP, .port = PORT_CASSANDRA, .min_len = CQL_HEADER },
};

/* Length of the whole, request, answered request, operation; all with the low octet first. */
static uint8_t
rate_mongodb(const struct nm_packet *pkt, struct wire w)
{
	uint32_t length = wire_le32(&w);

	wire_skip(&w, 4);
	uint32_t answered = wire_le32(&w);
	uint32_t operation = wire_le32(&w);
	uint32_t flags = wire_le32(&w);
	if (!wire_ok(&w) || length < MONGO_HEADER + 4 || length > MONGO_MAX)
		return 0;
	bool port = nm_is_port(pkt, PORT_MONGODB);
	if (operation == OP_MSG) {
		/* three flags; then a document, whose length ends where the message does or before */
		uint8_t kind = wire_u8(&w);
		uint32_t document = wire_le32(&w);

		return wire_ok(&w) && (flags & ~0x10003u) == 0 && kind <= 1 && document >= 5 &&
		               document <= length - 21
		           ? NM_CONF_SIGNATURE
		           : 0;
	}
	if (operation == OP_QUERY) {
		wire_limit(&w, 2);
		return flags < 0x100 && text_all_print(&w) ? NM_CONF_SIGNATURE : 0;
	}
	return port && ((operation == OP_REPLY && answered != 0) ||
	                (operation > 2000 && operation < OP_MSG))
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* "*2", then "$3" and the command: the form in which all clients send. */
static bool
is_array_of_strings(struct wire w)
{
	text_expect(&w, '*');
	(void)text_number(&w, 1u << 20);
	text_expect(&w, '\r');
	text_expect(&w, '\n');
	text_expect(&w, '$');
	(void)text_number(&w, 1u << 29);
	text_expect(&w, '\r');
	return wire_ok(&w);
}

/* Answers and commands by hand, on the usual port: one line of text behind a type. */
static uint8_t
rate_redis(const struct nm_packet *pkt, struct wire w)
{
	bool ended;

	if (*pkt->payload == '*' && is_array_of_strings(w))
		return NM_CONF_SIGNATURE;
	if (!nm_is_port(pkt, PORT_REDIS))
		return 0;
	struct wire line = text_line(&w, &ended);
	if (!ended || wire_left(&line) < 2 || !text_all_print(&line))
		return 0;
	return strchr("+-:$*%~>_,#(=!|", *pkt->payload) ? NM_CONF_SIGNATURE : NM_CONF_WEAK;
}

static const char *const stores[] = { "set ",     "add ", "replace ", "append ",
	                              "prepend ", "cas ", "VALUE " };

static const char *const short_words[] = {
	"get ",      "gets ",          "stats",       "version",
	"delete ",   "incr ",          "decr ",       "touch ",
	"flush_all", "STORED\r\n",     "END\r\n",     "STAT ",
	"VERSION ",  "NOT_STORED\r\n", "DELETED\r\n", "NOT_FOUND\r\n",
	"quit\r\n",  "verbosity ",     "mg ",         "ms ",
	"mn\r\n",
};

/* A key, then flags, time and length; "VALUE" has no time. */
static bool
is_store(struct wire w, const char *word)
{
	bool ended;

	wire_skip(&w, strlen(word));
	struct wire line = text_line(&w, &ended);
	const uint8_t *space = text_find(line.at, line.end, ' ');
	if (!ended || !space || !text_all_print(&line))
		return false;
	wire_skip(&line, (size_t)(space - line.at) + 1);
	(void)text_number(&line, UINT32_MAX);
	text_expect(&line, ' ');
	(void)text_number(&line, UINT32_MAX);
	if (*word == 'V')
		return wire_ok(&line);
	text_expect(&line, ' ');
	(void)text_number(&line, UINT32_MAX);
	return wire_ok(&line);
}

/* The binary form: magic, operation, lengths of key and extras, kind of data, state, length of the body. */
static bool
is_binary(const struct nm_packet *pkt, struct wire w)
{
	uint8_t magic = wire_u8(&w);
	uint8_t operation = wire_u8(&w);
	uint16_t key = wire_u16(&w);
	uint8_t extras = wire_u8(&w);
	uint8_t kind = wire_u8(&w);

	wire_skip(&w, 2);
	uint32_t body = wire_u32(&w);
	return wire_ok(&w) && (magic & 0xfe) == 0x80 && operation <= 0x48 && kind == 0 &&
	       body >= (uint32_t)key + extras && pkt->wire_len >= 24;
}

static uint8_t
rate_memcached(const struct nm_packet *pkt, struct wire w)
{
	bool port = nm_is_port(pkt, PORT_MEMCACHED);

	if (pkt->transport == NM_UDP) {
		/* request, number of this datagram, how many there are, 0 */
		wire_skip(&w, 2);
		uint16_t number = wire_u16(&w);
		if (number >= wire_u16(&w) || wire_u16(&w) != 0)
			return 0;
	} else if (port && is_binary(pkt, w)) {
		return NM_CONF_SIGNATURE;
	}
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		if (text_begins(&w, stores[i]) && is_store(w, stores[i]))
			return NM_CONF_SIGNATURE;
	for (size_t i = 0; port && i < sizeof(short_words) / sizeof(short_words[0]); i++)
		if (text_begins(&w, short_words[i]))
			return NM_CONF_SIGNATURE;
	return 0;
}

/* Between nodes a connection begins with a magic and flags; from version 4.0 of the program, the sender's address and port with
 * their length and a checksum follow. */
static bool
is_between_nodes(const struct nm_packet *pkt, struct wire w)
{
	if (wire_u32(&w) != NODES_MAGIC)
		return false;
	wire_skip(&w, 4);
	if (pkt->wire_len == 8)
		return wire_ok(&w);
	uint8_t address = wire_u8(&w);
	return wire_ok(&w) && (address == 6 || address == 18) && pkt->wire_len == 13u + address;
}

/* Version and direction, flags, stream, operation, length of the body. */
static uint8_t
rate_cassandra(const struct nm_packet *pkt, struct wire w)
{
	if (is_between_nodes(pkt, w))
		return NM_CONF_SIGNATURE;
	uint8_t version = wire_u8(&w);
	uint8_t flags = wire_u8(&w);

	wire_skip(&w, 2);
	uint8_t operation = wire_u8(&w);
	uint32_t length = wire_u32(&w);
	if (!wire_ok(&w) || (version & 0x7f) < 3 || (version & 0x7f) > 5 || flags > 0x1f ||
	    operation > 0x10 || length > CQL_MAX)
		return 0;
	if ((operation == 1 || operation == 6) && text_seek(&w, "cql_version"))
		return NM_CONF_PROOF;
	return nm_is_port(pkt, PORT_CASSANDRA) && length + CQL_HEADER == pkt->wire_len
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_MONGODB, rate_mongodb },     { NM_TCP, APP_REDIS, rate_redis },
	{ NM_TCP, APP_MEMCACHED, rate_memcached }, { NM_UDP, APP_MEMCACHED, rate_memcached },
	{ NM_TCP, APP_CASSANDRA, rate_cassandra },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(nosql) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "nosql",
	.summary = "MongoDB, Redis, Memcached and Cassandra",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
