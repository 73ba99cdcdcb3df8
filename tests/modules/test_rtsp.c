/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTSP and the RTP that it sets up. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define RTSP CASE_TCP("554"), "RTSP"

static const struct sample samples[] = {
	SAMPLE("options", CLIENT, "OPTIONS rtsp://192.0.2.1/a RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
	SAMPLE("set up", CLIENT, "SETUP rtsp://192.0.2.1/a/track1 RTSP/1.0\r\nCSeq: 3\r\n\r\n"),
	SAMPLE("any target", CLIENT, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
	SAMPLE("version 2", CLIENT, "PLAY rtsps://192.0.2.1/a RTSP/2.0\r\n\r\n"),
	SAMPLE("answer", SERVER, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"),
	SAMPLE(
	    "interleaved frames", SERVER,
	    "$\x00\x00\x0c\x80\x60\x00\x01\x00\x00\x00\x01\x00\x00\x00\x07$\x01\x00\x08\x80\xc8\x00\x01\x00\x00\x00\x07"),
};

static const struct sample look_alikes[] = {
	SAMPLE("HTTP", CLIENT, "OPTIONS / HTTP/1.1\r\n\r\n"),
	SAMPLE("SIP", CLIENT, "OPTIONS sip:a@example.com SIP/2.0\r\n\r\n"),
	SAMPLE("no status", SERVER, "RTSP/1.0 OK then\r\n\r\n"),
	SAMPLE("no RTP", SERVER, "$\x00\x00\x0c hello world, how are you"),
	SAMPLE("text with a dollar", CLIENT, "$ ls -l /home/joe\r\n"),
	SAMPLE("port 554 alone", CLIENT, "hello world"),
};

#define SETUP_ANSWER(ports)                                                      \
	"RTSP/1.0 200 OK\r\nCSeq: 3\r\nTransport: RTP/AVP;unicast;" ports "\r\n" \
	"Session: 1\r\n\r\n"

static void
the_transport_header_of_an_answer_tags_its_rtp(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, USUAL("554"));
	struct talk media = talk_begin(h, NM_UDP, "192.0.2.1:6970 10.0.0.1:50000");
	struct talk control = talk_begin(h, NM_UDP, "10.0.0.1:50001 198.51.100.9:7777");
	struct talk other = talk_begin(h, NM_UDP, "10.0.0.2:50000 198.51.100.9:7777");

	(void)state;
	(void)talk_say(&t, SERVER, SETUP_ANSWER("client_port=50000-50001;server_port=6970-6971"));
	assert_string_equal(talk_say(&media, CLIENT, "\x12\x34"), "RTP");
	assert_string_equal(talk_say(&control, CLIENT, "\x12\x34"), "RTP");
	assert_string_equal(talk_say(&other, CLIENT, "\x12\x34"), "Unknown");
}

static void
a_third_party_is_not_tagged(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, USUAL("554"));
	struct talk third = talk_begin(h, NM_UDP, "10.0.0.1:51000 198.51.100.9:6970");
	struct talk low = talk_begin(h, NM_UDP, "192.0.2.1:53 10.0.0.1:51001");

	(void)state;
	(void)talk_say(&t, SERVER,
	               SETUP_ANSWER("source=198.51.100.9;client_port=50000;server_port=53-53"));
	assert_string_equal(talk_say(&third, CLIENT, "\x12\x34"), "Unknown");
	assert_string_equal(talk_say(&low, CLIENT, "\x12\x34"), "Unknown");
}

static void
a_connection_stays_rtsp_and_goes_on_telling(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);
	struct talk media = talk_begin(h, NM_UDP, "192.0.2.1:6970 10.0.0.1:50000");

	(void)state;
	(void)talk_send(&t, CLIENT, samples[0].bytes, samples[0].len);
	assert_string_equal(talk_say(&t, SERVER, "\x80\x01"), "RTSP");
	assert_string_equal(talk_say(&t, SERVER, SETUP_ANSWER("client_port=50000")), "RTSP");
	assert_string_equal(talk_say(&media, CLIENT, "\x12\x34"), "RTP");
}

static void
a_connection_is_joined_at_a_frame(void **state)
{
	static const struct sample frame = SAMPLE(
	    "frame", SERVER, "$\x00\x05\x0c\x80\x60\x00\x01\x00\x00\x00\x01\x00\x00\x00\x07");

	(void)state;
	assert_string_equal(harness_one(h, NM_TCP, USUAL("554"), &frame), "RTSP");
	assert_string_equal(harness_one(h, NM_TCP, ANYWHERE, &frame), "Unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, RTSP)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, RTSP)),
		CASE(the_transport_header_of_an_answer_tags_its_rtp),
		CASE(a_connection_is_joined_at_a_frame),
		CASE(a_third_party_is_not_tagged),
		CASE(a_connection_stays_rtsp_and_goes_on_telling),
	};

	return cmocka_run_group_tests_name("rtsp", tests, NULL, NULL);
}
