/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration files, through libconfuse. */
#include "lib/conf.h"

#include "lib/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* libconfuse reports through a callback without a context argument, so the first message waits here for conf_load() */
static _Thread_local char first_error[512];

static void __attribute__((format(printf, 2, 0)))
keep_error(cfg_t *conf, const char *fmt, va_list ap)
{
	char text[384];

	if (first_error[0])
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)snprintf(first_error, sizeof(first_error), "%s:%d: %s",
	               conf && conf->filename ? conf->filename : "?", conf ? conf->line : 0, text);
}

int
conf_load(const char *path, cfg_opt_t *opts, cfg_t **ret_conf, char *err, size_t err_size)
{
	/* asked beforehand, because cfg_parse() does not say why it cannot read, and ends the program on a directory */
	struct stat st;
	int code = access(path, R_OK) < 0 || stat(path, &st) < 0 ? -errno
	           : S_ISDIR(st.st_mode)                         ? -EISDIR
	                                                         : NM_OK;
	if (code < 0) {
		(void)snprintf(err, err_size,
		               "%s: %s: create it or name another file with --config", path,
		               nm_strerror(code));
		return code;
	}
	cfg_t *conf = cfg_init(opts, CFGF_NONE);
	if (!conf) {
		(void)snprintf(err, err_size, "%s: out of memory", path);
		return -ENOMEM;
	}
	first_error[0] = '\0';
	(void)cfg_set_error_function(conf, keep_error);
	if (cfg_parse(conf, path) != CFG_SUCCESS) {
		(void)snprintf(err, err_size, "%s",
		               first_error[0] ? first_error : "configuration not understood");
		(void)cfg_free(conf);
		return NM_EFORMAT;
	}
	*ret_conf = conf;
	return NM_OK;
}
