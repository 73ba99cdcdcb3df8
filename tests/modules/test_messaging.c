/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MQTT, AMQP, Kafka and CoAP, and what only has their ports. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("1883"), "MQTT", SAMPLE("connect", CLIENT, "\20\17\0\4MQTT\4\2\0<\0\3abc") },
	{ CASE_TCP("1883"), "MQTT",
	  SAMPLE("connect of old", CLIENT, "\20\21\0\6MQIsdp\3\2\0<\0\3abc") },
	{ CASE_TCP("5672"), "AMQP", SAMPLE("heading", CLIENT, "AMQP\0\0\11\1") },
	{ CASE_TCP("5672"), "AMQP", SAMPLE("heading of version 1.0", CLIENT, "AMQP\3\1\0\0") },
	{ CASE_TCP("9092"), "Kafka",
	  SAMPLE("versions", CLIENT, "\0\0\0\30\0\22\0\3\0\0\0\7\0\nconsumer-1\0\0\0\1") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("1883"), "MQTT", SAMPLE("publication", CLIENT, "0\10\0\3a/bhey") },
	{ CASE_TCP("1883"), "MQTT", SAMPLE("agreement", SERVER, " \2\0\0") },
	{ CASE_TCP("5672"), "AMQP", SAMPLE("frame", SERVER, "\1\0\1\0\0\0\4\0\n\0(\316") },
	{ CASE_TCP("9092"), "Kafka",
	  SAMPLE("produce without a name", CLIENT,
	         "\0\0\0\20\0\0\0\2\0\0\0\7\377\377\0\1\0\0\5\334") },
	{ CASE_TCP("9092"), "Kafka",
	  SAMPLE("offsets for an empty name", CLIENT,
	         "\0\0\0\17\0\2\0\0\0\0\0\7\0\0\377\377\377\377\0") },
	{ CASE_UDP("5683"), "CoAP", SAMPLE("request", CLIENT, "D\1\0224tokn\264testa(") },
	{ CASE_UDP("5683"), "CoAP", SAMPLE("content", SERVER, "dE\0224tokn\300\37722.5 C") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("1883"), "MQTT", SAMPLE("other name", CLIENT, "\20\17\0\4MQTX\4\2\0<\0\3abc") },
	{ CASE_TCP("1883"), "MQTT", SAMPLE("type 15", CLIENT, "\360\2\0\0") },
	{ CASE_TCP("5672"), "AMQP",
	  SAMPLE("frame without its end", SERVER, "\1\0\1\0\0\0\4\0\n\0(\315") },
	{ CASE_TCP("9092"), "Kafka",
	  SAMPLE("another length", CLIENT, "\0\0\0\30\0\22\0\3\0\0\0\7\0\nconsumer-1\0\0\0\1x") },
	{ CASE_TCP("9092"), "Kafka",
	  SAMPLE("name of octets", CLIENT, "\0\0\0\22\0\22\0\3\0\0\0\7\0\4\1\2\3\4\0\0\0\1") },
	{ CASE_UDP("5683"), "CoAP", SAMPLE("version 2", CLIENT, "\204\1\0224tokn\264testa(") },
	{ CASE_UDP("5683"), "CoAP",
	  SAMPLE("option that is too long", CLIENT, "D\1\0224tokn\274test") },
	{ CASE_UDP("5683"), "CoAP", SAMPLE("text", CLIENT, "hello world") },
};

static void
a_connect_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_connect_tags_its_server),
	};

	return cmocka_run_group_tests_name("messaging", tests, NULL, NULL);
}
