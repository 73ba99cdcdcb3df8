/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS and HTTPS, and the names that hellos and certificates say. */
#include "tests/modules/hello_build.h"
#include "tests/support/module_fixture.h"

#define WEB    "10.0.0.1:40000 192.0.2.1:443"
#define OTHER  "10.0.0.1:40000 192.0.2.1:9000"
#define RANDOM "0123456789abcdef0123456789abcdef"

/* Hellos, written by hand: record header, handshake header, version, random, session id, suites, compression, extensions. */
static const struct sample client_hello =
    SAMPLE("ClientHello without ALPN", CLIENT,
           "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03" RANDOM "\x00\x00\x02\x13\x01\x01\x00");
static const struct sample client_hello_h2 =
    SAMPLE("ClientHello with ALPN", CLIENT,
           "\x16\x03\x01\x00\x3b\x01\x00\x00\x37\x03\x03" RANDOM "\x00\x00\x02\x13\x01\x01\x00"
           "\x00\x0c\x00\x10\x00\x05\x00\x03\x02h2\x00\x17\x00\x00");
static const struct sample server_hello =
    SAMPLE("ServerHello", SERVER,
           "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" RANDOM "\x00\x13\x01\x00");
static const struct sample sslv2_hello =
    SAMPLE("SSLv2 ClientHello", CLIENT,
           "\x80\x1f\x01\x03\x01\x00\x06\x00\x00\x00\x10\x00\x00\x04\x01\x00\x80"
           "0123456789abcdef");
static const struct sample two_records = SAMPLE(
    "two records", SERVER, "\x17\x03\x03\x00\x04\xde\xad\xbe\xef\x17\x03\x03\x00\x40\x01\x02\x03");
static const struct sample one_record =
    SAMPLE("the beginning of a record", SERVER, "\x17\x03\x03\x40\x00\x8f\x01\x22\x7a");

static void
a_hello_of_either_side_is_recognised_cut_anywhere(void **state)
{
	(void)state;
	harness_cut(h, NM_TCP, OTHER, &client_hello, "TLS");
	harness_cut(h, NM_TCP, OTHER, &server_hello, "TLS");
	harness_cut(h, NM_TCP, OTHER, &sslv2_hello, "TLS");
	harness_cut(h, NM_TCP, WEB, &client_hello, "HTTPS");
	harness_cut(h, NM_TCP, WEB, &server_hello, "HTTPS");
}

/* A session that STARTTLS took over is known by its server, when its beginning was not seen. */
static void
records_behind_a_server_of_another_protocol_are_left_to_its_tag(void **state)
{
	static const char ends[] = "10.0.0.1:40000 192.0.2.1:587";
	struct talk first = talk_begin(h, NM_TCP, ends);
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.1:40001 192.0.2.1:587");
	struct talk anew = talk_begin(h, NM_TCP, "10.0.0.1:40002 192.0.2.1:587");

	(void)state;
	assert_string_equal(talk_say(&first, SERVER, "220 mx.example ESMTP ready\r\n"), "SMTP");
	assert_string_equal(
	    talk_send(&later, two_records.from_client, two_records.bytes, two_records.len), "SMTP");
	assert_string_equal(
	    talk_send(&anew, client_hello.from_client, client_hello.bytes, client_hello.len),
	    "TLS");
}

static void
alpn_makes_it_https_on_any_port(void **state)
{
	(void)state;
	assert_string_equal(harness_one(h, NM_TCP, OTHER, &client_hello_h2), "HTTPS");
}

static void
mail_in_tls_is_told_by_its_port_or_alpn(void **state)
{
	static const struct {
		const char *ends;
		const char *app;
	} ports[] = {
		{ "10.0.0.1:40000 192.0.2.1:993", "IMAPS" },
		{ "10.0.0.1:40000 192.0.2.1:995", "POP3S" },
		{ "10.0.0.1:40000 192.0.2.1:465", "SMTPS" },
	};
	static const struct sample imap = SAMPLE(
	    "ClientHello with ALPN imap", CLIENT,
	    "\x16\x03\x01\x00\x3d\x01\x00\x00\x39\x03\x03" RANDOM "\x00\x00\x02\x13\x01\x01\x00"
	    "\x00\x0e\x00\x10\x00\x07\x00\x05\x04imap\x00\x17\x00\x00");

	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		harness_cut(h, NM_TCP, ports[i].ends, &client_hello, ports[i].app);
		harness_cut(h, NM_TCP, ports[i].ends, &two_records, ports[i].app);
		assert_string_equal(harness_one(h, NM_TCP, ports[i].ends, &client_hello_h2),
		                    "HTTPS");
	}
	assert_string_equal(harness_one(h, NM_TCP, OTHER, &imap), "IMAPS");
	assert_string_equal(harness_one(h, NM_TCP, WEB, &imap), "IMAPS");
}

