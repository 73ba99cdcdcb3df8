/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP, SDP, RTP and RTCP. */
#include "tests/support/module_fixture.h"

#include <stdio.h>

#define PHONES "10.0.0.1:5060 192.0.2.1:5060"
#define OTHER  "10.0.0.1:40000 192.0.2.1:9000"
#define MEDIA  "10.0.0.1:20000 192.0.2.1:30000"

static const struct sample samples[] = {
	SAMPLE("invitation", CLIENT,
	       "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n"),
	SAMPLE("registration", CLIENT, "REGISTER sip:example.com SIP/2.0\r\nVia: x\r\n\r\n"),
	SAMPLE("telephone number", CLIENT, "INVITE tel:+15551234 SIP/2.0\r\nVia: x\r\n\r\n"),
	SAMPLE("response", SERVER, "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP a\r\n\r\n"),
};

/* An RTP packet of payload type 0 with 4 octets of sound. */
static const char *
rtp(struct talk *t, bool from_client, uint8_t sequence)
{
	uint8_t packet[16] = { 0x80, 0, 0x12, sequence, 0, 0, sequence, 0, 0xde, 0xad, 0xbe, 0xef };

	return talk_send(t, from_client, packet, sizeof(packet));
}

/* A call's invitation with this SDP body. */
static void
invite(const char *sdp)
{
	char message[1024];
	struct talk t = talk_begin(h, NM_UDP, PHONES);
	int len = snprintf(message, sizeof(message),
	                   "INVITE sip:bob@example.com SIP/2.0\r\nContent-Type: application/sdp\r\n"
	                   "\r\nv=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\n%s",
	                   sdp);

	assert_string_equal(talk_send(&t, CLIENT, message, (size_t)len), "SIP");
}

/* What a conversation is called that shows one RTP packet, which by itself is not enough. */
static const char *
media(const char *ends)
{
	struct talk t = talk_begin(h, NM_UDP, ends);

	return rtp(&t, CLIENT, 1);
}

static void
each_message_is_recognised_on_any_port_and_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		harness_cut(h, NM_UDP, PHONES, &samples[i], "SIP");
		harness_cut(h, NM_TCP, OTHER, &samples[i], "SIP");
	}
}

static void
an_sdp_body_tags_rtp_and_rtcp(void **state)
{
	struct talk rtcp = talk_begin(h, NM_UDP, "192.0.2.1:30001 10.0.0.5:20001");

	(void)state;
	assert_string_equal(media("192.0.2.1:30000 10.0.0.5:20000"), "Unknown");
	invite("c=IN IP4 10.0.0.5\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\n");
	assert_string_equal(media("192.0.2.1:30000 10.0.0.5:20000"), "RTP");
	assert_string_equal(talk_say(&rtcp, CLIENT, "opaque"), "RTP");
}

/* A message in which a body seems to begin so often, and does begin behind that. */
static void
invite_behind(unsigned seeming, const char *sdp)
{
	char message[1024] = "INVITE sip:bob@example.com SIP/2.0\r\n";
	struct talk t = talk_begin(h, NM_UDP, PHONES);

	for (unsigned i = 0; i < seeming; i++)
		(void)strcat(message, "a: v=0;\r\n");
	(void)strcat(strcat(message, "\r\nv=0\r\n"), sdp);
	assert_string_equal(talk_send(&t, CLIENT, message, strlen(message)), "SIP");
}

static void
a_body_is_not_looked_for_everywhere(void **state)
{
	(void)state;
	invite_behind(3, "c=IN IP4 10.0.0.5\r\nm=audio 20000 RTP/AVP 0\r\n");
	assert_string_equal(media("192.0.2.1:30000 10.0.0.5:20000"), "RTP");
	invite_behind(60, "c=IN IP4 10.0.0.6\r\nm=audio 20000 RTP/AVP 0\r\n");
	assert_string_equal(media("192.0.2.1:30000 10.0.0.6:20000"), "Unknown");
}

