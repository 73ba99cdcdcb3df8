/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FTP: control connections, and the data connections that they announce. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define FTPD  "10.0.0.1:40000 192.0.2.1:21"
#define FTP   NM_TCP, FTPD, "FTP"
#define FTPD6 "[2001:db8::1]:40000 [2001:db8::2]:21"

static const struct sample samples[] = {
	SAMPLE("greeting", SERVER, "220 (vsFTPd 3.0.3)\r\n"),
	SAMPLE("password wanted", SERVER, "331 Please specify the password.\r\n"),
	SAMPLE("passive", CLIENT, "PASV\r\n"),
	SAMPLE("extended passive", CLIENT, "epsv\r\n"),
	SAMPLE("active", CLIENT, "PORT 10,0,0,1,156,65\r\n"),
	SAMPLE("extended active", CLIENT, "EPRT |2|2001:db8::1|40001|\r\n"),
	SAMPLE("passive mode", SERVER, "227 Entering Passive Mode (192,0,2,1,195,80)\r\n"),
	SAMPLE("system", SERVER, "215 UNIX Type: L8\r\n"),
	SAMPLE("done", SERVER, "226 Transfer complete.\r\n"),
};

/* The name of a connection that has sent nothing yet. */
static const char *
syn(const char *ends)
{
	struct talk t = talk_begin(h, NM_TCP, ends);

	return talk_send(&t, CLIENT, NULL, 0);
}

/* A control connection that has got as far as the login, then `line`. */
static void
control(const char *ends, bool from_client, const char *line)
{
	struct talk t = talk_begin(h, NM_TCP, ends);

	(void)talk_say(&t, SERVER, "220 FTP server ready\r\n");
	(void)talk_say(&t, CLIENT, "USER anonymous\r\n");
	(void)talk_say(&t, SERVER, "331 Password\r\n");
	(void)talk_send(&t, from_client, line, strlen(line));
	assert_string_equal(talk_app(&t), "FTP");
}

static void
the_server_that_227_names_is_tagged(void **state)
{
	(void)state;
	control(FTPD, SERVER, "227 Entering Passive Mode (192,0,2,1,195,81).\r\n");
	assert_string_equal(syn("10.0.0.1:40002 192.0.2.1:50001"), "FTP-data");
	control(FTPD, SERVER, "227 Passive =192,0,2,1,195,82\r\n");
	assert_string_equal(syn("10.0.0.1:40003 192.0.2.1:50002"), "FTP-data");
}

static void
the_port_that_229_names_is_tagged_at_the_servers_address(void **state)
{
	(void)state;
	control(FTPD6, SERVER, "229 Entering Extended Passive Mode (|||50003|)\r\n");
	assert_string_equal(syn("[2001:db8::1]:40004 [2001:db8::2]:50003"), "FTP-data");
}

static void
the_client_that_port_and_eprt_name_is_tagged(void **state)
{
	(void)state;
	control(FTPD, CLIENT, "PORT 10,0,0,1,195,84\r\n");
	assert_string_equal(syn("192.0.2.1:20 10.0.0.1:50004"), "FTP-data");
	control(FTPD6, CLIENT, "EPRT |2|2001:db8::1|50005|\r\n");
	assert_string_equal(syn("[2001:db8::2]:20 [2001:db8::1]:50005"), "FTP-data");
}

static void
a_third_partys_address_is_never_tagged(void **state)
{
	(void)state;
	control(FTPD, CLIENT, "PORT 198,51,100,7,0,80\r\n");
	assert_string_equal(syn("192.0.2.9:3000 198.51.100.7:80"), "Unknown");
	control(FTPD, SERVER, "227 Entering Passive Mode (172,16,0,9,195,86)\r\n");
	assert_string_equal(syn("10.0.0.1:40005 192.0.2.1:50006"), "FTP-data");
	assert_string_equal(syn("10.0.0.1:40005 172.16.0.9:50006"), "Unknown");
}

static void
a_tag_is_gone_after_its_time(void **state)
{
	(void)state;
	control(FTPD, SERVER, "229 Entering Extended Passive Mode (|||50007|)\r\n");
	h->now_ns += UINT64_C(121) * 1000000000U;
	assert_string_equal(syn("10.0.0.1:40006 192.0.2.1:50007"), "Unknown");
}

static void
a_control_connection_is_watched_to_its_end(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, FTPD);

	(void)state;
	(void)talk_say(&t, SERVER, "220 FTP server ready\r\n");
	for (unsigned i = 0; i < 300; i++)
		(void)talk_say(&t, CLIENT, "NOOP\r\n");
	(void)talk_say(&t, SERVER, "200 ok\r\n227 Entering Passive Mode (192,0,2,1,195,88)\r\n");
	assert_string_equal(syn("10.0.0.1:40007 192.0.2.1:50008"), "FTP-data");
}

static void
numbers_that_are_no_address_teach_nothing(void **state)
{
	struct classify_stats before;
	struct classify_stats after;

	(void)state;
	control(FTPD, SERVER, "200 ok\r\n");
	control(FTPD6, SERVER, "200 ok\r\n");
	classify_get_stats(h->classifier, &before);
	control(FTPD, SERVER, "227 Entering Passive Mode (192,0,2,1,300,88)\r\n");
	control(FTPD, SERVER, "227 Entering Passive Mode (192,0,2,1,9\r\n");
	control(FTPD, SERVER, "229 Entering Extended Passive Mode (|||99999|)\r\n");
	control(FTPD, CLIENT, "EPRT |1|10.0.0.1|\r\n");
	classify_get_stats(h->classifier, &after);
	assert_int_equal(after.tags, before.tags);
}

static void
pop3_is_not_ftp(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, "10.0.0.1:40000 192.0.2.1:110");

	(void)state;
	(void)talk_say(&t, SERVER, "+OK ready\r\n");
	(void)talk_say(&t, CLIENT, "USER anna\r\n");
	assert_string_equal(talk_say(&t, SERVER, "+OK\r\n"), "POP3");
}

static void
a_session_that_goes_on_after_a_long_silence_is_known_by_its_server(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, "10.0.0.1:41000 192.0.2.77:21");
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.1:41000 192.0.2.77:21");
	struct talk other = talk_begin(h, NM_TCP, "10.0.0.1:41000 192.0.2.78:21");

	(void)state;
	(void)talk_say(&t, SERVER, "220 FTP ready\r\n");
	h->now_ns += UINT64_C(600) * 1000000000U;
	assert_string_equal(talk_say(&later, CLIENT, "\x81\x9a\xf0"), "FTP");
	assert_true(later.state.confidence < NM_CONF_TAG);
	assert_string_equal(talk_say(&other, CLIENT, "\x81\x9a\xf0"), "Unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_session_that_goes_on_after_a_long_silence_is_known_by_its_server),
		TESTS_OF_MESSAGES(SAMPLES(samples, FTP)),
		CASE(the_server_that_227_names_is_tagged),
		CASE(the_port_that_229_names_is_tagged_at_the_servers_address),
		CASE(the_client_that_port_and_eprt_name_is_tagged),
		CASE(a_third_partys_address_is_never_tagged),
		CASE(a_tag_is_gone_after_its_time),
		CASE(a_control_connection_is_watched_to_its_end),
		CASE(numbers_that_are_no_address_teach_nothing),
		CASE(pop3_is_not_ftp),
	};

	return cmocka_run_group_tests_name("ftp", tests, NULL, NULL);
}
