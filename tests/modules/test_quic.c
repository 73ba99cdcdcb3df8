/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QUIC: its headers, its Initial packets, and hellos in pieces. */
#include "modules/quic/frames.h"
#include "tests/modules/quic_build.h"
#include "tests/support/module_cases.h"

#include <netmon/hello.h>

#define CHLO                                                                                \
	"CHLO\x02\x00\x00\x00PAD\x00\x04\x00\x00\x00SNI\x00\x0f\x00\x00\x00----www.example" \
	"trailing octets of the hello"
#define V1      1U
#define V2      0x6b3343cfU
#define HTTPS   "10.0.0.1:40000 192.0.2.1:443"
#define OTHER   "10.0.0.1:40000 192.0.2.1:9000"
#define FIRST   "\x83\x94\xc8\xf0\x3e\x51\x57\x08" /* the id of RFC 9001's samples */
#define SECOND  "sec0ndid"
#define RFC_END "\xe2\x21\xaf\x44\x86\x00\x18\xab\x08\x56\x97\x2e\x19\x4c\xd9\x34"

/* RFC 9001 appendix A.2: one CRYPTO frame, the rest is padding. */
static const char rfc_frames[] =
    "\x06\x00\x40\xf1\x01\x00\x00\xed\x03\x03\xeb\xf8\xfa\x56\xf1\x29\x39\xb9\x58\x4a\x38\x96\x47\x2e"
    "\xc4\x0b\xb8\x63\xcf\xd3\xe8\x68\x04\xfe\x3a\x47\xf0\x6a\x2b\x69\x48\x4c\x00\x00\x04\x13\x01\x13"
    "\x02\x01\x00\x00\xc0\x00\x00\x00\x10\x00\x0e\x00\x00\x0b\x65\x78\x61\x6d\x70\x6c\x65\x2e\x63\x6f"
    "\x6d\xff\x01\x00\x01\x00\x00\x0a\x00\x08\x00\x06\x00\x1d\x00\x17\x00\x18\x00\x10\x00\x07\x00\x05"
    "\x04\x61\x6c\x70\x6e\x00\x05\x00\x05\x01\x00\x00\x00\x00\x00\x33\x00\x26\x00\x24\x00\x1d\x00\x20"
    "\x93\x70\xb2\xc9\xca\xa4\x7f\xba\xba\xf4\x55\x9f\xed\xba\x75\x3d\xe1\x71\xfa\x71\xf5\x0f\x1c\xe1"
    "\x5d\x43\xe9\x94\xec\x74\xd7\x48\x00\x2b\x00\x03\x02\x03\x04\x00\x0d\x00\x10\x00\x0e\x04\x03\x05"
    "\x03\x06\x03\x02\x03\x08\x04\x08\x05\x08\x06\x00\x2d\x00\x02\x01\x01\x00\x1c\x00\x02\x40\x01\x00"
    "\x39\x00\x32\x04\x08\xff\xff\xff\xff\xff\xff\xff\xff\x05\x04\x80\x00\xff\xff\x07\x04\x80\x00\xff"
    "\xff\x08\x01\x10\x01\x04\x80\x00\x75\x30\x09\x01\x10\x0f\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08\x06"
    "\x04\x80\x00\xff\xff";

static struct harness *h;

static int
set_up(void **state)
{
	(void)state;
	h = harness_new(all_modules);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	harness_free(h);
	return 0;
}

/* --- keys and packets of the specifications --------------------------------------------------------------------- */