static void
records_in_the_middle_of_a_connection_are_recognised(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	assert_string_equal(talk_send(&t, SERVER, two_records.bytes, two_records.len), "TLS");
	assert_true(t.state.confidence >= NM_CONF_SIGNATURE);
	t = talk_begin(h, NM_TCP, OTHER);
	assert_string_equal(talk_send(&t, SERVER, one_record.bytes, one_record.len), "TLS");
	assert_true(t.state.confidence < NM_CONF_SIGNATURE);
}

static void
a_hello_that_contradicts_itself_is_not_tls(void **state)
{
	static const struct sample others[] = {
		SAMPLE("port 443 alone", CLIENT, "\x01\x02\x03\x04\x05\x06\x07\x08"),
		SAMPLE("version 9", CLIENT, "\x16\x09\x01\x00\x2d\x01\x00\x00\x29\x03\x03" RANDOM),
		SAMPLE("record of no octets", CLIENT, "\x17\x03\x03\x00\x00"),
		SAMPLE("record too long", CLIENT, "\x17\x03\x03\xff\xff\x00\x00\x00"),
		SAMPLE("change of cipher of 7 octets", CLIENT, "\x14\x03\x03\x00\x07\x01\x01"),
		SAMPLE("second record wrong", CLIENT,
		       "\x17\x03\x03\x00\x04\xde\xad\xbe\xef\x47\x03\x03\x00\x40"),
		SAMPLE("SSLv2 lengths do not add up", CLIENT,
		       "\x80\x20\x01\x03\x01\x00\x06\x00\x00\x00\x10\x00\x00\x04\x01\x00\x80"
		       "0123456789abcdef"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_TCP, WEB, &others[i]), "Unknown") != 0)
			fail_msg("%s", others[i].name);
}

/* Octets that look like anything but records. */
static void
build_noise(struct build *b, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245U + 12345U;
		build_u8(b, seed >> 24 == 0x17 ? 0x18 : seed >> 24);
	}
}

/* A stretch of a long transfer: within a record, then whole ones, then one that goes on. */
static struct build
long_records(unsigned records, size_t len)
{
	struct build b = { 0 };

	build_noise(&b, 900, 1);
	for (unsigned i = 0; i < records; i++) {
		build_bytes(&b, "\x17\x03\x03", 3);
		build_u16(&b, (unsigned)len);
		build_noise(&b, len, 2 + i);
	}
	build_bytes(&b, "\x17\x03\x03\x40\x00", 5);
	build_noise(&b, 200, 99);
	return b;
}

static const char *
send_segments(struct talk *t, const struct build *b, size_t size)
{
	for (size_t at = 0; at < b->len; at += size)
		(void)talk_send(t, SERVER, b->bytes + at, b->len - at < size ? b->len - at : size);
	return talk_app(t);
}

static void
records_that_begin_within_segments_are_recognised_on_the_usual_ports(void **state)
{
	static const struct {
		unsigned records;
		size_t len;
	} transfers[] = { { 1, 6000 }, { 3, 700 }, { 2, 2500 } };

	(void)state;
	for (size_t i = 0; i < sizeof(transfers) / sizeof(transfers[0]); i++) {
		struct build b = long_records(transfers[i].records, transfers[i].len);
		struct talk t = talk_begin(h, NM_TCP, WEB);
		struct talk mail = talk_begin(h, NM_TCP, "10.0.0.1:40000 192.0.2.1:993");
		struct talk other = talk_begin(h, NM_TCP, OTHER);

		assert_string_equal(send_segments(&t, &b, 1400), "HTTPS");
		assert_string_equal(send_segments(&mail, &b, 1400), "IMAPS");
		assert_string_equal(send_segments(&other, &b, 1400), "Unknown");
	}
}

static void
another_transfer_from_a_server_of_which_one_was_recognised_is_known(void **state)
{
	struct build b = long_records(1, 6000);
	struct talk t = talk_begin(h, NM_TCP, WEB);

	(void)state;
	(void)send_segments(&t, &b, 1400);
	t = talk_begin(h, NM_TCP, "10.0.0.2:41000 192.0.2.1:443");
	(void)talk_send(&t, SERVER, b.bytes, 100);
	assert_string_equal(talk_app(&t), "HTTPS");
	assert_int_equal(t.state.confidence, NM_CONF_SERVICE);
}

