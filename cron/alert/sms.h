/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SMS through an HTTP gateway that settings describe: URL template, GET or POST, body template, file of headers. Only
 * http and https, no redirect is followed (a token must not travel on), and 2xx is the only success.
 */
#ifndef NETMON_CRON_ALERT_SMS_H
#define NETMON_CRON_ALERT_SMS_H

#include "cron/alert/send.h"

void sms_send(const struct send_context *ctx, const struct send_job *job,
              struct send_result *ret_result);

#endif
