/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The admin's own rules: what a line means, which rule is met first, and what is refused. */
#include "probe/rules.h"

#include "lib/err.h"
#include "tests/probe/list_fixture.h"

#include <stdlib.h>

static struct rules *
load(const char *text)
{
	struct rules *r = NULL;
	char path[64], err[512] = "";
	int fd = list_file(text, strlen(text), path);

	if (rules_load(path, &r, err, sizeof(err)) != NM_OK)
		fail_msg("%s", err);
	(void)close(fd);
	return r;
}

static void
refused_as(const char *text, int rc, unsigned line, const char *words)
{
	struct rules *r = NULL;
	char path[64], err[512] = "";
	int fd = list_file(text, strlen(text), path);

	assert_int_equal(rules_load(path, &r, err, sizeof(err)), rc);
	assert_null(r);
	assert_complaint(err, path, line, words);
	(void)close(fd);
}

static void
refused(const char *text, const char *words)
{
	refused_as(text, NM_EFORMAT, 1, words);
}

static struct addr
address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), NM_OK);
	return a;
}

/* A packet "PROTOCOL SOURCE SPORT DESTINATION DPORT VLAN" and the name of the rule that it meets, "-" for none. */
static const char *
met(const struct rules *r, const char *text)
{
	char source[ADDR_TEXT_MAX], destination[ADDR_TEXT_MAX];
	unsigned protocol, sport, dport, vlan;

	assert_int_equal(sscanf(text, "%u %45s %u %45s %u %u", &protocol, source, &sport,
	                        destination, &dport, &vlan),
	                 6);
	struct packet pkt = {
		.protocol = (uint8_t)protocol,
		.saddr = address(source),
		.daddr = address(destination),
		.sport = (uint16_t)sport,
		.dport = (uint16_t)dport,
		.vlan = (uint16_t)vlan,
	};
	const struct rule *rule = rules_find(r, &pkt);
	return rule ? rule->name : "-";
}

static void
host_and_port_are_of_one_end_whichever_it_is(void **state)
{
	struct rules *r = load("tcp host 10.1.2.0/24 port 8000-8010 = \"Billing\" [Own]\n");

	(void)state;
	assert_string_equal(met(r, "6 192.0.2.1 4711 10.1.2.3 8000 0"), "Billing");
	assert_string_equal(met(r, "6 10.1.2.255 8010 192.0.2.1 4711 0"), "Billing");
	assert_string_equal(met(r, "6 192.0.2.1 8000 10.1.2.3 4711 0"), "-"); /* the other's port */
	assert_string_equal(met(r, "17 192.0.2.1 4711 10.1.2.3 8000 0"), "-");
	assert_string_equal(met(r, "6 192.0.2.1 4711 10.1.3.0 8000 0"), "-");
	assert_string_equal(met(r, "6 192.0.2.1 4711 10.1.1.255 8000 0"), "-");
	assert_string_equal(met(r, "6 192.0.2.1 4711 10.1.2.3 7999 0"), "-");
	assert_string_equal(met(r, "6 192.0.2.1 4711 10.1.2.3 8011 0"), "-");
	assert_string_equal(rules_at(r, 0)->category, "Own");
	assert_int_equal(rules_at(r, 0)->line, 1);
	rules_unref(r);
}

static void
the_first_rule_of_the_file_that_is_met_counts(void **state)
{
	struct rules *r = load("host 10.0.0.1 = First\n"
	                       "tcp port 80 = Second\n"
	                       "host 10.0.0.0/8 = Third\n");

	(void)state;
	assert_string_equal(met(r, "6 10.0.0.1 1 10.0.0.2 80 0"), "First");
	assert_string_equal(met(r, "6 10.0.0.3 1 10.0.0.2 80 0"), "Second");
	assert_string_equal(met(r, "6 10.0.0.3 1 10.0.0.2 81 0"), "Third");
	assert_string_equal(met(r, "6 11.0.0.3 1 11.0.0.2 81 0"), "-");
	rules_unref(r);
}