static void
what_seems_to_begin_a_record_is_none_when_no_other_follows(void **state)
{
	struct build b = long_records(0, 0);
	struct talk t = talk_begin(h, NM_TCP, WEB);

	(void)state;
	build_noise(&b, 7000, 5);
	assert_string_equal(send_segments(&t, &b, 1400), "Unknown");
	b.len = 0;
	build_noise(&b, 8000, 6);
	t = talk_begin(h, NM_TCP, WEB);
	assert_string_equal(send_segments(&t, &b, 1400), "Unknown");
	/* a number that is not reached, then one that is, with a segment twice and a packet of the other side between */
	b = long_records(1, 6000);
	t = talk_begin(h, NM_TCP, WEB);
	(void)talk_send(&t, SERVER, b.bytes, 1400);
	t.seq[1] = 6800;
	(void)talk_send(&t, SERVER, b.bytes + 6700, 400);
	assert_string_equal(talk_app(&t), "Unknown");
	t = talk_begin(h, NM_TCP, WEB);
	(void)talk_send(&t, SERVER, b.bytes, 1400);
	(void)talk_send(&t, CLIENT, b.bytes + 100, 700);
	t.seq[1] = 0;
	(void)talk_send(&t, SERVER, b.bytes, 1400);
	t.seq[1] = 6700;
	(void)talk_send(&t, SERVER, b.bytes + 6700, 400);
	assert_string_equal(talk_app(&t), "HTTPS");
}

/* Each of many octets begins records one behind the other, and none of them leads anywhere. */
static void
what_only_seems_to_begin_records_is_not_followed_for_ever(void **state)
{
	struct build b = { 0 };
	struct build records = long_records(3, 700);
	struct talk t = talk_begin(h, NM_TCP, WEB);

	(void)state;
	build_noise(&b, 8, 1);
	for (unsigned i = 0; i < 100; i++)
		build_bytes(&b, "\x17\x03\x03\x00\x01x", 6);
	build_bytes(&b, "\x17\x03\x03\x00\x00", 5);
	build_bytes(&b, records.bytes, records.len);
	(void)talk_send(&t, SERVER, b.bytes, b.len);
	assert_string_equal(talk_app(&t), "Unknown");
	/* the next packet is looked at as ever */
	(void)talk_send(&t, SERVER, records.bytes, records.len);
	assert_string_equal(talk_app(&t), "HTTPS");
}

/* --- names ------------------------------------------------------------------------------------------------------ */

static const char *
send_part(struct talk *t, bool from_client, const struct build *b, size_t begin, size_t end)
{
	return talk_send(t, from_client, b->bytes + begin, end - begin);
}

static const char *
send_whole(struct talk *t, bool from_client, const struct build *b)
{
	return send_part(t, from_client, b, 0, b->len);
}

/* A ClientHello in one record. */
static struct build
hello_record(const struct hello_build *says)
{
	struct build message;
	struct build record = { 0 };

	build_client_hello(&message, says);
	build_record(&record, &message, 0, message.len);
	return record;
}

static void
the_name_that_a_client_asks_for_is_the_hosts(void **state)
{
	static const struct {
		struct hello_build says;
		const char *host;
		enum nm_name_source source;
	} hellos[] = {
		{ { .name = "www.example", .alpn = "h2" }, "www.example", NM_NAME_CLIENT },
		{ { .name = "WWW.Example", .padding = 300 }, "www.example", NM_NAME_CLIENT },
		{ { .name = "last.example", .alpn = "h2", .name_last = true },
		  "last.example",
		  NM_NAME_CLIENT },
		{ { .name = "shown.example", .ech = true }, "shown.example", NM_NAME_OUTER },
		{ { .name = "Cloudflare-ECH.com", .ech = true },
		  "cloudflare-ech.com",
		  NM_NAME_FRONT },
		{ { .name = "cloudflare-ech.com" }, "cloudflare-ech.com", NM_NAME_CLIENT },
		{ { .name = "10.1.2.3" }, "", NM_NAME_NONE },
		{ { .name = "a\nb.example" }, "", NM_NAME_NONE },
		{ { .name = "<b>.example" }, "", NM_NAME_NONE },
		{ { .alpn = "h2" }, "", NM_NAME_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hellos) / sizeof(hellos[0]); i++) {
		struct talk t = talk_begin(h, NM_TCP, WEB);
		struct build record = hello_record(&hellos[i].says);

		assert_string_equal(send_whole(&t, CLIENT, &record), "HTTPS");
		assert_string_equal(talk_host(&t), hellos[i].host);
		assert_int_equal(t.host_source, hellos[i].source);
	}
}

