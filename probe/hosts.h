/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of the hosts that flows are with: those that packets show (SNI, Host, certificates), and those that DNS told a client
 * before it went there. Life cycle: hosts_new(), then anything in any order, hosts_free().
 *
 * Any number of threads may share one in between. Nobody waits for anybody, nothing is allocated after hosts_new(). Names are
 * hostile, and there are as many of them as somebody cares to send, so they lie in a ring: a new one takes the place of the
 * oldest. Who still holds the number of one that is gone is told that there is no name, never another one.
 */
#ifndef NETMON_PROBE_HOSTS_H
#define NETMON_PROBE_HOSTS_H

#include "lib/addr.h"

#include <netmon/module.h>
#include <stddef.h>
#include <stdint.h>

#define HOSTS_NAME_MAX  253   /* octets of a name, RFC 1035 section 2.3.4 without the root's dot */
#define HOSTS_NAMES_MAX 65536 /* by default */
#define HOST_NONE       0

struct hosts;

/* Room for `names_max` names of 24 octets and as many answers of DNS; `seed` is secret, so that nobody can choose what
 * collides. 0 or -ENOMEM. */
int hosts_new(size_t names_max, uint64_t seed, struct hosts **ret_hosts);
/* NULL is fine. */
void hosts_free(struct hosts *h);

/* The number of a name, which it thereby gets if it is new. HOST_NONE for what cannot be a host's name: letters, digits, '-',
 * '_' and '.', 1 to HOSTS_NAME_MAX octets, at least two labels, the last of which has a letter. A dot at the end is left out,
 * letters become small ones. */
uint32_t hosts_learn(struct hosts *h, const uint8_t *bytes, size_t len, enum nm_name_source source);

/* The name behind a number, with NUL, and where it was seen (NULL: never mind). Its length; 0 and "" for HOST_NONE and for a
 * name that is gone. */
size_t hosts_name(const struct hosts *h, uint32_t host, char ret_name[HOSTS_NAME_MAX + 1],
                  enum nm_name_source *ret_source);
/* Where it was seen; NM_NAME_NONE for HOST_NONE and for a name that is gone. */
enum nm_name_source hosts_source(const struct hosts *h, uint32_t host);

/* DNS told `client` that `host`, from hosts_learn() with NM_NAME_DNS, is at `server`. Good for the record's time to live, at least
 * ten minutes and at most two hours, since it was told or last used. */
void hosts_resolved(struct hosts *h, const struct addr *client, const struct addr *server,
                    uint32_t host, uint32_t ttl_s, uint32_t now_s);
/* What DNS told this client of this address, or HOST_NONE. Packet time in seconds. */
uint32_t hosts_find(struct hosts *h, const struct addr *client, const struct addr *server,
                    uint32_t now_s);

struct hosts_stats {
	uint64_t names;   /* learned so far; the newest of them are still there */
	uint64_t answers; /* of DNS that are known now */
	uint64_t refused; /* answers for which there was no room, or that had to make some */
};
void hosts_get_stats(const struct hosts *h, struct hosts_stats *ret_stats);

#endif
