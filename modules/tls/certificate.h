/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The name in a server's certificate (X.509: RFC 5280), as the Certificate message of TLS 1.2 and before has it in clear text
 * (RFC 5246 section 7.4.2). No state: any thread. What is read lies within the caller's bytes.
 */
#ifndef NETMON_MODULES_TLS_CERTIFICATE_H
#define NETMON_MODULES_TLS_CERTIFICATE_H

#include <netmon/wire.h>

struct certificate {
	struct wire name; /* hostile text; a wildcard's "*." is left out; empty for none */
	bool whole;       /* the server's own certificate was here to its end */
};

/* Reads the body of a Certificate message, or its beginning: the first DNS name among the alternative names, or the common
 * name of the subject. */
struct certificate certificate_read(struct wire message);

#endif