/* Octets that keep the way through a firewall open, long after the last message. */
static void
who_answers_is_tagged(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, PHONES);
	struct talk later = talk_begin(h, NM_UDP, PHONES);

	(void)state;
	assert_string_equal(talk_say(&later, CLIENT, "\r\n\r\n"), "Unknown");
	assert_string_equal(talk_say(&t, SERVER, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n"),
	                    "SIP");
	later = talk_begin(h, NM_UDP, PHONES);
	assert_string_equal(talk_say(&later, CLIENT, "\r\n\r\n"), "SIP");
	assert_int_equal(later.state.confidence, NM_CONF_SERVICE);
}

static void
each_media_line_has_its_own_address_and_rtcp_port(void **state)
{
	struct talk rtcp = talk_begin(h, NM_UDP, "192.0.2.1:30001 10.0.0.7:20777");

	(void)state;
	invite("c=IN IP4 10.0.0.5\r\nm=audio 20100 RTP/AVP 0\r\nm=video 20200 RTP/SAVPF 96\r\n"
	       "c=IN IP4 10.0.0.7\r\na=rtcp:20777\r\nm=image 20300 udptl t38\r\n");
	assert_string_equal(media("192.0.2.1:30000 10.0.0.5:20100"), "RTP");
	assert_string_equal(media("192.0.2.1:30000 10.0.0.7:20200"), "RTP");
	assert_string_equal(talk_say(&rtcp, CLIENT, "opaque"), "RTP");
	assert_string_equal(media("192.0.2.1:30000 10.0.0.5:20300"), "Unknown");
}

static void
ipv6_media_is_tagged(void **state)
{
	(void)state;
	invite("c=IN IP6 2001:db8::7\r\nm=audio 20000 RTP/AVP 0\r\n");
	assert_string_equal(media("[2001:db8::1]:30000 [2001:db8::7]:20000"), "RTP");
	invite("c=IN IP6 ::1\r\nm=audio 20002 RTP/AVP 0\r\n");
	assert_string_equal(media("[2001:db8::1]:30000 [::1]:20002"), "RTP");
	invite("c=IN IP6 2001:db8:1:2:3:4:5:6\r\nm=audio 20004 RTP/AVP 0\r\n");
	assert_string_equal(media("[2001:db8::1]:30000 [2001:db8:1:2:3:4:5:6]:20004"), "RTP");
}

static void
held_calls_and_low_ports_are_not_tagged(void **state)
{
	struct classify_stats stats;

	(void)state;
	invite("c=IN IP4 0.0.0.0\r\nm=audio 20000 RTP/AVP 0\r\n");
	invite("c=IN IP4 10.0.0.5\r\nm=audio 53 RTP/AVP 0\r\n");
	invite("c=IN IP4 10.0.0.5\r\nm=audio 0 RTP/AVP 0\r\n");
	invite("c=IN IP6 2001:db8:::1\r\nm=audio 99999 RTP/AVP 0\r\n");
	classify_get_stats(h->classifier, &stats);
	assert_int_equal(stats.tags, 0);
}

static void
rtp_without_sip_takes_three_packets_that_follow_each_other(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, MEDIA);
	struct talk jumpy = talk_begin(h, NM_UDP, MEDIA);

	(void)state;
	(void)rtp(&t, CLIENT, 1);
	assert_string_equal(rtp(&t, CLIENT, 2), "Unknown");
	assert_string_equal(rtp(&t, CLIENT, 3), "RTP");
	(void)rtp(&jumpy, CLIENT, 1);
	(void)rtp(&jumpy, CLIENT, 90);
	(void)rtp(&jumpy, CLIENT, 20);
	assert_string_equal(rtp(&jumpy, CLIENT, 70), "Unknown");
}

/* Comfort noise and dialled digits have packet types of their own, and the numbers of the voice. */
static void
the_packet_type_may_change_within_a_stream(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, MEDIA);

	(void)state;
	(void)rtp(&t, CLIENT, 1);
	assert_string_equal(talk_say(&t, CLIENT, "\x80\x0d\x12\x02\0\0\1\0\xde\xad\xbe\xef\x40"),
	                    "Unknown");
	assert_string_equal(rtp(&t, CLIENT, 3), "RTP");
}

