/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon: the admin's command. */
#include "cron/admin/cmd.h"
#include "lib/log.h"
#include "lib/opts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cmd *const commands[] = { &cmd_groups,  &cmd_user,   &cmd_alert,
	                                      &cmd_contact, &cmd_apps,   &cmd_explain,
	                                      &cmd_probe,   &cmd_ledger, &cmd_store };

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int
no_option(void *ctx, int val, const char *arg)
{
	(void)ctx;
	(void)val;
	(void)arg;
	return 0;
}

/* What stands behind "usage: netmon [OPTION...] ". */
static void
describe(char *ret, size_t size)
{
	size_t len = (size_t)snprintf(ret, size,
	                              "COMMAND VERB [WORD...]\n\ncommands (netmon "
	                              "COMMAND --help says more):");

	for (size_t i = 0; i < N_COMMANDS && len < size; i++) {
		int n = snprintf(ret + len, size - len, "\n  %-30s %s", commands[i]->noun,
		                 commands[i]->help);

		len += n > 0 ? (size_t)n : 0;
	}
	if (len < size)
		(void)snprintf(ret + len, size - len, "\n\noptions:");
}

static const struct cmd *
find_command(const char *noun)
{
	if (!noun)
		opts_usage("a command is missing");
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i]->noun, noun) == 0)
			return commands[i];
	opts_usage("no command \"%s\"", noun);
}

int
main(int argc, const char *const *argv)
{
	static struct settings settings;
	char *config = NULL, *store = NULL;
	char help[2048], err[512];
	const struct poptOption table[] = {
		{ "config", '\0', POPT_ARG_STRING, &config, 0, "read settings from FILE", "FILE" },
		{ "store", '\0', POPT_ARG_STRING, &store, 0, "the store, instead of the settings'",
		  "sqlite:PATH" },
		OPTS_COMMON,
		POPT_TABLEEND
	};

	log_init("netmon", LOG_LEVEL_INFO);
	describe(help, sizeof(help));
	poptContext words = opts_parse("netmon", table, help, argc, argv, no_option, NULL);
	const struct cmd *cmd = find_command(poptGetArg(words));
	const char **rest = poptGetArgs(words);
	int n = 0;
	while (rest && rest[n])
		n++;
	if (settings_load(config, &settings, err, sizeof(err)) < 0)
		log_fatal(1, "%s", err);
	struct cmd_context ctx = { .store = store ? store : settings.store, .settings = &settings };
	int status = cmd_run(cmd, &ctx, n, rest ? rest : (const char *const[]){ NULL });
	(void)poptFreeContext(words);
	free(config);
	free(store);
	return status;
}
