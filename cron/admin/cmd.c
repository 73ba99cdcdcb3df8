/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dispatch of sub-commands: verbs, options, the store. */
#include "cron/admin/cmd.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/opts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
cmd_value(const struct cmd_context *ctx, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < ctx->n_given; i++)
		if (strcmp(ctx->given[i].option->name, name) == 0)
			value = ctx->given[i].value;
	return value;
}

int
cmd_fail(const struct cmd_context *ctx, const char *what, int rc)
{
	if (rc == NM_ESTORE && ctx->db)
		log_error("%s: %s", what, db_error(ctx->db));
	else
		log_error("%s: %s", what, nm_strerror(rc));
	return 1;
}

static bool
has_verbs(const struct cmd *cmd)
{
	return cmd->verbs[0].name[0] != '\0';
}

static void
print_help(const struct cmd *cmd)
{
	printf("usage: netmon [OPTION...] %s %s[WORD...]\n", cmd->noun,
	       has_verbs(cmd) ? "VERB " : "");
	printf("%s\n", cmd->help);
	for (const struct cmd_verb *v = cmd->verbs; v->name; v++) {
		printf("\n  %s%s%s %s\n      %s\n", cmd->noun, has_verbs(cmd) ? " " : "", v->name,
		       v->words, v->help);
		for (const struct cmd_option *o = v->options; o && o->name; o++) {
			char text[64];

			(void)snprintf(text, sizeof(text), "--%s%s%s", o->name, o->arg ? "=" : "",
			               o->arg ? o->arg : "");
			printf("      %-26s %s\n", text, o->help);
		}
	}
}

/* The verbs' names, for an error line. */
static void
verb_names(const struct cmd *cmd, char *ret, size_t size)
{
	size_t len = 0;

	ret[0] = '\0';
	for (const struct cmd_verb *v = cmd->verbs; v->name && len < size; v++) {
		const char *between = v == cmd->verbs ? "" : v[1].name ? ", " : " or ";
		int n = snprintf(ret + len, size - len, "%s%s", between, v->name);

		len += n > 0 ? (size_t)n : 0;
	}
}

static const struct cmd_verb *
find_verb(const struct cmd *cmd, const char *name)
{
	char names[256];

	if (!has_verbs(cmd))
		return cmd->verbs;
	for (const struct cmd_verb *v = cmd->verbs; name && v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	verb_names(cmd, names, sizeof(names));
	if (name)
		opts_usage("%s has no verb \"%s\": say %s", cmd->noun, name, names);
	opts_usage("%s what? Say %s", cmd->noun, names);
}

static const struct cmd_option *
find_option(const struct cmd *cmd, const struct cmd_verb *verb, const char *name, size_t len)
{
	for (const struct cmd_option *o = verb->options; o && o->name; o++)
		if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
			return o;
	opts_usage("%s %s has no option --%.*s", cmd->noun, verb->name, (int)len, name);
}

/* Takes the option at words[0], perhaps with words[1] as its value; returns how many words it took. */
static int
take_option(const struct cmd *cmd, const struct cmd_verb *verb, struct cmd_context *ctx,
            const char *const *words)
{
	const char *name = words[0] + 2;
	const char *equals = strchr(name, '=');
	const struct cmd_option *o =
	    find_option(cmd, verb, name, equals ? (size_t)(equals - name) : strlen(name));
	const char *value = equals ? equals + 1 : o->arg ? words[1] : "";

	if (!o->arg && equals)
		opts_usage("--%s takes no value", o->name);
	if (!value)
		opts_usage("--%s needs a value: --%s=%s", o->name, o->name, o->arg);
	if (ctx->n_given == CMD_GIVEN_MAX)
		opts_usage("more than %d options", CMD_GIVEN_MAX);
	ctx->given[ctx->n_given].option = o;
	ctx->given[ctx->n_given++].value = value;
	return o->arg && !equals ? 2 : 1;
}

/* Sorts a verb's words into options, which go to ctx, and the rest, which goes to ret_rest. */
static int
sort_words(const struct cmd *cmd, const struct cmd_verb *verb, struct cmd_context *ctx,
           const char *const *words, const char **ret_rest)
{
	bool options = true;
	int n = 0;

	while (*words) {
		if (options && strcmp(*words, "--") == 0) {
			options = false;
			words++;
		} else if (options && strncmp(*words, "--", 2) == 0) {
			words += take_option(cmd, verb, ctx, words);
		} else {
			ret_rest[n++] = *words++;
		}
	}
	ret_rest[n] = NULL;
	return n;
}

static int
run_verb(const struct cmd_verb *verb, struct cmd_context *ctx, int argc, const char *const *argv)
{
	char err[512];

	if (verb->store != CMD_NO_STORE &&
	    db_open(ctx->store, verb->store == CMD_READ ? DB_READ : DB_WRITE, &ctx->db, err,
	            sizeof(err)) < 0) {
		log_error("%s", err);
		return 1;
	}
	int status = verb->run(ctx, argc, argv);
	db_close(ctx->db);
	ctx->db = NULL;
	if (fflush(stdout) != 0) {
		log_error("standard output: %s", nm_strerror(-errno));
		status = 1;
	}
	return status;
}

int
cmd_run(const struct cmd *cmd, struct cmd_context *ctx, int argc, const char *const *words)
{
	if (argc > 0 &&
	    (strcmp(words[0], "--help") == 0 || strcmp(words[argc - 1], "--help") == 0)) {
		print_help(cmd);
		return 0;
	}
	if (argc > CMD_WORDS_MAX)
		opts_usage("more than %d words", CMD_WORDS_MAX);
	const struct cmd_verb *verb = find_verb(cmd, argc > 0 ? words[0] : NULL);
	const char **rest = calloc((size_t)argc + 1, sizeof(*rest));
	if (!rest)
		log_fatal(1, "out of memory");
	int n = sort_words(cmd, verb, ctx, words + (has_verbs(cmd) ? 1 : 0), rest);
	if (n < verb->min_words || (verb->max_words >= 0 && n > verb->max_words))
		opts_usage("write: netmon %s%s%s %s", cmd->noun, has_verbs(cmd) ? " " : "",
		           verb->name, verb->words);
	int status = run_verb(verb, ctx, n, rest);
	free(rest);
	return status;
}
