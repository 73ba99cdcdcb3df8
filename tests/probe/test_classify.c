/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How tags and modules make a verdict: precedence, settling, watching, notes, reload. */
#include "tests/support/module_harness.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ENDS  "10.0.0.1:40000 192.0.2.1:7777"
#define OTHER "10.0.0.2:40000 192.0.2.1:8888"

/*
 * One module plays all parts; payload is a little language: an octet that says what to do.
 *   'W' weak verdict, 'S' signature, 'P' proof with watching, 'N' no, 'T' tag 192.0.2.1:8888, 'V' tag 192.0.2.1:9999, 'C' count in the note,
 *   'L' signature of what is shown as the first 9216 octets of more
 */
#define APP_A 2000
#define APP_B 2001
#define APP_C 2002

static unsigned calls;

static enum nm_result
verdict_of(struct nm_verdict *v, uint16_t app, uint8_t confidence, uint8_t flags)
{
	*v = (struct nm_verdict){ app, confidence, NM_EV_SIGNATURE, flags };
	return NM_MATCH;
}

static enum nm_result
teach(struct nm_call *call, uint16_t app, uint16_t port)
{
	struct nm_tag tag = { .addr = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1 },
		              .port = port,
		              .transport = NM_TCP,
		              .confidence = NM_CONF_TAG,
		              .app = app,
		              .ttl_s = 60 };

	call->tag(call, &tag);
	return NM_MORE;
}

/* Endpoints that nobody named before. */
static enum nm_result
teach_many(struct nm_call *call)
{
	struct nm_tag tag = { .addr = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2 },
		              .transport = NM_TCP,
		              .confidence = NM_CONF_TAG,
		              .app = APP_B,
		              .ttl_s = 60 };

	for (unsigned i = 0; i < 100; i++) {
		tag.port = (uint16_t)(calls * 100 + i);
		call->tag(call, &tag);
	}
	return NM_MORE;
}

static enum nm_result
act(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *v)
{
	(void)ctx;
	calls++;
	switch (pkt->payload[0]) {
	case 'W':
		return verdict_of(v, APP_A, NM_CONF_WEAK, 0);
	case 'S':
		return verdict_of(v, APP_A, NM_CONF_SIGNATURE, 0);
	case 'P':
		return verdict_of(v, APP_B, NM_CONF_PROOF, NM_WATCH);
	case 'F': /* somebody else's application */
		return verdict_of(v, 99, NM_CONF_PROOF, 0);
	case 'T':
		return teach(call, APP_B, 8888);
	case 'V':
		return teach(call, APP_A, 9999);
	case 'U':
		return teach(call, 99, 8888);
	case 'M':
		return teach_many(call);
	case 'C':
		return call->note && ++*call->note == 3 ? verdict_of(v, APP_A, NM_CONF_SIGNATURE, 0)
		                                        : NM_MORE;
	case 'L':
		return pkt->wire_len > pkt->len && pkt->len == 9216
		           ? verdict_of(v, APP_A, NM_CONF_SIGNATURE, 0)
		           : NM_MORE;
	case 'N':
		return NM_NO;
	default:
		return NM_MORE;
	}
}

/* A second one, which is asked for everything, is always a little less sure and wants the note too. */
static enum nm_result
act_second(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *v)
{
	(void)ctx;
	if (pkt->payload[0] == '2')
		return call->note ? verdict_of(v, APP_C, NM_CONF_SIGNATURE, 0) : NM_MORE;
	return pkt->payload[0] == 'W' || pkt->payload[0] == '3'
	           ? verdict_of(v, APP_C, NM_CONF_WEAK, 0)
	           : NM_MORE;
}

static const struct nm_app apps[] = { { APP_A, "A", "Test", 0, 0 }, { APP_B, "B", "Test", 0, 0 } };
static const struct nm_app apps_second[] = { { APP_C, "C", "Test", 0, 0 } };
static const struct nm_match matches[] = { { .transport = NM_TCP } };

static const struct nm_module first = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "first",
	.summary = "test",
	.max_packets = 4,
	.n_apps = 2,
	.n_matches = 1,
	.apps = apps,
	.matches = matches,
	.classify = act,
};
static const struct nm_module second = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "second",
	.summary = "test",
	.max_packets = 4,
	.n_apps = 1,
	.n_matches = 1,
	.apps = apps_second,
	.matches = matches,
	.classify = act_second,
};
static const struct nm_module *const both[] = { &first, &second, NULL };

static struct harness *h;

static int
set_up(void **state)
{
	(void)state;
	h = harness_new(both);
	calls = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	harness_free(h);
	return 0;
}

