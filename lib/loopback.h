/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether an address stays on this machine: 127.0.0.0/8 (RFC 1122 section 3.2.1.3), ::1 (RFC 4291 section 2.5.3), and the
 * former in an IPv6 address (section 2.5.5.2). Any thread.
 */
#ifndef NETMON_LIB_LOOPBACK_H
#define NETMON_LIB_LOOPBACK_H

#include <stdbool.h>

struct addrinfo;
struct sockaddr;

bool loopback_is(const struct sockaddr *address);
/* Whether every address of a name or a literal address is one; "*" is none. 0, or an error for gai_strerror(). */
int loopback_name(const char *name, bool *ret_all);
/* Whether `text` is an address, not a name, beyond loopback: known without asking anybody. */
bool loopback_is_beyond(const char *text);

#endif
