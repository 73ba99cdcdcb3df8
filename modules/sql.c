/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SQL databases on TCP, any port for what begins a connection: MySQL and MariaDB (usually 3306), PostgreSQL (5432), Microsoft
 * SQL Server (TDS, 1433), Oracle (TNS, 1521). In TLS they are known as far as they begin in clear text.
 * Sybase's TDS counts as MSSQL.
 *
 * Evidence: MySQL: the server's greeting; PostgreSQL: the start-up or TLS request, the server's demand for authentication; TDS:
 * pre-login and login; TNS: the connect packet. What comes later counts on the usual port only. Servers are tagged. Cost:
 * asked for payload that has one of these heads, and for all of it on the four ports.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_MYSQL      117
#define APP_POSTGRESQL 118
#define APP_MSSQL      119
#define APP_ORACLE     120

#define PORT_MYSQL      3306
#define PORT_POSTGRESQL 5432
#define PORT_MSSQL      1433
#define PORT_ORACLE     1521

#define GREETING_MAX  512
#define VERSION_MAX   64
#define MYSQL_COMMAND 0x1f
#define PG_VERSION_3  0x00030000u
#define PG_CANCEL     80877102u
#define PG_TLS        80877103u
#define PG_GSS        80877104u
#define PG_START_MAX  10000
#define TDS_HEADER    8
#define TDS_PRELOGIN  0x12
#define TDS_LOGIN     0x10
#define TDS_OLD_LOGIN 0x02
#define TDS_OLD_SIZE  512 /* a client's packets before sizes are agreed upon */
#define TDS_REPLY     0x04
#define TNS_HEADER    8

static const struct nm_app apps[] = {
	{ APP_MYSQL, "MySQL", "Database", 0x00618a, 0x5aa9cf },
	{ APP_POSTGRESQL, "PostgreSQL", "Database", 0x336791, 0x7fa8cf },
	{ APP_MSSQL, "MSSQL", "Database", 0xa4373a, 0xdc7f81 },
	{ APP_ORACLE, "Oracle", "Database", 0xc74634, 0xe88672 },
};

