/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What answers of DNS say of hosts: the addresses of the name that was asked for. No state: any thread.
 */
#ifndef NETMON_MODULES_DNS_ANSWERS_H
#define NETMON_MODULES_DNS_ANSWERS_H

#include <netmon/module.h>

/* Addresses of one message that are passed on: clients take one of the first. */
#define ANSWERS_MAX 8

/* Tells the host of each address (A, AAAA; RFC 1035 section 3.4.1, RFC 3596) in the answers of a message to one question, of
 * the name itself or of what the message says that it is an alias of. `client`: who asked, 16 octets. Anything but such a
 * message is left alone, and so is what stands behind a record that the message does not hold to its end. */
void answers_report(struct wire message, const uint8_t *client, struct nm_call *call);

#endif