static void
keys_are_those_of_the_specifications(void **state)
{
	static const struct {
		uint32_t version;
		const char *key, *iv, *guard;
	} samples[] = {
		{ V1, "\x1f\x36\x96\x13\xdd\x76\xd5\x46\x77\x30\xef\xcb\xe3\xb1\xa2\x2d",
		  "\xfa\x04\x4b\x2f\x42\xa3\xfd\x3b\x46\xfb\x25\x5c",
		  "\x9f\x50\x44\x9e\x04\xa0\xe8\x10\x28\x3a\x1e\x99\x33\xad\xed\xd2" },
		{ V2, "\x8b\x1a\x0b\xc1\x21\x28\x42\x90\xa2\x9e\x09\x71\xb5\xcd\x04\x5d",
		  "\x91\xf7\x3e\x23\x51\xd8\xfa\x91\x66\x0e\x90\x9f",
		  "\x45\xb9\x5e\x15\x23\x5d\x6f\x45\xa6\xb1\x9c\xbc\xb0\x29\x4b\xa9" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct initial_keys keys;

		initial_derive(quic_version(samples[i].version), (const uint8_t *)FIRST, 8, &keys);
		assert_memory_equal(keys.key, samples[i].key, sizeof(keys.key));
		assert_memory_equal(keys.iv, samples[i].iv, sizeof(keys.iv));
		assert_memory_equal(keys.guard, samples[i].guard, sizeof(keys.guard));
	}
}

/* The tests' own builder is right: what it seals is what the specifications print, beginning and, as it is an
 * authentication tag, end. */
static void
packets_are_those_of_the_specifications(void **state)
{
	struct build frames = { 0 };
	struct build packet;

	(void)state;
	build_bytes(&frames, rfc_frames, sizeof(rfc_frames) - 1);
	build_initial(&packet, V1, FIRST, FIRST, &frames);
	assert_int_equal(packet.len, 1200);
	assert_memory_equal(packet.bytes,
	                    "\xc0\x00\x00\x00\x01\x08" FIRST "\x00\x00\x44\x9e\x7b\x9a\xec\x34\xd1"
	                    "\xb1\xc9\x8d\xd7\x68\x9f\xb8\xec\x11",
	                    32);
	assert_memory_equal(packet.bytes + 1184, RFC_END, 16);
	build_initial(&packet, V2, FIRST, FIRST, &frames);
	assert_memory_equal(packet.bytes,
	                    "\xd7\x6b\x33\x43\xcf\x08" FIRST "\x00\x00\x44\x9e\xa0\xc9\x5e\x82\xff"
	                    "\xe6\x7b\x6a\xbc\xdb\x42\x98\xb4\x85",
	                    32);
}

static void
the_hello_of_the_specification_is_read(void **state)
{
	struct pieces *pieces = calloc(1, sizeof(*pieces));
	struct build frames = { 0 };
	struct build packet;
	struct quic_packet p;
	uint8_t bytes[INITIAL_MAX];
	uint64_t handle;
	struct hello hello = { 0 };
	bool proof = false;

	(void)state;
	assert_non_null(pieces);
	build_bytes(&frames, rfc_frames, sizeof(rfc_frames) - 1);
	build_initial(&packet, V1, FIRST, FIRST, &frames);
	struct wire w = wire_init(packet.bytes, packet.len);
	assert_true(quic_read_packet(&w, 0, &p));
	assert_int_equal(wire_left(&w), 0);
	assert_int_equal(p.type, QUIC_INITIAL);
	struct piece *piece = pieces_begin(pieces, &handle);
	struct initial_keys keys;
	initial_derive(p.version, p.dcid, p.dcid_len, &keys);
	struct wire opened = initial_open(&p, &keys, bytes, &proof);
	assert_true(proof);
	assert_true(frames_read(opened, false, piece));
	assert_true(hello_read_message(piece_prefix(piece), HELLO_CLIENT, &hello));
	assert_true(hello.whole && hello.tls13 && !hello.ech);
	assert_int_equal(wire_left(&hello.name), strlen("example.com"));
	assert_memory_equal(hello.name.at, "example.com", strlen("example.com"));
	free(pieces);
}

/* --- connections ------------------------------------------------------------------------------------------------ */

static const char *
send_build(struct talk *t, bool from_client, const struct build *b)
{
	return talk_send(t, from_client, b->bytes, b->len);
}

/* A client's first packet with a hello in one frame. */
static void
first_packet(struct build *packet, uint32_t version, const char *alpn)
{
	struct build frames = { 0 };
	struct build hello;

	build_client_hello(&hello, &(struct hello_build){ .name = "www.example", .alpn = alpn });
	build_crypto(&frames, &hello, 0, hello.len);
	build_initial(packet, version, FIRST, FIRST, &frames);
}

static void
a_first_packet_is_proof_on_any_port_whatever_its_version(void **state)
{
	static const uint32_t numbers[] = { V1,         V2,         0xff000022, 0xff000021,
		                            0xff000020, 0xff00001d, 0xff00001c, 0xff00001b,
		                            0xff000016, 0x709a50c4, 0xfaceb002 };

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct talk t = talk_begin(h, NM_UDP, OTHER);
		struct build packet;

		first_packet(&packet, numbers[i], "h3");
		assert_string_equal(send_build(&t, CLIENT, &packet), "QUIC");
		assert_int_equal(t.state.confidence, NM_CONF_PROOF);
		assert_string_equal(talk_host(&t), "www.example");
		assert_int_equal(t.host_source, NM_NAME_CLIENT);
	}
}

