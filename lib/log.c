/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log lines on standard error. */
#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct {
	const char *program;
	enum log_level max;
} config = { "netmon", LOG_LEVEL_INFO };

void
log_init(const char *program, enum log_level max)
{
	config.program = program;
	config.max = max;
}

void
log_set_level(enum log_level max)
{
	config.max = max;
}

bool
log_enabled(enum log_level level)
{
	return level <= config.max;
}

static void __attribute__((format(printf, 2, 0)))
log_line(enum log_level level, const char *fmt, va_list ap)
{
	char line[1024];
	int saved = errno;
	int n, m;

	if (!log_enabled(level))
		return;
	n = snprintf(line, sizeof(line), "%s: ", config.program);
	if (n < 0 || (size_t)n >= sizeof(line) - 1)
		n = 0;
	m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	if (m < 0)
		m = 0;
	size_t len = (size_t)n + (size_t)m;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	/* one write, so that lines of several processes on one terminal or pipe stay whole; a log that cannot be
	 * written has nobody left to be told */
	if (write(STDERR_FILENO, line, len) < 0)
		errno = saved;
	errno = saved;
}

#define LOG_FUNCTION(name, level)         \
	void name(const char *fmt, ...)   \
	{                                 \
		va_list ap;               \
		va_start(ap, fmt);        \
		log_line(level, fmt, ap); \
		va_end(ap);               \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void
log_fatal(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
	exit(status);
}

bool
log_allowed(struct log_limit *limit)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (limit->used == 0 || now.tv_sec - limit->window_start_s >= (long)limit->period_s) {
		limit->window_start_s = now.tv_sec;
		limit->used = 0;
	}
	if (limit->used >= limit->burst) {
		limit->suppressed++;
		return false;
	}
	limit->used++;
	return true;
}

const char *
log_safe(char *buf, size_t size, const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c >= 0x20 && c < 0x7f && c != '\\';

		if (out + (plain ? 1 : 4) >= size)
			break;
		if (plain) {
			buf[out++] = (char)c;
			continue;
		}
		buf[out++] = '\\';
		buf[out++] = 'x';
		buf[out++] = hex[c >> 4];
		buf[out++] = hex[c & 15];
	}
	if (size)
		buf[out] = '\0';
	return buf;
}
