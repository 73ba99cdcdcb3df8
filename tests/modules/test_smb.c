/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMB and NetBIOS. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define SMB CASE_TCP("445"), "SMB"

#define NAME                               \
	"\x20"                             \
	"EJFDEKEJFDEKEJFDEKEJFDEKEJFDEKAA" \
	"\x00"
#define NAMES   "10.0.0.1:137 10.0.0.255:137"
#define GRAMS   "10.0.0.1:138 10.0.0.255:138"
#define SESSION "10.0.0.1:40000 192.0.2.1:139"

static const struct sample samples[] = {
	SAMPLE("SMB1 negotiation", CLIENT, "\x00\x00\x00\x54\xffSMB\x72\x00\x00\x00\x00\x18"),
	SAMPLE("SMB2 answer", SERVER, "\x00\x00\x00\x54\xfeSMB\x40\x00\x01\x00\x00\x00\x00\x00"),
	SAMPLE("encrypted", CLIENT, "\x00\x00\x01\x54\xfdSMB\x8a\x01\x51\x10\x93\x18"),
	SAMPLE("message whose header came alone", CLIENT,
	       "\xfeSMB\x40\x00\x01\x00\x00\x00\x00\x00"),
};

static const struct sample look_alikes[] = {
	SAMPLE("another protocol id", CLIENT, "\x00\x00\x00\x54\xf0SMB\x40\x00\x01\x00"),
	SAMPLE("port 445 alone", CLIENT, "\x00\x00\x00\x54hello world"),
};

static const struct sample query =
    SAMPLE("name query", CLIENT,
           "\x12\x34\x01\x10\x00\x01\x00\x00\x00\x00\x00\x00" NAME "\x00\x20\x00\x01");
static const struct sample registration =
    SAMPLE("registration", CLIENT,
           "\x12\x34\x29\x10\x00\x01\x00\x00\x00\x00\x00\x01" NAME "\x00\x20\x00\x01\xc0\x0c");
static const struct sample datagram = SAMPLE(
    "datagram", CLIENT, "\x11\x02\x12\x34\x0a\x00\x00\x01\x00\x8a\x00\x60\x00\x00" NAME NAME);

static void
names_and_datagrams_are_netbios(void **state)
{
	(void)state;
	harness_cut(h, NM_UDP, NAMES, &query, "NetBIOS");
	harness_cut(h, NM_UDP, NAMES, &registration, "NetBIOS");
	harness_cut(h, NM_UDP, GRAMS, &datagram, "NetBIOS");
}

static void
what_is_no_netbios_packet_is_unknown(void **state)
{
	static const struct sample others[] = {
		SAMPLE("DNS query", CLIENT,
		       "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07"
		       "example\x00\x00\x01\x00\x01"),
		SAMPLE("text", CLIENT, "hello world, this is no NetBIOS at all, not even nearly"),
		SAMPLE("type 0x30", CLIENT,
		       "\x30\x02\x12\x34\x0a\x00\x00\x01\x00\x8a\x00\x60\x00\x00" NAME NAME),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_string_not_equal(harness_one(h, NM_UDP, NAMES, &others[i]), "NetBIOS");
		assert_string_not_equal(harness_one(h, NM_UDP, GRAMS, &others[i]), "NetBIOS");
	}
}

static void
a_session_is_netbios_until_smb_is_seen(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, SESSION);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\x81\x00\x00\x44" NAME NAME), "NetBIOS");
	assert_string_equal(talk_say(&t, SERVER, "\x82\x00\x00\x00"), "NetBIOS");
	assert_string_equal(talk_say(&t, CLIENT, "\x00\x00\x00\x54"), "NetBIOS");
	assert_string_equal(talk_send(&t, CLIENT, samples[3].bytes, samples[3].len), "SMB");
}

static void
a_transfer_that_is_joined_is_known_by_its_server(void **state)
{
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.9:40001 192.0.2.1:445");

	(void)state;
	(void)harness_one(h, NM_TCP, USUAL("445"), &samples[0]);
	assert_string_equal(talk_say(&later, CLIENT, "\x91\x22\x13"), "SMB");
	assert_true(later.state.confidence < NM_CONF_TAG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, SMB)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, SMB)),
		CASE(names_and_datagrams_are_netbios),
		CASE(what_is_no_netbios_packet_is_unknown),
		CASE(a_session_is_netbios_until_smb_is_seen),
		CASE(a_transfer_that_is_joined_is_known_by_its_server),
	};

	return cmocka_run_group_tests_name("smb", tests, NULL, NULL);
}