static void
a_name_beside_an_encrypted_hello_is_the_outer_one(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, OTHER);
	struct build frames = { 0 };
	struct build hello;
	struct build packet;

	(void)state;
	build_client_hello(
	    &hello, &(struct hello_build){ .name = "shown.example", .alpn = "h3", .ech = true });
	build_crypto(&frames, &hello, 0, hello.len);
	build_initial(&packet, V1, FIRST, FIRST, &frames);
	assert_string_equal(send_build(&t, CLIENT, &packet), "QUIC");
	assert_string_equal(talk_host(&t), "shown.example");
	assert_int_equal(t.host_source, NM_NAME_OUTER);
}

static void
google_hellos_say_a_name(void **state)
{
	static const struct sample hellos[] = {
		SAMPLE("Q046", CLIENT,
		       "\xc3Q046\x50" SECOND "\x00\x00\x00\x01"
		       "hashhashhash\xa0\x01\x00\x40" CHLO),
		SAMPLE("Q043", CLIENT,
		       "\x09" SECOND "Q043\x01"
		       "hashhashhash\xa0\x01\x00\x40" CHLO),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(hellos); i++) {
		struct talk t = talk_begin(h, NM_UDP, HTTPS);

		(void)talk_send(&t, CLIENT, hellos[i].bytes, hellos[i].len);
		assert_string_equal(talk_host(&t), "www.example");
		assert_int_equal(t.state.confidence, NM_CONF_PROOF);
	}
}

static void
alpn_tells_what_is_carried(void **state)
{
	static const struct {
		const char *alpn, *app;
	} protocols[] = { { "h3", "QUIC" },           { "h3-29", "QUIC" },
		          { "doq", "DoQ" },           { "doq-i02", "DoQ" },
		          { "smb", "SMB over QUIC" }, { "hq-interop", "QUIC" },
		          { "something", "QUIC" },    { NULL, "QUIC" } };

	(void)state;
	for (size_t i = 0; i < COUNT(protocols); i++) {
		struct talk t = talk_begin(h, NM_UDP, OTHER);
		struct build packet;

		first_packet(&packet, V1, protocols[i].alpn);
		assert_string_equal(send_build(&t, CLIENT, &packet), protocols[i].app);
	}
}

static void
http_with_a_resolver_is_dns(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, HTTPS);
	struct build frames = { 0 };
	struct build hello;
	struct build packet;

	(void)state;
	build_client_hello(&hello, &(struct hello_build){ .name = "dns.google", .alpn = "h3" });
	build_crypto(&frames, &hello, 0, hello.len);
	build_initial(&packet, V1, FIRST, FIRST, &frames);
	assert_string_equal(send_build(&t, CLIENT, &packet), "DoH");
}

static void
a_packet_that_does_not_open_is_told_by_its_header(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, OTHER);
	struct build packet;

	(void)state;
	first_packet(&packet, V1, "doq");
	packet.bytes[700] ^= 1;
	assert_string_equal(send_build(&t, CLIENT, &packet), "QUIC");
	assert_int_equal(t.state.confidence, NM_CONF_SIGNATURE);
}