static void
what_dns_said_is_better_than_the_name_of_a_provider(void **state)
{
	static const char answer[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\4site\7example\0\0\1\0\1"
				     "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1";
	static const struct hello_build hidden = { .name = "cloudflare-ech.com", .ech = true };
	static const struct hello_build shown = { .name = "other.example", .ech = true };
	struct talk dns = talk_begin(h, NM_UDP, "10.0.0.1:40000 192.0.2.9:53");
	struct build record = hello_record(&hidden);

	(void)state;
	(void)talk_say(&dns, SERVER, answer);
	struct talk t = talk_begin(h, NM_TCP, WEB);
	(void)send_whole(&t, CLIENT, &record);
	assert_string_equal(talk_host(&t), "site.example");
	assert_int_equal(t.host_source, NM_NAME_DNS);
	record = hello_record(&shown);
	t = talk_begin(h, NM_TCP, WEB);
	(void)send_whole(&t, CLIENT, &record);
	assert_string_equal(talk_host(&t), "other.example");
}

static void
dns_in_tls_is_told_by_alpn_port_or_the_resolvers_name(void **state)
{
	static const struct {
		const char *ends;
		struct hello_build says;
		const char *app;
	} hellos[] = {
		{ "10.0.0.1:40000 192.0.2.1:853", { .name = "dns.example" }, "DoT" },
		{ OTHER, { .name = "dns.example", .alpn = "dot" }, "DoT" },
		{ WEB, { .name = "dns.google", .alpn = "h2" }, "DoH" },
		{ WEB, { .name = "a1b2c3.DNS.NextDNS.io", .alpn = "h2" }, "DoH" },
		{ WEB, { .name = "mozilla.cloudflare-dns.com" }, "DoH" },
		{ WEB, { .name = "notdns.google", .alpn = "h2" }, "HTTPS" },
		{ WEB, { .name = "google", .alpn = "h2" }, "HTTPS" },
		{ "10.0.0.1:40000 192.0.2.1:853", { .name = "dns.google" }, "DoT" },
		{ "10.0.0.1:40000 192.0.2.1:853", { .name = "dns.google", .alpn = "h2" }, "DoH" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hellos) / sizeof(hellos[0]); i++) {
		struct talk t = talk_begin(h, NM_TCP, hellos[i].ends);
		struct build record = hello_record(&hellos[i].says);

		if (strcmp(send_whole(&t, CLIENT, &record), hellos[i].app) != 0)
			fail_msg("%s: %s", hellos[i].says.name, talk_app(&t));
	}
}

/* A hello of 1,900 octets with everything that matters at its end. */
static const struct hello_build late = {
	.name = "www.example", .alpn = "dot", .padding = 1750, .name_last = true, .tls13 = true
};

static void
a_hello_that_is_split_anywhere_is_put_together(void **state)
{
	struct build record = hello_record(&late);

	(void)state;
	for (size_t cut = 12; cut < record.len; cut++) {
		struct talk t = talk_begin(h, NM_TCP, OTHER);

		(void)send_part(&t, CLIENT, &record, 0, cut);
		assert_string_equal(send_part(&t, CLIENT, &record, cut, record.len), "DoT");
		assert_string_equal(talk_host(&t), "www.example");
		assert_false(t.state.flags & CLASSIFY_WATCHED);
	}
}

/* Segments of 300 octets of a stream, in the order of their numbers. */
static void
send_numbered(struct talk *t, bool from_client, const struct build *b, const char *numbers)
{
	for (; *numbers; numbers++) {
		size_t at = (size_t)(*numbers - '0') * 300;

		if (at >= b->len)
			continue;
		t->seq[!from_client] = 0xffffff00U + (uint32_t)at;
		(void)send_part(t, from_client, b, at, at + 300 < b->len ? at + 300 : b->len);
	}
}

static void
segments_that_come_twice_or_out_of_order_are_put_together(void **state)
{
	static const char *const orders[] = { "0123456", "00112233445566", "0654321",
		                              "0010213243546", "012340123456" };
	struct build record = hello_record(&late);

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct talk t = talk_begin(h, NM_TCP, OTHER);

		send_numbered(&t, CLIENT, &record, orders[i]);
		assert_string_equal(talk_app(&t), "DoT");
		assert_string_equal(talk_host(&t), "www.example");
	}
}