static void
an_unknown_flow_has_no_confidence_and_no_reason(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "x"), "Unknown");
	assert_int_equal(t.state.confidence, 0);
	assert_string_equal(classify_reason(h->classifier, t.state.reason), "");
}

static void
a_signature_settles_a_flow_and_costs_no_further_call(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "S"), "A");
	assert_string_equal(classify_reason(h->classifier, t.state.reason), "first signature");
	assert_true(t.state.flags & CLASSIFY_SETTLED);
	for (unsigned i = 0; i < 10; i++)
		(void)talk_say(&t, SERVER, "P");
	assert_int_equal(calls, 1);
	assert_string_equal(talk_app(&t), "A");
}

static void
packets_without_payload_ask_nobody(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		(void)talk_send(&t, CLIENT, NULL, 0);
	assert_int_equal(calls, 0);
	assert_string_equal(talk_say(&t, CLIENT, "S"), "A");
}

static void
a_weak_verdict_is_improved_by_a_later_packet(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "W"), "A");
	assert_false(t.state.flags & CLASSIFY_SETTLED);
	assert_string_equal(talk_say(&t, CLIENT, "P"), "B");
	assert_int_equal(t.state.confidence, NM_CONF_PROOF);
}

static void
of_two_that_are_equally_sure_the_first_in_the_list_wins(void **state)
{
	static const struct nm_module *const swapped[] = { &second, &first, NULL };
	struct harness *other = harness_new(swapped);
	struct talk t = talk_begin(h, NM_TCP, ENDS);
	struct talk u = talk_begin(other, NM_TCP, ENDS);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "W"), "A");
	assert_string_equal(talk_say(&u, CLIENT, "W"), "C");
	harness_free(other);
}

static void
no_is_remembered_for_the_flow(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	(void)talk_say(&t, CLIENT, "N");
	assert_string_equal(talk_say(&t, CLIENT, "S"), "Unknown");
	assert_int_equal(calls, 1);
}

/* As a network card makes one of many, or somebody who wants a module to look through it. */
static void
of_a_very_long_packet_modules_see_the_beginning(void **state)
{
	static const uint8_t bytes[65000] = { 'L' };
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	assert_string_equal(talk_send(&t, CLIENT, bytes, 9216), "Unknown");
	assert_string_equal(talk_send(&t, CLIENT, bytes, sizeof(bytes)), "A");
}

static void
modules_are_asked_no_longer_than_their_budget(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		(void)talk_say(&t, CLIENT, "x");
	assert_int_equal(calls, 4);
	assert_true(t.state.flags & CLASSIFY_SETTLED);
}

static void
a_watching_module_sees_every_packet_until_it_says_no(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	(void)talk_say(&t, CLIENT, "P");
	for (unsigned i = 0; i < 400; i++)
		(void)talk_say(&t, SERVER, "x");
	assert_int_equal(calls, 401);
	(void)talk_say(&t, SERVER, "N");
	(void)talk_say(&t, SERVER, "x");
	assert_int_equal(calls, 402);
	assert_string_equal(talk_app(&t), "B");
}

static void
a_tag_names_a_flow_at_its_first_packet_from_either_side(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);
	struct talk to = talk_begin(h, NM_TCP, OTHER);
	struct talk from = talk_begin(h, NM_TCP, "192.0.2.1:8888 10.0.0.9:1");
	struct talk udp = talk_begin(h, NM_UDP, OTHER);

	(void)state;
	(void)talk_say(&t, CLIENT, "T");
	assert_string_equal(talk_send(&to, CLIENT, NULL, 0), "B");
	assert_int_equal(to.state.confidence, NM_CONF_TAG);
	assert_string_equal(classify_reason(h->classifier, to.state.reason), "first tag");
	assert_string_equal(talk_send(&from, CLIENT, NULL, 0), "B");
	assert_string_equal(talk_send(&udp, CLIENT, NULL, 0), "Unknown");
}

static void
a_flow_is_found_by_a_tag_that_is_learned_while_it_runs(void **state)
{
	struct talk runs = talk_begin(h, NM_TCP, OTHER);
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		(void)talk_say(&runs, CLIENT, "x");
	assert_string_equal(talk_app(&runs), "Unknown");
	(void)talk_say(&t, CLIENT, "T");
	for (unsigned i = 0; i < 40; i++)
		(void)talk_say(&runs, CLIENT, "x");
	assert_string_equal(talk_app(&runs), "B");
}