static void
a_first_packet_that_was_cut_by_the_capture_is_read_as_far_as_it_goes(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, OTHER);
	struct build packet;

	(void)state;
	first_packet(&packet, V1, "doq");
	t.packet.payload = packet.bytes;
	t.packet.payload_len = 400;
	t.packet.payload_wire_len = 1200;
	t.packet.ts_ns = h->now_ns;
	classify_packet(h->classifier, &t.packet, true, &t.state);
	assert_string_equal(talk_app(&t), "DoQ");
}

/* A hello of 1,900 octets whose name and ALPN come last, in frames that are out of order, over two packets. */
static void
shuffled_packets(struct build packets[2])
{
	struct build frames = { 0 };
	struct build hello;

	build_client_hello(&hello, &(struct hello_build){ .name = "www.example",
	                                                  .alpn = "doq",
	                                                  .padding = 1800,
	                                                  .tls13 = true,
	                                                  .name_last = true });
	build_u8(&frames, 1); /* PING */
	build_crypto(&frames, &hello, 1000, 300);
	build_u16(&frames, 0); /* PADDING */
	build_crypto(&frames, &hello, 100, 700);
	build_initial(&packets[0], V1, FIRST, FIRST, &frames);
	frames.len = 0;
	build_crypto(&frames, &hello, 1300, hello.len - 1300);
	build_crypto(&frames, &hello, 0, 100);
	build_bytes(&frames, "\x02\x01\x00\x00\x00", 5); /* ACK */
	build_crypto(&frames, &hello, 800, 200);
	build_initial(&packets[1], V1, FIRST, "srv", &frames);
}

static void
a_hello_in_pieces_is_put_together_in_any_order(void **state)
{
	struct build packets[2];

	(void)state;
	shuffled_packets(packets);
	struct talk t = talk_begin(h, NM_UDP, OTHER);
	assert_string_equal(send_build(&t, CLIENT, &packets[0]), "QUIC");
	assert_string_equal(talk_say(&t, SERVER, "\x41 something short of the server"), "QUIC");
	assert_string_equal(send_build(&t, CLIENT, &packets[1]), "DoQ");
	assert_string_equal(talk_host(&t), "www.example");
}

static void
a_piece_that_never_comes_is_not_waited_for_for_ever(void **state)
{
	struct build packets[2];

	(void)state;
	shuffled_packets(packets);
	struct talk t = talk_begin(h, NM_UDP, OTHER);
	(void)send_build(&t, CLIENT, &packets[0]);
	assert_true(t.state.flags & CLASSIFY_WATCHED);
	for (unsigned i = 0; i < 20; i++)
		(void)talk_say(&t, SERVER, "\x41 something short of the server");
	assert_false(t.state.flags & CLASSIFY_WATCHED);
	assert_string_equal(talk_app(&t), "QUIC");
}

static void
connections_that_wait_are_forgotten_when_there_are_too_many(void **state)
{
	struct build packets[2];

	(void)state;
	shuffled_packets(packets);
	struct talk first = talk_begin(h, NM_UDP, OTHER);
	(void)send_build(&first, CLIENT, &packets[0]);
	for (unsigned i = 0; i < PIECES_SLOTS; i++) {
		struct talk t = talk_begin(h, NM_UDP, OTHER);

		assert_string_equal(send_build(&t, CLIENT, &packets[0]), "QUIC");
	}
	assert_string_equal(send_build(&first, CLIENT, &packets[1]), "QUIC");
}

/* Invented packets have ids from which keys follow, too, but do not open with them. */
static void
packets_that_do_not_open_push_nobody_out_who_waits(void **state)
{
	struct build packets[2];

	(void)state;
	shuffled_packets(packets);
	struct talk first = talk_begin(h, NM_UDP, OTHER);
	(void)send_build(&first, CLIENT, &packets[0]);
	struct build damaged = packets[0];
	damaged.bytes[damaged.len - 1] ^= 1;
	for (unsigned i = 0; i < PIECES_SLOTS; i++) {
		struct talk t = talk_begin(h, NM_UDP, OTHER);

		(void)send_build(&t, CLIENT, &damaged);
	}
	(void)send_build(&first, CLIENT, &damaged);
	assert_string_equal(send_build(&first, CLIENT, &packets[1]), "DoQ");
	assert_string_equal(talk_host(&first), "www.example");
}