static void
two_hosts_are_two_ends(void **state)
{
	struct rules *r = load("host 10.0.0.0/8 and host 192.0.2.0/24 = Both\n"
	                       "udp host 10.0.0.1 port 500 host 10.0.0.2 port 501 = Pair\n"
	                       "host 10.1.0.0/16 host any port 25 = Out\n"
	                       "port 7000 port 7001 = Ports\n");

	(void)state;
	assert_string_equal(met(r, "6 10.0.0.1 1 192.0.2.1 2 0"), "Both");
	assert_string_equal(met(r, "6 192.0.2.1 1 10.0.0.1 2 0"), "Both");
	assert_string_equal(met(r, "6 10.0.0.1 1 10.0.0.2 2 0"), "-");
	assert_string_equal(met(r, "17 10.0.0.1 500 10.0.0.2 501 0"), "Pair");
	assert_string_equal(met(r, "17 10.0.0.2 501 10.0.0.1 500 0"), "Pair");
	assert_string_equal(met(r, "17 10.0.0.2 500 10.0.0.1 501 0"), "-");
	assert_string_equal(met(r, "6 10.1.0.1 4711 198.51.100.1 25 0"), "Out");
	assert_string_equal(met(r, "6 10.1.0.1 25 198.51.100.1 4711 0"), "-");
	assert_string_equal(met(r, "6 10.1.0.1 25 10.1.0.2 4711 0"), "Out");
	assert_string_equal(met(r, "6 1.1.1.1 7001 1.1.1.2 7000 0"), "Ports");
	assert_string_equal(met(r, "6 1.1.1.1 7000 1.1.1.2 7000 0"), "-");
	rules_unref(r);
}

static void
one_end_may_hold_the_whole_net(void **state)
{
	struct rules *r = load("host 10.0.0.0/8 host 10.0.0.0/8 = Inside\n");

	(void)state;
	assert_string_equal(met(r, "6 10.0.0.1 1 10.9.9.9 2 0"), "Inside");
	assert_string_equal(met(r, "6 10.0.0.1 1 11.9.9.9 2 0"), "-");
	rules_unref(r);
}

static void
ipv6_is_as_good_as_ipv4(void **state)
{
	struct rules *r =
	    load("udp host 2001:db8:1::/48, 2001:db8:2::5-2001:db8:2::9 port 1194 = Six\n"
	         "host ::/0 port 80 = Any6\n"
	         "host 0.0.0.0/0 port 80 = Any4\n"
	         "host any port 81 = Any\n");

	(void)state;
	assert_string_equal(met(r, "17 2001:db8:1:ffff::1 1194 2001:db8::1 9 0"), "Six");
	assert_string_equal(met(r, "17 2001:db8::1 9 2001:db8:2::9 1194 0"), "Six");
	assert_string_equal(met(r, "17 2001:db8::1 9 2001:db8:2::a 1194 0"), "-");
	assert_string_equal(met(r, "17 2001:db8::1 9 2001:db8:2::4 1194 0"), "-");
	assert_string_equal(met(r, "6 2001:db8::1 9 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 80 0"),
	                    "Any6");
	assert_string_equal(met(r, "6 255.255.255.255 80 0.0.0.0 9 0"), "Any4");
	assert_string_equal(met(r, "6 2001:db8::1 9 2001:db8::2 81 0"), "Any");
	assert_string_equal(met(r, "6 192.0.2.1 9 192.0.2.2 81 0"), "Any");
	rules_unref(r);
}

