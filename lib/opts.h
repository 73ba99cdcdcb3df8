/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Command lines, through popt: every program gives one table, gets --help made from it, --version, and errors of one
 * line with exit status 2.
 */
#ifndef NETMON_LIB_OPTS_H
#define NETMON_LIB_OPTS_H

#include <popt.h>
#include <stdbool.h>

#ifndef NETMON_VERSION
#	define NETMON_VERSION "0"
#endif

/* Put last in a program's table, before POPT_TABLEEND. */
#define OPTS_COMMON                                                                               \
	{                                                                                         \
		"version", '\0', POPT_ARG_NONE, NULL, OPTS_VERSION, "print the version and exit", \
		NULL                                                                              \
	},                                                                                        \
	{                                                                                         \
		"help", '\0', POPT_ARG_NONE, NULL, OPTS_HELP, "print this help and exit", NULL    \
	}

enum { OPTS_VERSION = 30001, OPTS_HELP = 30002 };

/*
 * Parses argv by `table`. `each` is called for every option whose table entry has a value `val` other than 0, with the
 * option's argument or NULL (its own, to be freed by opts only); it returns 0, or -1 after opts_usage(). Exits by itself
 * for --help, --version (0) and errors (2). Returns the context, from which poptGetArgs() gives the words that are
 * left; free it with poptFreeContext(). `words` is what --help shows behind "[OPTION...] ".
 * Options end at the first word that is none, so that BPF filters and sub-commands keep their own dashes.
 */
poptContext opts_parse(const char *program, const struct poptOption *table, const char *words,
                       int argc, const char *const *argv,
                       int (*each)(void *ctx, int val, const char *arg), void *ctx);

/* One line "program: text; try --help" and exit status 2. */
void opts_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* A decimal number within limits, or opts_usage() with `what` in its text. */
unsigned long opts_number(const char *what, const char *text, unsigned long min, unsigned long max);

/* A time such as "100ms" or "5s" within limits in milliseconds, likewise. */
unsigned long opts_duration_ms(const char *what, const char *text, unsigned long min_ms,
                               unsigned long max_ms);

/* "true" or "false" (yes, no, on, off), likewise. */
bool opts_flag(const char *what, const char *text);

#endif