static void
no_more_packets_are_opened_in_a_second_than_cost_a_twentieth_of_it(void **state)
{
	struct build packet;

	(void)state;
	first_packet(&packet, V1, "doq");
	h->now_ns = UINT64_C(1700000001) * 1000000000U;
	for (unsigned i = 0; i < 20000; i++) {
		struct talk t = talk_begin(h, NM_UDP, OTHER);

		h->now_ns = UINT64_C(1700000001) * 1000000000U;
		(void)send_build(&t, CLIENT, &packet);
	}
	h->now_ns = UINT64_C(1700000001) * 1000000000U;
	struct talk late = talk_begin(h, NM_UDP, "10.0.0.1:40001 192.0.2.2:9000");
	assert_string_equal(send_build(&late, CLIENT, &packet), "QUIC");
	h->now_ns = UINT64_C(1700000002) * 1000000000U;
	struct talk next = talk_begin(h, NM_UDP, "10.0.0.1:40001 192.0.2.3:9000");
	assert_string_equal(send_build(&next, CLIENT, &packet), "DoQ");
}

static void
a_hello_is_read_again_after_retry(void **state)
{
	struct build frames = { 0 };
	struct build hello;
	struct build packet;
	struct build packets[2];

	(void)state;
	shuffled_packets(packets);
	struct talk t = talk_begin(h, NM_UDP, OTHER);
	(void)send_build(&t, CLIENT, &packets[0]);
	assert_string_equal(talk_say(&t, SERVER,
	                             "\xf0\x00\x00\x00\x01\x00\x08" SECOND
	                             "a token and its tag of sixteen octets"),
	                    "QUIC");
	build_client_hello(&hello, &(struct hello_build){ .name = "a.example", .alpn = "doq" });
	build_crypto(&frames, &hello, 0, hello.len);
	build_initial(&packet, V1, SECOND, SECOND, &frames);
	assert_string_equal(send_build(&t, CLIENT, &packet), "DoQ");
}

static void
a_hello_comes_behind_early_data_or_another_version(void **state)
{
	static const struct sample before[] = {
		SAMPLE("0-RTT", CLIENT,
		       "\xd1\x00\x00\x00\x01\x08" FIRST "\x00\x20"
		       "0123456789abcdef0123456789abcdef"),
		SAMPLE("negotiation", SERVER,
		       "\x8f\x00\x00\x00\x00\x00\x08" SECOND "\x00\x00\x00\x01\x1a\x2a\x3a\x4a"),
	};
	struct build packet;

	(void)state;
	first_packet(&packet, V1, "doq");
	for (size_t i = 0; i < COUNT(before); i++) {
		struct talk t = talk_begin(h, NM_UDP, OTHER);

		assert_string_equal(
		    talk_send(&t, before[i].from_client, before[i].bytes, before[i].len), "QUIC");
		assert_string_equal(send_build(&t, CLIENT, &packet), "DoQ");
	}
}

static void
a_version_to_be_refused_is_a_weak_sign(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, OTHER);
	struct build frames = { 0 };
	struct build packet = { 0 };

	(void)state;
	build_initial_header(&packet, 0x1a2a3a4a, FIRST, 1, 1160);
	(void)build_begin(&packet, (unsigned)(1200 - packet.len));
	(void)frames;
	assert_string_equal(send_build(&t, CLIENT, &packet), "QUIC");
	assert_int_equal(t.state.confidence, NM_CONF_WEAK);
}

