/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BitTorrent: peers, trackers, DHT, uTP, and whom they make known. */
#include "tests/support/module_fixture.h"

#define PEERS "10.0.0.1:40000 192.0.2.1:51413"
#define WEB   "10.0.0.1:40000 192.0.2.1:80"
#define HASH  "aaaaaaaaaaaaaaaaaaaa"
#define ID    "-TR2940-bbbbbbbbbbbb"

static const struct sample handshake = SAMPLE("handshake", CLIENT,
                                              "\x13"
                                              "BitTorrent protocol\0\0\0\0\0\x10\0\5" HASH ID);
static const struct sample tcp[] = {
	SAMPLE("block", SERVER, "\0\0\x40\x09\7\0\0\0\3\0\0\x40\0data"),
	SAMPLE("request of a block", CLIENT, "\0\0\0\x0d\6\0\0\0\3\0\0\x40\0\0\0\x40\0"),
	SAMPLE("extension handshake", CLIENT, "\0\0\0\x1a\x14\0d1:md11:ut_metadatai3eee"),
};
static const struct sample announce =
    SAMPLE("announce over HTTP", CLIENT,
           "GET /announce?info_hash=%aa%bb&peer_id=x&port=6881&left=0 HTTP/1.1\r\n\r\n");
static const struct sample udp[] = {
	SAMPLE("DHT query", CLIENT, "d1:ad2:id20:" HASH "e1:q4:ping1:t2:aa1:y1:qe"),
	SAMPLE("DHT answer", SERVER, "d1:rd2:id20:" HASH "e1:t2:aa1:y1:re"),
	SAMPLE("DHT answer with address", SERVER,
	       "d2:ip6:\x0a\0\0\1\x1a\xe1"
	       "1:rd2:id20:" HASH "e1:t2:aa1:y1:re"),
	SAMPLE("connect to a tracker", CLIENT, "\0\0\4\x17\x27\x10\x19\x80\0\0\0\0\1\2\3\4"),
	SAMPLE("local peer discovery", CLIENT,
	       "BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6882\r\n\r\n"),
};

/* What a new conversation is called that shows nothing by itself. */
static const char *
opaque(uint8_t transport, const char *ends)
{
	struct talk t = talk_begin(h, transport, ends);

	return talk_say(&t, CLIENT, "\xa7\x01\x99\xfe\x33\x42");
}

/* A message tags its ends, so each begins without tags. */
static void
each_first_message_is_recognised_cut_anywhere(void **state)
{
	(void)state;
	harness_cut(h, NM_TCP, PEERS, &handshake, "BitTorrent");
	for (size_t i = 0; i < sizeof(tcp) / sizeof(tcp[0]); i++) {
		(void)tear_down(state);
		(void)set_up(state);
		harness_cut(h, NM_TCP, PEERS, &tcp[i], "BitTorrent");
	}
	for (size_t i = 0; i < sizeof(udp) / sizeof(udp[0]); i++) {
		(void)tear_down(state);
		(void)set_up(state);
		harness_cut(h, NM_UDP, PEERS, &udp[i], "BitTorrent");
	}
}

static void
a_handshake_on_port_80_is_bittorrent_and_the_web_server_is_not_tagged(void **state)
{
	(void)state;
	assert_string_equal(harness_one(h, NM_TCP, WEB, &handshake), "BitTorrent");
	assert_string_equal(opaque(NM_TCP, "10.0.0.7:40000 192.0.2.1:80"), "Unknown");
}

static void
a_peer_that_answers_on_port_80_is_tagged(void **state)
{
	struct sample answer = handshake;

	(void)state;
	answer.from_client = SERVER;
	assert_string_equal(harness_one(h, NM_TCP, WEB, &answer), "BitTorrent");
	assert_string_equal(opaque(NM_TCP, "10.0.0.7:40000 192.0.2.1:80"), "BitTorrent");
}

static void
a_web_server_that_refuses_a_handshake_is_not_tagged(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, WEB);

	(void)state;
	(void)talk_send(&t, CLIENT, handshake.bytes, handshake.len);
	assert_string_equal(talk_say(&t, SERVER, "HTTP/1.1 400 Bad Request\r\n\r\n"), "BitTorrent");
	assert_string_equal(opaque(NM_TCP, "10.0.0.7:40000 192.0.2.1:80"), "Unknown");
}

