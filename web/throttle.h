/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Slows down guessing of passwords: after THROTTLE_FREE wrong ones from a network (an IPv4 address, an IPv6 /64) within
 * THROTTLE_WINDOW_S, no more are looked at from there until the window has passed.
 *
 * It lives in one process: with N FastCGI workers a guesser gets N times as many tries, and in plain CGI only the price
 * of argon2id (about 0.1 s of a core and 64 MB) holds him back. Bounded: when the table is full, the network whose
 * window began first is forgotten. Zero-initialise. Caller's thread only.
 */
#ifndef NETMON_WEB_THROTTLE_H
#define NETMON_WEB_THROTTLE_H

#include "lib/addr.h"

#include <stddef.h>
#include <stdint.h>

#define THROTTLE_FREE     5
#define THROTTLE_WINDOW_S 300
#define THROTTLE_SLOTS    256

struct throttle {
	struct {
		struct addr network;
		int64_t begin_s; /* of the window; 0: slot is free */
		unsigned wrong;  /* wrong passwords since then */
	} slots[THROTTLE_SLOTS];
};

/* Seconds until `client` (text, from the web server) may try again; 0: now. */
unsigned throttle_wait_s(const struct throttle *t, const char *client, int64_t now_s);
/* A wrong password came from `client`. */
void throttle_wrong(struct throttle *t, const char *client, int64_t now_s);

#endif