static void
what_goes_to_a_server_that_was_met_is_known(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, OTHER);
	struct build packet;

	(void)state;
	first_packet(&packet, V1, "doq");
	(void)send_build(&t, CLIENT, &packet);
	struct talk later = talk_begin(h, NM_UDP, "10.0.0.7:41000 192.0.2.1:9000");
	assert_string_equal(talk_say(&later, CLIENT, "\x41short header"), "DoQ");
	assert_int_equal(later.state.confidence, NM_CONF_SERVICE);
	struct talk client = talk_begin(h, NM_UDP, "10.0.0.1:40000 192.0.2.9:7000");
	assert_string_equal(talk_say(&client, CLIENT, "\x41short header"), "Unknown");
}

/* --- the middle of a connection --------------------------------------------------------------------------------- */

#define REST "0123456789abcdef"

static void
short_headers_with_one_id_are_recognised_on_the_usual_port(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, HTTPS);

	(void)state;
	(void)talk_say(&t, CLIENT, "\x41" SECOND "\x55" REST);
	(void)talk_say(&t, SERVER, "\x5c\x12\x34\x56\x78\x9a\xbc\xde\xf0\x11" REST);
	assert_string_equal(talk_say(&t, CLIENT, "\x5f" SECOND "\x66" REST), "Unknown");
	assert_string_equal(talk_say(&t, CLIENT, "\x4a" SECOND "\x03" REST), "QUIC");
	assert_int_equal(t.state.confidence, NM_CONF_WEAK);
}

static void
short_headers_of_google_count(void **state)
{
	static const char *const firsts[] = { "\x0c", "\x08", "\x40" };

	(void)state;
	for (size_t i = 0; i < COUNT(firsts); i++) {
		struct talk t = talk_begin(h, NM_UDP, HTTPS);
		char packet[] = "?" SECOND "\x55" REST;

		packet[0] = *firsts[i];
		(void)talk_say(&t, CLIENT, packet);
		packet[9]++;
		assert_string_equal(talk_say(&t, CLIENT, packet), "QUIC");
	}
}

static void
what_only_stays_or_only_changes_is_not_taken_for_a_short_header(void **state)
{
	static const char *const talks[][5] = {
		/* nothing that is protected changes */
		{ "\x41" SECOND "\x55" REST, "\x41" SECOND "\x56" REST, "\x41" SECOND "\x57" REST,
		  "\x41" SECOND "\x58" REST, "\x41" SECOND "\x59" REST },
		/* no id */
		{ "\x41"
		  "ABCDEFGH\x55" REST,
		  "\x52" SECOND "\x56" REST, "\x43" REST "HIJKLMNO\x57", "\x44" SECOND "\x58" REST,
		  "\x45" REST "PQRSTUVW\x59" },
		/* a number that jumps */
		{ "\x0c" SECOND "\x05" REST, "\x0c" SECOND "\x56" REST, "\x0c" SECOND "\x21" REST,
		  "\x0c" SECOND "\x77" REST, "\x0c" SECOND "\x11" REST },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++) {
		struct talk t = talk_begin(h, NM_UDP, HTTPS);

		for (size_t j = 0; j < COUNT(talks[i]); j++)
			(void)talk_send(&t, CLIENT, talks[i][j], strlen(talks[i][j]));
		assert_string_equal(talk_app(&t), "Unknown");
	}
	struct talk t = talk_begin(h, NM_UDP, OTHER);
	(void)talk_say(&t, CLIENT, "\x41" SECOND "\x55" REST);
	(void)talk_say(&t, CLIENT, "\x5f" SECOND "\x66" REST);
	assert_string_equal(talk_say(&t, CLIENT, "\x4a" SECOND "\x03" REST), "Unknown");
}

/* --- other messages --------------------------------------------------------------------------------------------- */