static void
a_weak_signature_beats_a_tag_and_a_strong_one_removes_it(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);
	struct talk weak = talk_begin(h, NM_TCP, OTHER);
	struct talk strong = talk_begin(h, NM_TCP, OTHER);
	struct talk after = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	(void)talk_say(&t, CLIENT, "T");
	assert_string_equal(talk_say(&weak, CLIENT, "W"), "A");
	assert_string_equal(talk_send(&strong, CLIENT, NULL, 0), "B");
	assert_string_equal(talk_say(&strong, CLIENT, "S"), "A");
	assert_string_equal(talk_send(&after, CLIENT, NULL, 0), "Unknown");
}

static void
learn_8888(void)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)talk_say(&t, CLIENT, "T");
}

static void
a_tag_says_nothing_of_connections_that_its_endpoint_opens(void **state)
{
	struct talk opened = talk_begin(h, NM_TCP, "192.0.2.1:8888 10.0.0.9:80");
	struct talk answered = talk_begin(h, NM_TCP, "192.0.2.1:8888 10.0.0.9:80");
	struct talk to = talk_begin(h, NM_TCP, OTHER);
	struct talk back = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	learn_8888();
	opened.packet.tcp_flags = TCP_SYN;
	assert_string_equal(talk_send(&opened, CLIENT, NULL, 0), "Unknown");
	opened.packet.tcp_flags = TCP_ACK;
	for (unsigned i = 0; i < 40; i++)
		assert_string_equal(talk_say(&opened, i % 2, "x"), "Unknown");
	answered.packet.tcp_flags = TCP_SYN | TCP_ACK;
	assert_string_equal(talk_send(&answered, SERVER, NULL, 0), "Unknown");
	to.packet.tcp_flags = TCP_SYN;
	assert_string_equal(talk_send(&to, CLIENT, NULL, 0), "B");
	back.packet.tcp_flags = TCP_SYN | TCP_ACK;
	assert_string_equal(talk_send(&back, SERVER, NULL, 0), "B");
}

static void
of_two_tagged_ends_the_servers_counts(void **state)
{
	struct talk to_9999 = talk_begin(h, NM_TCP, "192.0.2.1:8888 192.0.2.1:9999");
	struct talk to_8888 = talk_begin(h, NM_TCP, "192.0.2.1:9999 192.0.2.1:8888");
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	learn_8888();
	(void)talk_say(&t, CLIENT, "V");
	assert_string_equal(talk_send(&to_9999, CLIENT, NULL, 0), "A");
	assert_string_equal(talk_send(&to_8888, SERVER, NULL, 0), "B");
}

static void
a_tag_lives_as_long_as_it_is_used_and_its_time_longer(void **state)
{
	(void)state;
	learn_8888();
	for (unsigned i = 0; i < 10; i++) {
		struct talk t = talk_begin(h, NM_TCP, OTHER);

		h->now_ns += UINT64_C(55000000000);
		assert_string_equal(talk_send(&t, CLIENT, NULL, 0), "B");
	}
	struct talk late = talk_begin(h, NM_TCP, OTHER);
	h->now_ns += UINT64_C(62000000000);
	assert_string_equal(talk_send(&late, CLIENT, NULL, 0), "Unknown");
}

static void
no_tag_outlives_a_signature_that_contradicts_it(void **state)
{
	struct talk sure = talk_begin(h, NM_TCP, OTHER);
	struct talk after = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	/* the tag comes when the flow has a name that is better, so it never gave its own */
	assert_string_equal(talk_say(&sure, CLIENT, "W"), "A");
	learn_8888();
	assert_string_equal(talk_say(&sure, CLIENT, "S"), "A");
	assert_string_equal(talk_send(&after, CLIENT, NULL, 0), "Unknown");
}

static void
a_signature_of_what_its_endpoint_opens_contradicts_no_tag(void **state)
{
	struct talk opened = talk_begin(h, NM_TCP, "192.0.2.1:8888 10.0.0.9:80");
	struct talk after = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	learn_8888();
	opened.packet.tcp_flags = TCP_SYN;
	(void)talk_send(&opened, CLIENT, NULL, 0);
	opened.packet.tcp_flags = TCP_ACK;
	assert_string_equal(talk_say(&opened, CLIENT, "S"), "A");
	assert_string_equal(talk_send(&after, CLIENT, NULL, 0), "B");
}

static void
a_signature_of_the_same_application_leaves_the_tag(void **state)
{
	struct talk same = talk_begin(h, NM_TCP, OTHER);
	struct talk after = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	learn_8888();
	assert_string_equal(talk_say(&same, CLIENT, "P"), "B");
	assert_string_equal(talk_send(&after, CLIENT, NULL, 0), "B");
}

