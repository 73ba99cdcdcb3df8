/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines, through popt. */
#include "lib/opts.h"

#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
opts_usage(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* words of the command line are in it, and it has to stay one line */
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	log_fatal(2, "%s; try --help", text);
}

unsigned long
opts_number(const char *what, const char *text, unsigned long min, unsigned long max)
{
	char *end = NULL;
	bool begins = *text >= '0' && *text <= '9'; /* strtoul() would take blanks and a sign */

	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	if (!begins || *end || errno || n < min || n > max)
		opts_usage("%s must be a number from %lu to %lu, not \"%s\"", what, min, max, text);
	return n;
}

unsigned long
opts_duration_ms(const char *what, const char *text, unsigned long min_ms, unsigned long max_ms)
{
	char *end = NULL;
	bool begins = *text >= '0' && *text <= '9';

	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	unsigned long unit_ms = strcmp(end, "ms") == 0 ? 1 : strcmp(end, "s") == 0 ? 1000 : 0;
	if (!begins || !unit_ms || errno || n > max_ms / unit_ms || n * unit_ms < min_ms)
		opts_usage("%s must be a time from %lums to %lus, such as 500ms or 5s, not \"%s\"",
		           what, min_ms, max_ms / 1000, text);
	return n * unit_ms;
}

bool
opts_flag(const char *what, const char *text)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "true", true }, { "false", false }, { "yes", true },
		      { "no", false },  { "on", true },     { "off", false } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i].word) == 0)
			return words[i].value;
	opts_usage("%s must be true or false, not \"%s\"", what, text);
}

static void
print_help(const char *program, const struct poptOption *table, const char *words)
{
	printf("usage: %s [OPTION...] %s\n\n", program, words);
	for (const struct poptOption *o = table; o->longName || o->shortName; o++) {
		char name[64];
		const char *arg = o->argDescrip ? o->argDescrip : "";
		const char *gap = o->argDescrip ? (o->longName ? "=" : " ") : "";

		if (o->shortName && o->longName)
			(void)snprintf(name, sizeof(name), "-%c, --%s%s%s", o->shortName,
			               o->longName, gap, arg);
		else if (o->shortName)
			(void)snprintf(name, sizeof(name), "-%c%s%s", o->shortName, gap, arg);
		else
			(void)snprintf(name, sizeof(name), "    --%s%s%s", o->longName, gap, arg);
		printf("  %-30s %s\n", name, o->descrip ? o->descrip : "");
	}
}

poptContext
/* seven parameters, each once in every main(). NOLINTNEXTLINE(readability-function-size) */
opts_parse(const char *program, const struct poptOption *table, const char *words, int argc,
           const char *const *argv, int (*each)(void *ctx, int val, const char *arg), void *ctx)
{
	poptContext con = poptGetContext(program, argc, (const char **)(uintptr_t)argv, table,
	                                 POPT_CONTEXT_POSIXMEHARDER);
	int val;

	if (!con)
		log_fatal(1, "out of memory");
	while ((val = poptGetNextOpt(con)) > 0) {
		char *arg = poptGetOptArg(con);

		if (val == OPTS_VERSION || val == OPTS_HELP) {
			if (val == OPTS_VERSION)
				printf("%s %s\n", program, NETMON_VERSION);
			else
				print_help(program, table, words);
			(void)poptFreeContext(con);
			if (fflush(stdout) != 0)
				log_fatal(1, "standard output: %s", strerror(errno));
			exit(0);
		}
		if (each(ctx, val, arg) < 0)
			exit(2);
		free(arg);
	}
	if (val < -1)
		opts_usage("%s: %s", poptBadOption(con, 0), poptStrerror(val));
	return con;
}