static void
a_peer_that_answers_a_handshake_on_port_80_is_tagged_though_the_flow_was_settled(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, WEB);

	(void)state;
	(void)talk_send(&t, CLIENT, handshake.bytes, handshake.len);
	(void)talk_say(&t, CLIENT, "\0\0\0\1\2");
	(void)talk_send(&t, SERVER, handshake.bytes, handshake.len);
	assert_string_equal(opaque(NM_TCP, "10.0.0.7:40000 192.0.2.1:80"), "BitTorrent");
	assert_false(t.state.flags & CLASSIFY_WATCHED);
}

static void
both_ends_are_tagged_on_both_transports(void **state)
{
	(void)state;
	(void)harness_one(h, NM_TCP, PEERS, &handshake);
	assert_string_equal(opaque(NM_TCP, "10.0.0.7:40000 192.0.2.1:51413"), "BitTorrent");
	assert_string_equal(opaque(NM_UDP, "10.0.0.7:40000 192.0.2.1:51413"), "BitTorrent");
	assert_string_equal(opaque(NM_UDP, "198.51.100.3:6881 10.0.0.1:40000"), "BitTorrent");
	assert_string_equal(opaque(NM_UDP, "10.0.0.1:40000 198.51.100.3:6881"), "BitTorrent");
	assert_string_equal(opaque(NM_UDP, "10.0.0.2:40000 198.51.100.3:6881"), "Unknown");
}

static void
an_announce_over_http_is_bittorrent_and_tags_the_clients_port(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, WEB);

	(void)state;
	assert_string_equal(talk_send(&t, CLIENT, announce.bytes, announce.len), "BitTorrent");
	assert_string_equal(talk_say(&t, SERVER,
	                             "HTTP/1.0 200 OK\r\n\r\nd8:intervali60e5:peers12:"
	                             "\xc6\x33\x64\7\x1a\xe1\xc6\x33\x64\x08\0\x50"
	                             "e"),
	                    "BitTorrent");
	assert_string_equal(opaque(NM_UDP, "198.51.100.9:4000 10.0.0.1:6881"), "BitTorrent");
	assert_string_equal(opaque(NM_TCP, "10.0.0.1:4001 198.51.100.7:6881"), "BitTorrent");
	/* port 80 of somebody is not believed, nor is the tracker a peer */
	assert_string_equal(opaque(NM_TCP, "10.0.0.1:4002 198.51.100.8:80"), "Unknown");
	assert_string_equal(opaque(NM_TCP, "10.0.0.9:4003 192.0.2.1:80"), "Unknown");
}

static void
a_trackers_answer_alone_is_enough(void **state)
{
	static const struct sample answer =
	    SAMPLE("answer", SERVER,
	           "HTTP/1.1 200 OK\r\nA: b\r\n\r\nd8:completei1e10:incompletei0e8:intervali1800e5:"
	           "peers0:e");
	static const struct sample page =
	    SAMPLE("page", SERVER, "HTTP/1.1 200 OK\r\nA: b\r\n\r\nd8:something else");

	(void)state;
	assert_string_equal(harness_one(h, NM_TCP, WEB, &answer), "BitTorrent");
	assert_string_equal(harness_one(h, NM_TCP, WEB, &page), "HTTP");
}

static void
peers_of_a_udp_tracker_are_tagged_when_the_answer_fits_the_request(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, "10.0.0.1:40000 192.0.2.1:6969");
	static const char request[] = "\1\2\3\4\5\6\7\x08\0\0\0\1\xaa\xbb\xcc\xdd" HASH ID
				      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				      "\0\0\0\2\0\0\0\0\1\2\3\4\xff\xff\xff\xff\x1a\xe2";

	(void)state;
	(void)talk_send(&t, CLIENT, udp[3].bytes, udp[3].len);
	(void)talk_say(&t, SERVER, "\0\0\0\0\1\2\3\4\1\2\3\4\5\6\7\x08");
	assert_string_equal(talk_send(&t, CLIENT, request, sizeof(request) - 1), "BitTorrent");
	(void)talk_say(&t, SERVER,
	               "\0\0\0\1\1\1\1\1\0\0\7\x08\0\0\0\1\0\0\0\1\xc6\x33\x64\x14\x1a\xe1");
	assert_string_equal(opaque(NM_TCP, "10.0.0.1:4001 198.51.100.20:6881"), "Unknown");
	(void)talk_say(
	    &t, SERVER,
	    "\0\0\0\1\xaa\xbb\xcc\xdd\0\0\7\x08\0\0\0\1\0\0\0\1\xc6\x33\x64\x14\x1a\xe1");
	assert_string_equal(opaque(NM_TCP, "10.0.0.1:4002 198.51.100.20:6881"), "BitTorrent");
	assert_string_equal(opaque(NM_TCP, "192.0.2.77:4002 10.0.0.1:6882"), "BitTorrent");
}