static void
lists_may_have_blanks_and_any_number_of_items(void **state)
{
	struct rules *r = load("host 10.0.0.1 , 10.0.0.5-10.0.0.7,2001:db8::1 = Hosts\n"
	                       "port 80,443, 8000-8001 = Ports\n"
	                       "proto 50,51 ,ospf = Protos\n"
	                       "vlan 10, 20-29 = Vlans\n");

	(void)state;
	assert_string_equal(met(r, "6 10.0.0.1 1 1.1.1.1 2 0"), "Hosts");
	assert_string_equal(met(r, "6 10.0.0.6 1 1.1.1.1 2 0"), "Hosts");
	assert_string_equal(met(r, "6 2001:db8::1 1 2001:db8::2 2 0"), "Hosts");
	assert_string_equal(met(r, "6 1.1.1.2 8001 1.1.1.1 2 0"), "Ports");
	assert_string_equal(met(r, "6 1.1.1.2 8002 1.1.1.1 2 0"), "-");
	assert_string_equal(met(r, "50 1.1.1.2 0 1.1.1.1 0 0"), "Protos");
	assert_string_equal(met(r, "89 1.1.1.2 0 1.1.1.1 0 0"), "Protos");
	assert_string_equal(met(r, "52 1.1.1.2 0 1.1.1.1 0 10"), "Vlans");
	assert_string_equal(met(r, "52 1.1.1.2 0 1.1.1.1 0 29"), "Vlans");
	assert_string_equal(met(r, "52 1.1.1.2 0 1.1.1.1 0 30"), "-");
	assert_string_equal(met(r, "52 1.1.1.2 0 1.1.1.1 0 0"), "-");
	rules_unref(r);
}

static void
protocols_have_names_and_numbers(void **state)
{
	struct rules *r = load("ip proto 253 = Test\n"
	                       "gre = Gre\n"
	                       "icmp = Icmp\n"
	                       "proto sctp port 38412 = N2\n"
	                       "proto 0 = Hop\n");

	(void)state;
	assert_string_equal(met(r, "253 1.1.1.1 0 1.1.1.2 0 0"), "Test");
	assert_string_equal(met(r, "47 1.1.1.1 0 1.1.1.2 0 0"), "Gre");
	assert_string_equal(met(r, "1 1.1.1.1 0 1.1.1.2 0 0"), "Icmp");
	assert_string_equal(met(r, "58 2001:db8::1 0 2001:db8::2 0 0"), "Icmp");
	assert_string_equal(met(r, "132 1.1.1.1 1 1.1.1.2 38412 0"), "N2");
	assert_string_equal(met(r, "0 1.1.1.1 0 1.1.1.2 0 0"), "Hop");
	assert_string_equal(met(r, "6 1.1.1.1 0 1.1.1.2 0 0"), "-");
	rules_unref(r);
}

static void
a_port_rule_never_holds_for_what_has_no_ports(void **state)
{
	struct rules *r = load("port 1-65535 = Ports\n");

	(void)state;
	assert_string_equal(met(r, "1 1.1.1.1 0 1.1.1.2 0 0"), "-");
	assert_string_equal(met(r, "6 1.1.1.1 65535 1.1.1.2 0 0"), "Ports");
	rules_unref(r);
}

static void
pcap_filters_words_for_the_same_are_fine(void **state)
{
	struct rules *r = load("udp and net 10.0.0.0/8 and portrange 5000-5010 = Media\n"
	                       "ip proto esp and vlan 7 = Seven # comment\n");

	(void)state;
	assert_string_equal(met(r, "17 10.0.0.1 5005 1.1.1.1 9 0"), "Media");
	assert_string_equal(met(r, "50 10.0.0.1 0 1.1.1.1 0 7"), "Seven");
	rules_unref(r);
}

static void
names_need_quotes_only_when_they_have_blanks(void **state)
{
	struct rules *r = load("port 1=Billing\n"
	                       "port 2 = \"Door # 1 [x] = y\" # comment\n"
	                       "port 3 = Billing[Own apps]\n"
	                       "port 4 = Billing");

	(void)state;
	assert_int_equal(rules_count(r), 4);
	assert_string_equal(rules_at(r, 1)->name, "Door # 1 [x] = y");
	assert_string_equal(rules_at(r, 1)->category, "");
	for (size_t i = 0; i < 4; i += i ? 1 : 2) { /* one name is of one category, said anywhere */
		assert_string_equal(rules_at(r, i)->name, "Billing");
		assert_string_equal(rules_at(r, i)->category, "Own apps");
	}
	rules_unref(r);
}

