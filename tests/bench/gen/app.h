/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What conversations say: the first payloads of several protocols as their RFCs have them, then data that means nothing.
 * One struct app_talk for a trace, from app_talk_init() on. One thread.
 */
#ifndef NETMON_TESTS_BENCH_APP_H
#define NETMON_TESTS_BENCH_APP_H

#include "tests/bench/gen/frame.h"

enum app_id {
	APP_HTTP,
	APP_TLS,
	APP_DNS,
	APP_BITTORRENT,
	APP_SSH,
	APP_SMTP,
	APP_FTP,
	APP_FTP_DATA, /* where an FTP conversation said */
	APP_SIP,
	APP_RTP, /* where a SIP conversation said */
	APP_NTP,
	APP_OTHER_TCP,
	APP_OTHER_UDP,
	APP_SCAN,     /* a SYN, and perhaps its refusal */
	APP_NO_REPLY, /* a SYN again and again */
	APP_PING,
	APP_COUNT
};

#define PROMISES 64 /* endpoints that were announced and not used yet */

/* An endpoint that a conversation announced for the next one, as FTP's data port. */
struct promise {
	uint32_t client;
	uint32_t server;
	uint16_t port;
	bool ipv6;
};

struct app_talk {
	unsigned sizes; /* enum gen_sizes */
	uint64_t random;
	uint8_t scratch[1024];
	struct {
		unsigned begin;
		unsigned n;
		struct promise ring[PROMISES];
	} promised[2]; /* FTP's data, SIP's media */
};

void app_talk_init(struct app_talk *t, const struct gen_options *o);

/* Fills in the application, the server's port and, for announced ones, the hosts of a flow whose `life` is set. */
void app_begin(struct app_talk *t, unsigned mix, struct flow *flow);

/* The flow's next packet. It points into `t` and is good until the next call. */
void app_next(struct app_talk *t, const struct flow *flow, struct segment *ret_segment);

#endif