static void
rtp_on_tcp_stands_behind_its_lengths(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, MEDIA);
	struct talk longer = talk_begin(h, NM_TCP, MEDIA);
	uint8_t packet[] = {
		0, 16, 0x80, 0, 0x12, 1, 0, 0, 1, 0, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4
	};

	(void)state;
	for (; packet[5] < 3; packet[5]++)
		assert_string_equal(talk_send(&t, CLIENT, packet, sizeof(packet)), "Unknown");
	assert_string_equal(talk_send(&t, CLIENT, packet, sizeof(packet)), "RTP");
	packet[1] = 17;
	for (; packet[5] < 7; packet[5]++)
		assert_string_equal(talk_send(&longer, CLIENT, packet, sizeof(packet)), "Unknown");
}

/* A receiver's report whose head is in clear: 32 octets and 14 behind them, or a size that its count does not say. */
static void
secured_rtcp_is_recognised_by_the_head_that_is_left(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, MEDIA);
	struct talk wrong = talk_begin(h, NM_UDP, MEDIA);
	char report[46] = "\x81\xc9\0\7\xde\xad\xbe\xef sealed sealed sealed sealed sealed";

	(void)state;
	assert_string_equal(talk_send(&t, CLIENT, report, sizeof(report)), "RTP");
	assert_true(t.state.confidence < NM_CONF_SIGNATURE);
	assert_string_equal(talk_send(&t, CLIENT, report, sizeof(report)), "RTP");
	assert_int_equal(t.state.confidence, NM_CONF_SIGNATURE);
	report[3] = 8;
	assert_string_equal(talk_send(&wrong, CLIENT, report, sizeof(report)), "Unknown");
}

static void
rtcp_is_recognised_and_tags_the_rtp_port_below(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, "10.0.0.1:20001 192.0.2.1:30001");

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT,
	                             "\x80\xc9\0\1\xde\xad\xbe\xef\x81\xca\0\3\xde\xad\xbe\xef\1\5"
	                             "alice"
	                             "\0"),
	                    "RTP");
	assert_string_equal(media(MEDIA), "RTP");
}

static void
what_only_looks_like_sip_or_rtp_is_not(void **state)
{
	static const struct sample others[] = {
		SAMPLE("HTTP", CLIENT, "OPTIONS /a HTTP/1.1\r\nHost: x\r\n\r\n"),
		SAMPLE("RTSP", CLIENT, "OPTIONS rtsp://example.com RTSP/1.0\r\n\r\n"),
		SAMPLE("prose", CLIENT, "INVITE everybody to the party\r\n"),
		SAMPLE("status of nothing", SERVER, "SIP/2.0 999 no\r\n"),
		SAMPLE("version 2 bits alone", CLIENT, "\x80\0\0\1\0\0\0\1\0\0\0\1data"),
		SAMPLE("RTCP whose lengths do not add up", CLIENT, "\x80\xc9\0\7\xde\xad\xbe\xef"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_UDP, PHONES, &others[i]), "Unknown") != 0)
			fail_msg("%s", others[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_message_is_recognised_on_any_port_and_cut_anywhere),
		CASE(an_sdp_body_tags_rtp_and_rtcp),
		CASE(a_body_is_not_looked_for_everywhere),
		CASE(who_answers_is_tagged),
		CASE(each_media_line_has_its_own_address_and_rtcp_port),
		CASE(ipv6_media_is_tagged),
		CASE(held_calls_and_low_ports_are_not_tagged),
		CASE(rtp_without_sip_takes_three_packets_that_follow_each_other),
		CASE(the_packet_type_may_change_within_a_stream),
		CASE(rtp_on_tcp_stands_behind_its_lengths),
		CASE(secured_rtcp_is_recognised_by_the_head_that_is_left),
		CASE(rtcp_is_recognised_and_tags_the_rtp_port_below),
		CASE(what_only_looks_like_sip_or_rtp_is_not),
	};

	return cmocka_run_group_tests_name("sip", tests, NULL, NULL);
}
