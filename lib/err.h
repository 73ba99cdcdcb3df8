/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Error codes: 0 is success, everything else is negative: an errno value negated, or one of the codes below.
 */
#ifndef NETMON_LIB_ERR_H
#define NETMON_LIB_ERR_H

#include <errno.h>

enum {
	NM_OK = 0,
	NM_EFORMAT = -2001,  /* bytes or text that do not parse */
	NM_EVERSION = -2002, /* another version of a format, schema or ABI */
	NM_ELIMIT = -2003,   /* a table, queue or size limit refused it */
	NM_ENOTFOUND = -2004,
	NM_EEXISTS = -2005,
	NM_ESTORE = -2006,  /* the SQL client said no; db_error() has its words */
	NM_EORDER = -2007,  /* a sequence with a gap, or a step out of turn */
	NM_EFENCED = -2008, /* another probe has gone on with this one's numbering */
};

/* What a code means, in a few words for a log line. Static or thread-local text; never NULL. Any thread. */
const char *nm_strerror(int code);

#endif