static void
the_table_of_tags_is_capped(void **state)
{
	const struct classify_limits limits = { .tags_max = 10 };
	struct harness small = { .now_ns = h->now_ns };
	struct classify_stats stats;

	(void)state;
	assert_int_equal(classify_new(&limits, &small.classifier), NM_OK);
	assert_int_equal(classify_load_static(small.classifier, both, 2), NM_OK);
	struct talk t = talk_begin(&small, NM_TCP, ENDS);
	(void)talk_say(&t, CLIENT, "M");
	classify_get_stats(small.classifier, &stats);
	assert_int_equal(stats.tags, 10);
	assert_in_range(stats.tags_refused, 89, 90); /* port 0 is none */
	classify_free(small.classifier);
}

/* A record between 192.0.2.1:8888, who is its sender or not, and somebody. */
static uint16_t
late_name(bool sender, uint8_t roles)
{
	static const uint8_t tagged[4] = { 192, 0, 2, 1 }, other[4] = { 10, 0, 0, 9 };
	struct record record = {
		.saddr = addr_from_v4(sender ? tagged : other),
		.daddr = addr_from_v4(sender ? other : tagged),
		.sport = sender ? 8888 : 80,
		.dport = sender ? 80 : 8888,
		.protocol = NM_TCP,
		.roles = roles,
		.expires = (uint32_t)(h->now_ns / 1000000000U),
	};

	classify_record(h->classifier, &record);
	return record.application;
}

static void
a_record_is_named_late_by_the_servers_end(void **state)
{
	(void)state;
	learn_8888();
	assert_int_equal(late_name(true, RECORD_FROM_SERVER | RECORD_OPENED), APP_B);
	assert_int_equal(late_name(false, RECORD_OPENED), APP_B);
	assert_int_equal(late_name(true, RECORD_OPENED), APP_UNKNOWN);
	assert_int_equal(late_name(false, RECORD_FROM_SERVER | RECORD_OPENED), APP_UNKNOWN);
	/* a guess leaves either */
	assert_int_equal(late_name(true, 0), APP_B);
	assert_int_equal(late_name(false, RECORD_FROM_SERVER), APP_B);
}

static void
packets_that_teach_many_tags_cannot_do_so_one_after_the_other(void **state)
{
	struct classify_stats stats;
	uint64_t before;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct talk t = talk_begin(h, NM_TCP, ENDS);
		(void)talk_say(&t, CLIENT, "M");
	}
	classify_get_stats(h->classifier, &stats);
	assert_true(stats.tags < 5000);
	assert_true(stats.tags + stats.tags_refused >= 9900); /* port 0 is none */
	/* others' packets are still free to teach, and leave something to those that want more */
	before = stats.tags;
	for (unsigned i = 0; i < 25; i++) {
		struct talk t = talk_begin(h, NM_TCP, OTHER);
		(void)talk_send(&t, CLIENT, i == 0 ? "T" : "x", 1);
	}
	classify_get_stats(h->classifier, &stats);
	assert_int_equal(stats.tags, before + 1);
	struct talk t = talk_begin(h, NM_TCP, ENDS);
	(void)talk_say(&t, CLIENT, "M");
	classify_get_stats(h->classifier, &stats);
	assert_int_equal(stats.tags, before + 101);
}

static void
a_module_cannot_name_or_tag_anothers_application(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);
	struct classify_stats stats;

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "F"), "Unknown");
	(void)talk_say(&t, CLIENT, "U");
	classify_get_stats(h->classifier, &stats);
	assert_int_equal(stats.tags, 0);
}

static void
a_note_lasts_from_packet_to_packet_and_has_one_owner(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	(void)talk_say(&t, CLIENT, "C");
	assert_string_equal(talk_say(&t, CLIENT, "2"), "Unknown");
	(void)talk_say(&t, CLIENT, "C");
	assert_string_equal(talk_say(&t, CLIENT, "C"), "A");
}

/* What a module that had nothing to say remembers does not stand in the way of the one that had. */
static void
the_note_passes_to_who_gives_a_verdict(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ENDS);

	(void)state;
	(void)talk_say(&t, CLIENT, "C");
	assert_string_equal(talk_say(&t, CLIENT, "2"), "Unknown");
	assert_string_equal(talk_say(&t, CLIENT, "3"), "C");
	assert_in_range(t.state.confidence, NM_CONF_WEAK, NM_CONF_WEAK);
	(void)talk_say(&t, CLIENT, "2");
	assert_int_equal(t.state.confidence, NM_CONF_SIGNATURE);
}