static const struct module_case messages[] = {
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("Handshake", SERVER,
	         "\xe5\x00\x00\x00\x01\x00\x08" SECOND "\x20"
	         "0123456789abcdef0123456789abcdef") },
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("Retry", SERVER,
	         "\xf0\x00\x00\x00\x01\x00\x08" SECOND "a token and its tag of sixteen octets") },
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("negotiation", SERVER,
	         "\x8f\x00\x00\x00\x00\x00\x08" SECOND
	         "\x1a\x2a\x3a\x4a\x6b\x33\x43\xcf\x00\x00\x00\x01") },
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("Q046", CLIENT,
	         "\xc3Q046\x50" SECOND "\x00\x00\x00\x01"
	         "hashhashhash\xa0\x01\x00\x40" CHLO) },
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("Q050", CLIENT,
	         "\xc3Q050\x08" SECOND "\x00\x00\x40\x20"
	         "0123456789abcdef0123456789abcdef") },
};
static const struct module_case port_messages[] = {
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("Q043", CLIENT,
	         "\x09" SECOND "Q043\x01"
	         "hashhashhash\xa0\x01\x00\x40" CHLO) },
	{ CASE_UDP("80"), "QUIC",
	  SAMPLE("Q035", CLIENT,
	         "\x0d" SECOND "Q035\x01"
	         "hashhashhash\xa0\x01\x40\x00" CHLO) },
};

static const struct module_case look_alikes[] = {
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("unknown version", CLIENT,
	         "\xe5\x00\x00\x00\x07\x00\x08" SECOND "\x20"
	         "0123456789abcdef0123456789abcdef") },
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("length behind the end", CLIENT,
	         "\xe5\x00\x00\x00\x01\x00\x08" SECOND "\x21"
	         "0123456789abcdef0123456789abcdef") },
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("id of 21 octets", CLIENT,
	         "\xe5\x00\x00\x00\x01\x00\x15" SECOND SECOND "12345\x20"
	         "0123456789abcdef0123456789abcdef") },
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("negotiation of nothing known", SERVER,
	         "\x8f\x00\x00\x00\x00\x00\x08" SECOND "\x1a\x2a\x3a\x4a\x00\x00\x00\x09") },
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("a short one to be refused", CLIENT,
	         "\xc3\x1a\x2a\x3a\x4a\x08" SECOND "\x00\x00" REST) },
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("Q099", CLIENT,
	         "\x09" SECOND "Q099\x01"
	         "hashhashhash\xa0\x01\x00\x40" CHLO) },
	{ CASE_UDP("443"), "QUIC",
	  SAMPLE("RTP", CLIENT, "\x80\x00\x00\x01\x00\x00\x00\xa0" SECOND REST REST) },
	{ CASE_TCP("443"), "QUIC",
	  SAMPLE("on TCP", CLIENT,
	         "\xe5\x00\x00\x00\x01\x00\x08" SECOND "\x20"
	         "0123456789abcdef0123456789abcdef") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_those_of_the_specifications),
		cmocka_unit_test(packets_are_those_of_the_specifications),
		cmocka_unit_test(the_hello_of_the_specification_is_read),
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		CASE(a_first_packet_is_proof_on_any_port_whatever_its_version),
		CASE(a_name_beside_an_encrypted_hello_is_the_outer_one),
		CASE(google_hellos_say_a_name),
		CASE(alpn_tells_what_is_carried),
		CASE(http_with_a_resolver_is_dns),
		CASE(a_packet_that_does_not_open_is_told_by_its_header),
		CASE(a_first_packet_that_was_cut_by_the_capture_is_read_as_far_as_it_goes),
		CASE(a_hello_in_pieces_is_put_together_in_any_order),
		CASE(a_piece_that_never_comes_is_not_waited_for_for_ever),
		CASE(connections_that_wait_are_forgotten_when_there_are_too_many),
		CASE(packets_that_do_not_open_push_nobody_out_who_waits),
		CASE(no_more_packets_are_opened_in_a_second_than_cost_a_twentieth_of_it),
		CASE(a_hello_is_read_again_after_retry),
		CASE(a_hello_comes_behind_early_data_or_another_version),
		CASE(a_version_to_be_refused_is_a_weak_sign),
		CASE(what_goes_to_a_server_that_was_met_is_known),
		CASE(short_headers_with_one_id_are_recognised_on_the_usual_port),
		CASE(short_headers_of_google_count),
		CASE(what_only_stays_or_only_changes_is_not_taken_for_a_short_header),
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("quic", tests, NULL, NULL);
}