static void
a_hello_in_several_records_is_put_together(void **state)
{
	struct build message;
	struct build records = { 0 };
	struct talk t = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	build_client_hello(&message, &late);
	build_record(&records, &message, 0, 700);
	build_record(&records, &message, 700, 1);
	build_record(&records, &message, 701, message.len - 701);
	(void)send_part(&t, CLIENT, &records, 0, 707);
	assert_string_equal(send_part(&t, CLIENT, &records, 707, records.len), "DoT");
	assert_string_equal(talk_host(&t), "www.example");
}

static void
a_hello_with_a_hole_has_no_name(void **state)
{
	struct build record = hello_record(&late);
	struct talk t = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	send_numbered(&t, CLIENT, &record, "0124567");
	for (unsigned i = 0; i < 20; i++)
		(void)talk_say(&t, CLIENT, "\x17\x03\x03\x00\x04\xde\xad\xbe\xef");
	assert_string_equal(talk_app(&t), "TLS");
	assert_string_equal(talk_host(&t), "");
	assert_false(t.state.flags & CLASSIFY_WATCHED);
}

static void
connections_that_wait_are_forgotten_when_there_are_too_many(void **state)
{
	struct build record = hello_record(&late);
	struct talk first = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	(void)send_part(&first, CLIENT, &record, 0, 600);
	for (unsigned i = 0; i < 128; i++) {
		struct talk t = talk_begin(h, NM_TCP, OTHER);

		(void)send_part(&t, CLIENT, &record, 0, 600);
	}
	assert_string_equal(send_part(&first, CLIENT, &record, 600, record.len), "TLS");
	assert_string_equal(talk_host(&first), "");
}

/* --- certificates ------------------------------------------------------------------------------------------------ */

/* A server's answer of version 1.2: two messages in two records. */
static struct build
answer(const char *common_name, const char *alternative, size_t key)
{
	struct build message;
	struct build records = { 0 };

	build_server_hello(&message, false);
	build_record(&records, &message, 0, message.len);
	message.len = 0;
	build_certificate(&message, common_name, alternative, key);
	build_record(&records, &message, 0, message.len);
	return records;
}

static void
a_client_that_names_no_server_is_told_by_the_certificate(void **state)
{
	static const struct {
		const char *common_name, *alternative;
		size_t key;
		const char *host;
	} certificates[] = {
		{ "www.example", NULL, 294, "www.example" },
		{ "Example CA", "mail.example", 294, "mail.example" },
		{ "one.example", "*.two.example", 294, "two.example" },
		{ "*.wild.example", NULL, 294, "wild.example" },
		{ "Example appliance", NULL, 294, "" },
		{ "big.example", "never-read.example", 5000, "big.example" },
	};
	struct build hello = hello_record(&(struct hello_build){ .alpn = "h2" });

	(void)state;
	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
		struct talk t = talk_begin(h, NM_TCP, WEB);
		struct build records = answer(certificates[i].common_name,
		                              certificates[i].alternative, certificates[i].key);

		(void)send_whole(&t, CLIENT, &hello);
		assert_string_equal(send_whole(&t, SERVER, &records), "HTTPS");
		assert_string_equal(talk_host(&t), certificates[i].host);
		assert_false(t.state.flags & CLASSIFY_WATCHED);
		if (*certificates[i].host)
			assert_int_equal(t.host_source, NM_NAME_CERTIFICATE);
	}
}

static void
a_certificate_that_is_split_anywhere_is_put_together(void **state)
{
	struct build hello = hello_record(&(struct hello_build){ .alpn = "h2" });
	struct build records = answer("one.example", "*.two.example", 294);

	(void)state;
	for (size_t cut = 1; cut < records.len; cut++) {
		struct talk t = talk_begin(h, NM_TCP, WEB);

		(void)send_whole(&t, CLIENT, &hello);
		(void)send_part(&t, SERVER, &records, 0, cut);
		(void)send_part(&t, SERVER, &records, cut, records.len);
		assert_string_equal(talk_host(&t), "two.example");
	}
}

static void
a_certificate_in_segments_out_of_order_is_put_together(void **state)
{
	static const char *const orders[] = { "0213", "02113", "01233" };
	struct build hello = hello_record(&(struct hello_build){ .alpn = "h2" });
	struct build records = answer("one.example", "*.two.example", 400);

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct talk t = talk_begin(h, NM_TCP, WEB);

		(void)send_whole(&t, CLIENT, &hello);
		send_numbered(&t, SERVER, &records, orders[i]);
		assert_string_equal(talk_host(&t), "two.example");
	}
}

