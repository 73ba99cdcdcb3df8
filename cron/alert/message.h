/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words of an event: one line for a telephone and a mail's subject, and a page for the mail's body.
 */
#ifndef NETMON_CRON_ALERT_MESSAGE_H
#define NETMON_CRON_ALERT_MESSAGE_H

#include "lib/db_alert.h"

#include <stdint.h>

struct message_facts {
	const struct alert_rule *rule;
	const char *subject;    /* db_alert_subject_text()'s */
	enum alert_event event; /* ALERT_FIRED or ALERT_RECOVERED */
	uint64_t rate_bps;
	uint32_t end_s;       /* of the window that was judged */
	uint32_t since_s;     /* RECOVERED: when it had fired */
	const char *base_url; /* of the pages, may be empty */
};

struct message {
	char short_text[ALERT_SHORT_MAX];
	char long_text[ALERT_LONG_MAX];
};

/* Needs no store. */
void message_format_short(const struct message_facts *facts, struct message *ret_message);
/* Adds the heaviest applications and hosts of the window from `db`; what does not fit is left out. 0 or NM_ESTORE. */
int message_format_long(struct db *db, const struct message_facts *facts,
                        struct message *ret_message);

#endif
