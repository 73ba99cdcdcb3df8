/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings that the collector, the cron programs and the pages share. */
#include "lib/settings.h"

#include "lib/conf.h"
#include "lib/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Option, default, and where it goes. libconfuse's table is made from this one. */
static const struct {
	const char *name;
	const char *dflt;
	size_t offset;
	size_t size;
} fields[] = {
#define FIELD(name, dflt)                                                                          \
	{                                                                                          \
#		name, dflt, offsetof(struct settings, name), sizeof(((struct settings *)0)->name) \
	}
	FIELD(store, "sqlite:/var/lib/netmon/netmon.db"),
	FIELD(rrd, "/var/lib/netmon/rrd"),
	FIELD(control, "/run/netmon/netmond.sock"),
	FIELD(base_url, ""),
	FIELD(smtp_server, ""),
	FIELD(smtp_from, "netmon@localhost"),
	FIELD(smtp_user, ""),
	FIELD(smtp_password_file, ""),
	FIELD(smtp_tls, "starttls"),
	FIELD(smtp_ca_file, ""),
	FIELD(sms_url, ""),
	FIELD(sms_method, "GET"),
	FIELD(sms_body, ""),
	FIELD(sms_header_file, ""),
#undef FIELD
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static int
set_field(struct settings *s, size_t i, const char *value, char *err, size_t err_size)
{
	int n = snprintf((char *)s + fields[i].offset, fields[i].size, "%s", value);

	if (n >= 0 && (size_t)n < fields[i].size)
		return NM_OK;
	(void)snprintf(err, err_size, "%s: %s is longer than %zu characters: shorten it", s->file,
	               fields[i].name, fields[i].size - 1);
	return NM_EFORMAT;
}

/* Chooses the file. True when one was found or named. */
static bool
choose_file(const char *config, struct settings *s)
{
	const char *env = getenv("NETMON_CONFIG");

	if (!config && env && *env)
		config = env;
	if (config) {
		(void)snprintf(s->file, sizeof(s->file), "%s", config);
		return true;
	}
	if (paths_find(PATHS_CONFIG, "netmon.conf", s->file, sizeof(s->file)) == 0 &&
	    access(s->file, F_OK) == 0)
		return true;
	s->file[0] = '\0';
	return false;
}

static int
read_file(struct settings *s, char *err, size_t err_size)
{
	cfg_opt_t opts[N_FIELDS + 1];
	cfg_t *conf;
	int rc;

	for (size_t i = 0; i < N_FIELDS; i++)
		opts[i] = (cfg_opt_t)CFG_STR(fields[i].name, (char *)(uintptr_t)fields[i].dflt,
		                             CFGF_NONE);
	opts[N_FIELDS] = (cfg_opt_t)CFG_END();
	rc = conf_load(s->file, opts, &conf, err, err_size);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < N_FIELDS && rc == NM_OK; i++)
		rc = set_field(s, i, cfg_getstr(conf, fields[i].name), err, err_size);
	(void)cfg_free(conf);
	return rc;
}

int
settings_load(const char *config, struct settings *ret_settings, char *err, size_t err_size)
{
	struct settings *s = ret_settings;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < N_FIELDS; i++)
		(void)set_field(s, i, fields[i].dflt, err, err_size);
	return choose_file(config, s) ? read_file(s, err, err_size) : NM_OK;
}