static void
a_reload_keeps_verdicts_and_tags_and_forgets_refusals(void **state)
{
	static const struct nm_module *const alone[] = { &first };
	struct talk settled = talk_begin(h, NM_TCP, ENDS);
	struct talk refused = talk_begin(h, NM_TCP, ENDS);
	struct talk watched = talk_begin(h, NM_TCP, ENDS);
	struct talk teacher = talk_begin(h, NM_TCP, ENDS);
	struct talk tagged = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	(void)talk_say(&settled, CLIENT, "S");
	(void)talk_say(&refused, CLIENT, "N");
	(void)talk_say(&watched, CLIENT, "P");
	(void)talk_say(&teacher, CLIENT, "T");
	assert_int_equal(classify_load_static(h->classifier, alone, 1), NM_OK);
	assert_string_equal(talk_say(&settled, CLIENT, "x"), "A");
	assert_string_equal(talk_send(&tagged, CLIENT, NULL, 0), "B");
	assert_string_equal(talk_say(&refused, CLIENT, "S"), "A");
	calls = 0;
	(void)talk_say(&watched, CLIENT, "x");
	assert_int_equal(calls, 1);
	assert_int_equal(classify_load_static(h->classifier, NULL, 0), NM_OK);
	(void)talk_say(&watched, CLIENT, "x");
	assert_int_equal(calls, 1);
	assert_string_equal(talk_app(&watched), "B");
}

static void
a_classifier_that_follows_asks_the_same_modules_for_as_long(void **state)
{
	struct harness follower = { .now_ns = h->now_ns };
	struct talk t;

	(void)state;
	assert_int_equal(classify_new(NULL, &follower.classifier), NM_OK);
	assert_int_equal(classify_follow(follower.classifier, h->classifier), NM_OK);
	t = talk_begin(&follower, NM_TCP, ENDS);
	(void)talk_say(&t, CLIENT, "S");
	assert_int_equal(t.state.app, APP_A);
	t = talk_begin(&follower, NM_TCP, OTHER);
	calls = 0;
	for (unsigned i = 0; i < 300; i++)
		(void)talk_say(&t, CLIENT, "x");
	assert_int_equal(calls, 4);
	classify_free(follower.classifier);
}

static void
applications_are_listed_by_id_with_unknown_first(void **state)
{
	const struct application *list;

	(void)state;
	assert_int_equal(classify_apps(h->classifier, &list), 5);
	assert_string_equal(list[0].name, "Unknown");
	assert_string_equal(list[1].name, "P2P"); /* what behaviour says */
	assert_int_equal(list[2].id, APP_A);
	assert_int_equal(list[4].id, APP_C);
	assert_string_equal(classify_app_name(h->classifier, 4711), "Unknown");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(an_unknown_flow_has_no_confidence_and_no_reason),
		CASE(a_signature_settles_a_flow_and_costs_no_further_call),
		CASE(packets_without_payload_ask_nobody),
		CASE(a_weak_verdict_is_improved_by_a_later_packet),
		CASE(of_two_that_are_equally_sure_the_first_in_the_list_wins),
		CASE(no_is_remembered_for_the_flow),
		CASE(of_a_very_long_packet_modules_see_the_beginning),
		CASE(modules_are_asked_no_longer_than_their_budget),
		CASE(a_watching_module_sees_every_packet_until_it_says_no),
		CASE(a_tag_names_a_flow_at_its_first_packet_from_either_side),
		CASE(a_flow_is_found_by_a_tag_that_is_learned_while_it_runs),
		CASE(a_weak_signature_beats_a_tag_and_a_strong_one_removes_it),
		CASE(a_tag_says_nothing_of_connections_that_its_endpoint_opens),
		CASE(of_two_tagged_ends_the_servers_counts),
		CASE(a_tag_lives_as_long_as_it_is_used_and_its_time_longer),
		CASE(no_tag_outlives_a_signature_that_contradicts_it),
		CASE(a_signature_of_what_its_endpoint_opens_contradicts_no_tag),
		CASE(a_signature_of_the_same_application_leaves_the_tag),
		CASE(the_table_of_tags_is_capped),
		CASE(a_record_is_named_late_by_the_servers_end),
		CASE(packets_that_teach_many_tags_cannot_do_so_one_after_the_other),
		CASE(a_module_cannot_name_or_tag_anothers_application),
		CASE(a_note_lasts_from_packet_to_packet_and_has_one_owner),
		CASE(the_note_passes_to_who_gives_a_verdict),
		CASE(a_reload_keeps_verdicts_and_tags_and_forgets_refusals),
		CASE(a_classifier_that_follows_asks_the_same_modules_for_as_long),
		CASE(applications_are_listed_by_id_with_unknown_first),
	};

	return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