static void
what_is_bound_is_found(void **state)
{
	struct rules *r = load("port 1 = A\nport 2 = B\n");
	struct packet pkt = { .protocol = 6, .sport = 9, .dport = 2 };

	(void)state;
	assert_int_equal(rules_at(r, 1)->app, 0);
	rules_bind(r, 1, 30000, 7);
	assert_int_equal(rules_find(r, &pkt)->app, 30000);
	assert_int_equal(rules_find(r, &pkt)->reason, 7);
	assert_ptr_equal(rules_ref(r), r);
	rules_unref(r);
	assert_int_equal(rules_count(r), 2);
	rules_unref(r);
	rules_unref(NULL);
}

static void
no_file_is_an_empty_one(void **state)
{
	struct rules *r = NULL;
	struct packet pkt = { .protocol = 6 };

	(void)state;
	assert_int_equal(rules_load(NULL, &r, NULL, 0), NM_OK);
	assert_int_equal(rules_count(r), 0);
	assert_null(rules_find(r, &pkt));
	rules_unref(r);
	r = load("# nothing\n\n");
	assert_null(rules_find(r, &pkt));
	rules_unref(r);
}

static void
a_file_that_cannot_be_read_is_said(void **state)
{
	struct rules *r = NULL;
	char err[128] = "";

	(void)state;
	assert_int_equal(rules_load("/nonexistent", &r, err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "/nonexistent: No such file or directory");
	assert_null(r);
}

static void
mistakes_are_said_with_their_line_and_remedy(void **state)
{
	(void)state;
	refused("foo = A\n", "\"foo\" is not understood: write for example: tcp host");
	refused("= A\n", "no condition in front of '='");
	refused("tcp\n", "no '=' and name at the end");
	refused("tcp =\n", "no name behind '='");
	refused("tcp = A B\n", "a name with blanks is in quotes");
	refused("tcp = \"A\n", "a quote is not closed");
	refused("tcp = \"A,B\"\n", "without comma and quote");
	refused("tcp = A [x\n", "something else than [CATEGORY]");
	refused("tcp = A [x] y\n", "something else than [CATEGORY]");
	refused("tcp = A []\n", "is no category");
	refused("tcp udp = A\n", "for the second time");
	refused("vlan 1 vlan 2 = A\n", "\"vlan\" for the second time: write a list");
	refused("host 1.1.1.1 host 1.1.1.2 host 1.1.1.3 = A\n", "has two ends");
	refused("host = A\n", "nothing to hold behind \"host\"");
	refused("port 80, = A\n", "nothing to hold behind \"port\"");
	refused("host 10.0.0.1/8 = A\n", "bits behind a prefix are 0");
	refused("host example.org = A\n", "is no address, range or prefix");
	refused("port http = A\n", "\"http\" is no port");
	refused("port 0 = A\n", "is no port");
	refused("port 65536 = A\n", "is no port");
	refused("port 9-8 = A\n", "is no port");
	refused("port 8- = A\n", "is no port");
	refused("port 99999999999999999999 = A\n", "is no port");
	refused("vlan 4095 = A\n", "is no VLAN");
	refused("proto 256 = A\n", "is no protocol");
	refused("proto foo = A\n", "\"foo\" is no protocol");
	refused("icmp port 80 = A\n", "a port of a protocol that has none");
	refused("src host 1.1.1.1 = A\n", "whichever end is which");
	refused("port 80 or port 81 = A\n", "write two lines");
	refused("not port 80 = A\n", "write a line for the exception in front");
	refused("ip = A\n", "stands in front of proto only");
	refused("ip6 host ::1 = A\n", "host ::/0 means IPv6");
	refused("tcp [x] = A\n", "is not understood");
	refused_as("tcp = A\n\ntcp port 80 = A [x]\ntcp port 81 = A [y]\n", NM_EFORMAT, 4,
	           "\"A\" has category \"x\" in line 1");
}

static void
there_are_so_many_and_no_more(void **state)
{
	size_t size = (RULES_MAX + 1) * (size_t)64;
	char *text = malloc(size);
	char packet[96];
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i <= RULES_MAX; i++) {
		if (i == RULES_MAX) {
			struct rules *r = load(text);
			assert_int_equal(rules_count(r), RULES_MAX);
			for (unsigned j = 0; j < RULES_MAX; j++) {
				(void)snprintf(packet, sizeof(packet),
				               "6 192.0.2.1 9 10.0.%u.%u %u 0", j / 256, j % 256,
				               1000 + j);
				char name[16];
				(void)snprintf(name, sizeof(name), "R%u", j);
				assert_string_equal(met(r, packet), name);
			}
			assert_string_equal(met(r, "6 192.0.2.1 9 10.0.0.1 1000 0"), "-");
			rules_unref(r);
		}
		len +=
		    (size_t)snprintf(text + len, size - len, "tcp host 10.0.%u.%u port %u = R%u\n",
		                     i / 256, i % 256, 1000 + i, i);
	}
	refused_as(text, NM_ELIMIT, RULES_MAX + 1, "more than 1000 rules");
	free(text);
}

