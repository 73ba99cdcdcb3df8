/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Log lines on standard error: "program: text". Life cycle: log_init() first in main(), then any function from any
 * thread. A line is one write(2). Nothing here changes errno. Bytes that came from a packet or a person are printed
 * through log_safe(), so that no terminal escape or newline gets out.
 */
#ifndef NETMON_LIB_LOG_H
#define NETMON_LIB_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Program name for every line (not copied) and the least important level that is printed. Call once, before threads. */
void log_init(const char *program, enum log_level max);
void log_set_level(enum log_level max);
bool log_enabled(enum log_level level);

/* One line each; no newline at the end of `fmt`. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Logs an error and exits with `status` (1: it failed, 2: usage). For start-up and single-job programs only. */
void log_fatal(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));

/* At most `burst` true answers in each `period_s` seconds; what was held back is added to the next line's count.
 * Zero-initialise, fill burst and period_s. Caller's thread only. */
struct log_limit {
	unsigned burst;
	unsigned period_s;
	unsigned used;
	unsigned long suppressed; /* lines held back since the last true answer */
	long window_start_s;
};
bool log_allowed(struct log_limit *limit);

/* `text` with every byte outside printable ASCII, and '\', written as \xHH, cut to fit `size`; returns `buf`. */
const char *log_safe(char *buf, size_t size, const char *text, size_t len);

#endif