static void
a_server_that_is_seen_alone_is_told_by_its_certificate(void **state)
{
	struct build records = answer("www.example", NULL, 294);
	struct talk t = talk_begin(h, NM_TCP, WEB);

	(void)state;
	assert_string_equal(send_part(&t, SERVER, &records, 0, 100), "HTTPS");
	(void)send_part(&t, SERVER, &records, 100, records.len);
	assert_string_equal(talk_host(&t), "www.example");
}

static void
the_certificate_of_a_server_that_the_client_named_is_not_read(void **state)
{
	struct build hello = hello_record(&(struct hello_build){ .name = "asked.example" });
	struct build records = answer("www.example", NULL, 294);
	struct talk t = talk_begin(h, NM_TCP, WEB);

	(void)state;
	(void)send_whole(&t, CLIENT, &hello);
	assert_false(t.state.flags & CLASSIFY_WATCHED);
	(void)send_whole(&t, SERVER, &records);
	assert_string_equal(talk_host(&t), "asked.example");
}

static void
version_1_3_shows_no_certificate(void **state)
{
	struct build hello = hello_record(&(struct hello_build){ .tls13 = true });
	struct build message;
	struct build record = { 0 };
	struct talk t = talk_begin(h, NM_TCP, WEB);

	(void)state;
	build_server_hello(&message, true);
	build_record(&record, &message, 0, message.len);
	(void)send_whole(&t, CLIENT, &hello);
	assert_true(t.state.flags & CLASSIFY_WATCHED);
	(void)send_whole(&t, SERVER, &record);
	assert_false(t.state.flags & CLASSIFY_WATCHED);
	assert_string_equal(talk_host(&t), "");
}

/* Whatever is cut or wrong within a certificate, nothing is read that is not there. */
static void
a_damaged_certificate_says_nothing_or_its_own(void **state)
{
	struct build hello = hello_record(&(struct hello_build){ .alpn = "h2" });
	struct build records = answer("one.example", "two.example", 40);

	(void)state;
	for (size_t at = 60; at < records.len; at++) {
		struct talk t = talk_begin(h, NM_TCP, WEB);
		struct build damaged = records;

		damaged.bytes[at] ^= 0xff;
		(void)send_whole(&t, CLIENT, &hello);
		(void)send_whole(&t, SERVER, &damaged);
		assert_string_equal(talk_app(&t), "HTTPS");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_hello_of_either_side_is_recognised_cut_anywhere),
		CASE(alpn_makes_it_https_on_any_port),
		CASE(mail_in_tls_is_told_by_its_port_or_alpn),
		CASE(records_in_the_middle_of_a_connection_are_recognised),
		CASE(records_behind_a_server_of_another_protocol_are_left_to_its_tag),
		CASE(a_hello_that_contradicts_itself_is_not_tls),
		CASE(records_that_begin_within_segments_are_recognised_on_the_usual_ports),
		CASE(another_transfer_from_a_server_of_which_one_was_recognised_is_known),
		CASE(what_seems_to_begin_a_record_is_none_when_no_other_follows),
		CASE(what_only_seems_to_begin_records_is_not_followed_for_ever),
		CASE(the_name_that_a_client_asks_for_is_the_hosts),
		CASE(what_dns_said_is_better_than_the_name_of_a_provider),
		CASE(dns_in_tls_is_told_by_alpn_port_or_the_resolvers_name),
		CASE(a_hello_that_is_split_anywhere_is_put_together),
		CASE(segments_that_come_twice_or_out_of_order_are_put_together),
		CASE(a_hello_in_several_records_is_put_together),
		CASE(a_hello_with_a_hole_has_no_name),
		CASE(connections_that_wait_are_forgotten_when_there_are_too_many),
		CASE(a_client_that_names_no_server_is_told_by_the_certificate),
		CASE(a_certificate_that_is_split_anywhere_is_put_together),
		CASE(a_certificate_in_segments_out_of_order_is_put_together),
		CASE(a_server_that_is_seen_alone_is_told_by_its_certificate),
		CASE(the_certificate_of_a_server_that_the_client_named_is_not_read),
		CASE(version_1_3_shows_no_certificate),
		CASE(a_damaged_certificate_says_nothing_or_its_own),
	};

	return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