static void
so_many_items_of_lists_and_no_more(void **state)
{
	size_t size = 8200 * (size_t)8;
	char *text = malloc(size);
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	len += (size_t)snprintf(text, size, "port 1");
	for (unsigned i = 1; i < 8191; i++)
		len += (size_t)snprintf(text + len, size - len, ",%u", 1 + i * 8 % 65535);
	(void)snprintf(text + len, size - len, ",2=A\n");
	struct rules *r = load(text);
	assert_string_equal(met(r, "6 1.1.1.1 9 1.1.1.1 65521 0"), "A");
	assert_string_equal(met(r, "6 1.1.1.1 10 1.1.1.1 65520 0"), "-");
	rules_unref(r);
	(void)snprintf(text + len, size - len, ",2,3=A\n");
	refused_as(text, NM_ELIMIT, 1, "use prefixes and ranges");
	free(text);
}

static void
the_digest_is_of_what_the_file_says(void **state)
{
	struct rules *a = load("port 1 = A\n");
	struct rules *same = load("# x\nport 1 = A # y\n");
	struct rules *other = load("port 2 = A\n");

	(void)state;
	assert_true(rules_digest(a) == rules_digest(same));
	assert_true(rules_digest(a) != rules_digest(other));
	rules_unref(a);
	rules_unref(same);
	rules_unref(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_and_port_are_of_one_end_whichever_it_is),
		cmocka_unit_test(the_first_rule_of_the_file_that_is_met_counts),
		cmocka_unit_test(two_hosts_are_two_ends),
		cmocka_unit_test(one_end_may_hold_the_whole_net),
		cmocka_unit_test(ipv6_is_as_good_as_ipv4),
		cmocka_unit_test(lists_may_have_blanks_and_any_number_of_items),
		cmocka_unit_test(protocols_have_names_and_numbers),
		cmocka_unit_test(a_port_rule_never_holds_for_what_has_no_ports),
		cmocka_unit_test(pcap_filters_words_for_the_same_are_fine),
		cmocka_unit_test(names_need_quotes_only_when_they_have_blanks),
		cmocka_unit_test(what_is_bound_is_found),
		cmocka_unit_test(no_file_is_an_empty_one),
		cmocka_unit_test(a_file_that_cannot_be_read_is_said),
		cmocka_unit_test(mistakes_are_said_with_their_line_and_remedy),
		cmocka_unit_test(there_are_so_many_and_no_more),
		cmocka_unit_test(so_many_items_of_lists_and_no_more),
		cmocka_unit_test(the_digest_is_of_what_the_file_says),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
