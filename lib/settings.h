/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings that netmond, the cron programs, netmon and netmon.cgi share: etc/netmon.conf. Found at --config, else
 * $NETMON_CONFIG, else the configuration folder's netmon.conf, else the defaults.
 */
#ifndef NETMON_LIB_SETTINGS_H
#define NETMON_LIB_SETTINGS_H

#include "lib/paths.h"

#include <stddef.h>

#define SETTINGS_TEXT_MAX 512

struct settings {
	char file[PATHS_MAX];    /* the file that was read, empty when none was found */
	char store[PATHS_MAX];   /* sqlite:PATH; default sqlite:/var/lib/netmon/netmon.db */
	char rrd[PATHS_MAX];     /* folder of the RRD tree; default /var/lib/netmon/rrd */
	char control[PATHS_MAX]; /* netmond's control socket; default /run/netmon/netmond.sock */
	char base_url
	    [SETTINGS_TEXT_MAX]; /* how people reach the pages, for links in alerts; may be empty */
	char smtp_server[SETTINGS_TEXT_MAX]; /* host:port; empty: no mail */
	char smtp_from[SETTINGS_TEXT_MAX];
	char smtp_user[SETTINGS_TEXT_MAX];  /* empty: no authentication */
	char smtp_password_file[PATHS_MAX]; /* file whose first line is the password */
	char smtp_tls[16];                  /* "starttls", "tls" or "none" */
	char smtp_ca_file[PATHS_MAX];       /* PEM; empty: the system's */
	char sms_url[SETTINGS_TEXT_MAX];    /* template of the HTTP gateway; empty: no SMS */
	char sms_method[8];                 /* "GET" or "POST" */
	char sms_body[SETTINGS_TEXT_MAX];   /* template of the body for POST */
	char sms_header_file
	    [PATHS_MAX]; /* file of request headers (tokens), one a line; may be empty */
};

/* Reads the settings; `config` is the --config argument or NULL. A file that was named but cannot be read, or does not
 * parse, is an error with one line in `err`; no file at the default place is none. */
int settings_load(const char *config, struct settings *ret_settings, char *err, size_t err_size);

#endif
