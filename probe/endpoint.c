/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the probe makes of an endpoint. */
#include "probe/endpoint.h"

#include "lib/addr.h"
#include "lib/err.h"
#include "lib/log.h"
#include "probe/classify.h"
#include "probe/rules.h"
#include "probe/state.h"
#include "probe/tag.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
	uint8_t protocol;
	const char *name;
} transports[] = { { NM_TCP, "tcp" }, { NM_UDP, "udp" } };

#define N_TRANSPORTS (sizeof(transports) / sizeof(transports[0]))

struct endpoint {
	const struct options *options;
	struct addr addr;
	uint16_t port;
	struct classifier *classifier;
};

/* --- rules -------------------------------------------------------------------------------------------------------- */

/* A packet to the endpoint from nowhere in particular: rules that also say who is at the other end do not meet it. */
static int
tell_rules(const struct endpoint *e)
{
	struct rules *rules;
	char err[512];

	int rc = rules_load(e->options->rules, &rules, err, sizeof(err));
	if (rc < 0) {
		log_error("%s", err);
		return rc;
	}
	for (size_t i = 0; i < N_TRANSPORTS; i++) {
		struct packet pkt = { .saddr = addr_is_v4(&e->addr)
			                           ? addr_from_v4((const uint8_t[4]){ 0 })
			                           : (struct addr){ .b = { 0 } },
			              .daddr = e->addr,
			              .dport = e->port,
			              .protocol = transports[i].protocol };
		const struct rule *r = rules_find(rules, &pkt);

		if (r)
			printf(
			    "rule      %s line %u calls it %s, on %s, whoever is at the other end\n",
			    e->options->rules, r->line, r->name, transports[i].name);
		else
			printf("rule      none by this end alone, on %s\n", transports[i].name);
	}
	rules_unref(rules);
	return NM_OK;
}

/* --- tags --------------------------------------------------------------------------------------------------------- */

static size_t
tell_facts(const struct endpoint *e, const char *folder, struct tag_table *tags)
{
	size_t known = 0;

	for (size_t i = 0; i < N_TRANSPORTS; i++) {
		const struct tag_key key = { .addr = e->addr,
			                     .port = e->port,
			                     .transport = transports[i].protocol };
		struct tag_fact fact;

		if (!tag_find(tags, &key, (uint32_t)time(NULL), &fact))
			continue;
		printf(
		    "tag       %s is %s, confidence %u (%s), for %u s after its last use, in %s\n",
		    transports[i].name, classify_app_name(e->classifier, fact.app), fact.confidence,
		    classify_reason(e->classifier, fact.reason), fact.ttl_s, folder);
		known++;
	}
	return known;
}

/* What one probe saved. How many tags there were of the endpoint. */
static size_t
tell_folder(const struct endpoint *e, const char *folder)
{
	struct tag_file_result result = { .tags = 0 };
	struct tag_table *tags;
	size_t known = 0;

	if (tag_new(e->options->max_tags, 0, &tags) < 0) {
		log_error("out of memory");
		return 0;
	}
	if (state_read(folder, e->classifier, tags, &result) < 0)
		log_warn("%s: %s", folder, result.fault);
	else
		known = tell_facts(e, folder, tags);
	tag_free(tags);
	return known;
}

/* The folder itself, or those of several probes below it. */
static void
tell_tags(const struct endpoint *e)
{
	static const char *const below[] = { "", "/*" };
	const char *state = e->options->state_dir;
	size_t folders = 0, known = 0;

	for (size_t i = 0; state && i < sizeof(below) / sizeof(below[0]); i++) {
		char pattern[PATH_MAX];
		glob_t found;

		(void)snprintf(pattern, sizeof(pattern), "%s%s/" TAG_FILE_NAME, state, below[i]);
		if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
			continue;
		for (size_t j = 0; j < found.gl_pathc; j++, folders++) {
			*strrchr(found.gl_pathv[j], '/') = '\0';
			known += tell_folder(e, found.gl_pathv[j]);
		}
		globfree(&found);
	}
	if (folders == 0)
		printf("tag       no probe has saved any in %s\n", state ? state : "a --state-dir");
	else if (known == 0)
		printf("tag       none, by what %zu probe%s saved in the last minute or two\n",
		       folders, folders == 1 ? "" : "s");
}

/* --- entry -------------------------------------------------------------------------------------------------------- */

int
endpoint_explain(const struct options *options)
{
	const struct classify_files files = { .modules = options->modules,
		                              .module_dir = options->module_dir };
	struct endpoint e = { .options = options };
	char err[512] = "out of memory";

	(void)addr_port_parse(options->endpoint, &e.addr, &e.port);
	int rc = classify_new(NULL, &e.classifier);
	if (rc == NM_OK)
		rc = classify_load(e.classifier, &files, err, sizeof(err));
	if (rc < 0) {
		log_error("%s", err);
		classify_free(e.classifier);
		return 1;
	}
	printf("%s\n", options->endpoint);
	rc = tell_rules(&e);
	tell_tags(&e);
	classify_free(e.classifier);
	return rc < 0 ? 2 : 0;
}