static const struct nm_match matches[] = {
	/* a greeting: length below 512, first packet, version 10 */
	{ .transport = NM_TCP,
	  .direction = NM_FROM_SERVER,
	  .min_len = 20,
	  .offset = 1,
	  .len = 4,
	  .pattern = { 0, 0, 0, 10 },
	  .mask = { 0xfe, 0xff, 0xff, 0xff } },
	/* start-up: length below 64 kB, version 3.0 or a request's code */
	{ .transport = NM_TCP,
	  .min_len = 8,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 0, 3, 0, 0 },
	  .mask = { 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = 8,
	  .len = 7,
	  .pattern = { 0, 0, 0, 0, 4, 0xd2, 0x16 },
	  .mask = { 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = 9,
	  .len = 6,
	  .pattern = { 'R', 0, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xff, 0xff, 0xff, 0, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = TDS_HEADER,
	  .len = 8,
	  .pattern = { TDS_PRELOGIN, 1, 0, 0, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = TDS_HEADER,
	  .len = 8,
	  .pattern = { TDS_LOGIN, 0, 0, 0, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xfe, 0, 0, 0xff, 0xff, 0, 0xff } },
	/* a first packet of 512 octets, of which more come */
	{ .transport = NM_TCP,
	  .min_len = TDS_HEADER + 31 * 4,
	  .len = 8,
	  .pattern = { TDS_OLD_LOGIN, 0, 2, 0, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0, 0xff } },
	/* a connect packet shorter than 1024 octets, without checksums */
	{ .transport = NM_TCP,
	  .min_len = 12,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 1, 0, 0, 0 },
	  .mask = { 0xfc, 0, 0xff, 0xff, 0xff, 0, 0xff, 0xff } },
	{ .transport = NM_TCP, .port = PORT_MYSQL, .min_len = 5 },
	{ .transport = NM_TCP, .port = PORT_POSTGRESQL, .min_len = 5 },
	{ .transport = NM_TCP, .port = PORT_MSSQL, .min_len = TDS_HEADER },
	{ .transport = NM_TCP, .port = PORT_ORACLE, .min_len = TNS_HEADER },
};

/* Initial handshake, version 10: the server's version, thread, eight octets, 0. */
static bool
is_greeting(struct wire w)
{
	size_t room = wire_left(&w) < VERSION_MAX ? wire_left(&w) : VERSION_MAX;
	const uint8_t *nul = room ? memchr(w.at, 0, room) : NULL;

	if (!nul)
		return false;
	struct wire version = wire_init(w.at, (size_t)(nul - w.at));
	if (wire_left(&version) < 3 || !text_is_digit(*version.at) || !text_all_print(&version))
		return false;
	wire_skip(&w, wire_left(&version) + 1 + 4 + 8);
	return wire_u8(&w) == 0 && wire_ok(&w);
}

/* Packets of a length (three octets, the low one first), a number and the contents. */
static uint8_t
rate_mysql(const struct nm_packet *pkt, struct wire w)
{
	uint32_t length = wire_u8(&w);
	length |= (uint32_t)wire_u8(&w) << 8;
	length |= (uint32_t)wire_u8(&w) << 16;
	uint8_t number = wire_u8(&w);
	uint8_t first = wire_u8(&w);

	if (!wire_ok(&w) || length == 0)
		return 0;
	if (number == 0 && first == 10 && length < GREETING_MAX && length + 4 == pkt->wire_len &&
	    is_greeting(w))
		return NM_CONF_PROOF;
	if (!nm_is_port(pkt, PORT_MYSQL) || length > pkt->wire_len - 4)
		return 0;
	/* in the middle: a client's command by itself, or an answer that begins with the first packet */
	if (pkt->dport == PORT_MYSQL)
		return number == 0 && first <= MYSQL_COMMAND && length + 4 == pkt->wire_len
		           ? NM_CONF_SIGNATURE
		           : 0;
	return number == 1 && (length + 4 == pkt->wire_len || length == 1) ? NM_CONF_SIGNATURE : 0;
}

/* Start-up: length, version, names and values; or length and a request's code. */
static uint8_t
rate_start(const struct nm_packet *pkt, struct wire w)
{
	uint32_t length = wire_u32(&w);
	uint32_t code = wire_u32(&w);

	if (length != pkt->wire_len || length > PG_START_MAX)
		return 0;
	if (code == PG_TLS || code == PG_GSS)
		return length == 8 ? NM_CONF_SIGNATURE : 0;
	if (code == PG_CANCEL)
		return length == 16 ? NM_CONF_SIGNATURE : 0;
	const uint8_t *last =
	    code == PG_VERSION_3 && pkt->len == length && wire_left(&w) > 0 ? w.end - 1 : NULL;
	if (!last || *last != 0 || !text_is_print(*w.at))
		return 0;
	return text_seek(&w, "user") ? NM_CONF_PROOF : 0;
}

/* Messages of a letter and a length that fill the segment. What is left over of the last one comes in the next. */
static bool
are_messages(struct wire w)
{
	unsigned n = 0;

	while (wire_left(&w) >= 5 && n < 16) {
		uint8_t letter = wire_u8(&w);
		uint32_t length = wire_u32(&w);

		if (!((letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
		      (letter >= '1' && letter <= '3')) ||
		    length < 4 || length > 1u << 24)
			return false;
		wire_skip(&w, length - 4);
		n++;
	}
	return n > 0;
}

static uint8_t
rate_postgresql(const struct nm_packet *pkt, struct wire w)
{
	struct wire head = w;

	if (*pkt->payload == 0)
		return rate_start(pkt, w);
	bool port = nm_is_port(pkt, PORT_POSTGRESQL);
	uint8_t letter = wire_u8(&head);
	uint32_t length = wire_u32(&head);
	/* the kinds of authentication are 0 to 12; their messages fill the segment or others follow that do */
	if (letter == 'R' && wire_u32(&head) <= 12 && length >= 8 && length < 256 &&
	    length + 1 <= pkt->wire_len && are_messages(w))
		return port || length + 1 == pkt->wire_len ? NM_CONF_SIGNATURE : NM_CONF_WEAK;
	return port && are_messages(w) ? NM_CONF_SIGNATURE : 0;
}

/* MS-TDS 2.2.6.5: options of number, offset and length; the first is the version, six octets. */
static bool
is_prelogin(struct wire w)
{
	uint8_t option = wire_u8(&w);
	uint16_t offset = wire_u16(&w);

	return option == 0 && offset >= 6 && offset < 256 && wire_u16(&w) == 6 && wire_ok(&w);
}

/* MS-TDS 2.2.6.4: length (low octet first), then the version 7.x, whose major number comes last. */
static bool
is_login(struct wire w, uint16_t length)
{
	uint16_t inner = wire_le16(&w);

	wire_skip(&w, 5);
	return inner == length - TDS_HEADER && wire_u8(&w) >> 4 == 7 && wire_ok(&w);
}

/* TDS before 7: host, user, password and process, each 30 octets, zeros behind what is used, and the length of that. */
static bool
is_old_login(struct wire w)
{
	unsigned used = 0;

	for (unsigned i = 0; i < 4; i++) {
		const uint8_t *text = wire_take(&w, 30);
		uint8_t len = wire_u8(&w);

		if (!wire_ok(&w) || len > 30)
			return false;
		for (unsigned at = 0; at < 30; at++)
			if ((at < len) != (text[at] != 0))
				return false;
		used += len;
	}
	return used > 0;
}

/* MS-TDS 2.2.3.1: type, status, length, channel, packet, window. */
static uint8_t
rate_mssql(const struct nm_packet *pkt, struct wire w)
{
	uint8_t type = wire_u8(&w);
	uint8_t status = wire_u8(&w);
	uint16_t length = wire_u16(&w);

	wire_skip(&w, 3);
	if (wire_u8(&w) != 0 || !wire_ok(&w) || status > 9 || length < TDS_HEADER)
		return 0;
	if (type == TDS_PRELOGIN && length == pkt->wire_len && is_prelogin(w))
		return NM_CONF_PROOF;
	if (type == TDS_LOGIN && is_login(w, length))
		return NM_CONF_PROOF;
	if (type == TDS_OLD_LOGIN && length == TDS_OLD_SIZE && is_old_login(w))
		return NM_CONF_PROOF;
	bool known = (type >= 1 && type <= TDS_REPLY) || type == 6 || type == 7 || type == 14 ||
	             type == TDS_LOGIN || type == TDS_PRELOGIN;
	return known && nm_is_port(pkt, PORT_MSSQL) && length <= pkt->wire_len ? NM_CONF_SIGNATURE
	                                                                       : 0;
}

/* TNS: length, checksum, type, flags, checksum of the head. A connect packet goes on with version and oldest version. */
static uint8_t
rate_oracle(const struct nm_packet *pkt, struct wire w)
{
	uint16_t length = wire_u16(&w);
	uint16_t checksum = wire_u16(&w);
	uint8_t type = wire_u8(&w);

	wire_skip(&w, 1);
	if (length > pkt->wire_len || length < TNS_HEADER || checksum != 0 || wire_u16(&w) != 0 ||
	    !wire_ok(&w))
		return 0;
	bool port = nm_is_port(pkt, PORT_ORACLE);
	if (type != 1)
		return port && type <= 15 && type > 0 && length == pkt->wire_len ? NM_CONF_SIGNATURE
		                                                                 : 0;
	uint16_t version = wire_u16(&w);
	uint16_t oldest = wire_u16(&w);
	if (version < 300 || version > 330 || oldest < 100 || oldest > version)
		return 0;
	return port || text_seek(&w, "(connect_data=") || text_seek(&w, "(description=")
	           ? NM_CONF_PROOF
	           : NM_CONF_WEAK;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_MYSQL, rate_mysql },
	{ NM_TCP, APP_POSTGRESQL, rate_postgresql },
	{ NM_TCP, APP_MSSQL, rate_mssql },
	{ NM_TCP, APP_ORACLE, rate_oracle },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(sql) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "sql",
	.summary = "MySQL, PostgreSQL, SQL Server and Oracle",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