static void
utp_is_recognised_by_headers_that_fit(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, PEERS);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\x41\0\x12\x34\0\1\2\3\0\0\0\0\0\4\0\0\0\1\0\0"),
	                    "Unknown");
	assert_string_equal(
	    talk_say(&t, SERVER, "\x21\0\x12\x34\0\1\2\4\0\0\0\1\0\4\0\0\x55\x55\0\1"),
	    "BitTorrent");
}

static void
utp_without_its_beginning_takes_three_packets(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, PEERS);

	(void)state;
	(void)talk_say(&t, CLIENT, "\1\0\x12\x35\0\1\2\3\0\0\0\1\0\4\0\0\0\x10\0\1data");
	(void)talk_say(&t, CLIENT, "\1\0\x12\x35\0\1\2\4\0\0\0\1\0\4\0\0\0\x11\0\1data");
	assert_string_equal(talk_app(&t), "Unknown");
	(void)talk_say(&t, CLIENT, "\1\0\x12\x35\0\1\2\5\0\0\0\1\0\4\0\0\0\x12\0\1data");
	assert_string_equal(talk_app(&t), "BitTorrent");
}

static void
http_to_a_tagged_endpoint_is_http_and_removes_the_tag(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, "10.0.0.8:40000 192.0.2.1:51413");

	(void)state;
	(void)harness_one(h, NM_TCP, PEERS, &handshake);
	assert_string_equal(talk_send(&t, CLIENT, NULL, 0), "BitTorrent");
	assert_string_equal(talk_say(&t, CLIENT, "GET / HTTP/1.1\r\n\r\n"), "HTTP");
	assert_string_equal(opaque(NM_TCP, "10.0.0.9:40000 192.0.2.1:51413"), "Unknown");
}

static void
what_only_looks_like_bittorrent_is_not(void **state)
{
	static const struct sample others[] = {
		SAMPLE("another protocol of that length", CLIENT,
		       "\x13"
		       "BitTorrent-protocol"),
		SAMPLE("size of a block at no multiple", SERVER,
		       "\0\0\x40\x09\7\0\0\0\3\0\0\x41\0data"),
		SAMPLE("a page that has the word", CLIENT, "GET /a?x=info_hash= HTTP/1.1\r\n\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_TCP, PEERS, &others[i]), "BitTorrent") == 0)
			fail_msg("%s", others[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_first_message_is_recognised_cut_anywhere,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_handshake_on_port_80_is_bittorrent_and_the_web_server_is_not_tagged, set_up,
		    tear_down),
		CASE(a_peer_that_answers_on_port_80_is_tagged),
		cmocka_unit_test_setup_teardown(a_web_server_that_refuses_a_handshake_is_not_tagged,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_peer_that_answers_a_handshake_on_port_80_is_tagged_though_the_flow_was_settled,
		    set_up, tear_down),
		CASE(both_ends_are_tagged_on_both_transports),
		cmocka_unit_test_setup_teardown(
		    an_announce_over_http_is_bittorrent_and_tags_the_clients_port, set_up,
		    tear_down),
		CASE(a_trackers_answer_alone_is_enough),
		cmocka_unit_test_setup_teardown(
		    peers_of_a_udp_tracker_are_tagged_when_the_answer_fits_the_request, set_up,
		    tear_down),
		CASE(utp_is_recognised_by_headers_that_fit),
		cmocka_unit_test_setup_teardown(utp_without_its_beginning_takes_three_packets,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    http_to_a_tagged_endpoint_is_http_and_removes_the_tag, set_up, tear_down),
		CASE(what_only_looks_like_bittorrent_is_not),
	};

	return cmocka_run_group_tests_name("bittorrent", tests, NULL, NULL);
}
