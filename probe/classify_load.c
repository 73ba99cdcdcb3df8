/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A classifier's life, what it has loaded, and words for what it says. */
#include "probe/classify_inner.h"

#include "lib/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TAGS_MAX 65536
/* The categories of what carries other applications: HTTP, QUIC, and TLS of which no more is known. */
static const char *const carriers[] = { "Web", "Encrypted" };
#define PEER_CATEGORY "Peer-to-peer"
#define BITTORRENT    "BitTorrent"

/* The words of what behaviour says, as a module would declare them. */
static const struct nm_app peer_apps[] = {
	{ APP_P2P, "P2P", PEER_CATEGORY, 0xa2478f, 0xd98cc9 },
};
static const struct nm_module peer_words = { .name = "peers", .apps = peer_apps, .n_apps = 1 };

/* --- life ------------------------------------------------------------------------------------------------------- */

static int
open_tables(struct classifier *c, const struct classify_limits *limits)
{
	size_t tags_max = limits->tags_max ? limits->tags_max : TAGS_MAX;
	size_t names_max = limits->names_max ? limits->names_max : HOSTS_NAMES_MAX;
	uint64_t seed[3] = { 0, 0, 0 };
	int rc = NM_OK;

	/* Without random numbers collisions can be made, which cost time and nothing else. */
	(void)!getrandom(seed, sizeof(seed), GRND_NONBLOCK);
	c->tags = limits->tags;
	c->hosts = limits->hosts;
	c->shares_tags = c->tags != NULL;
	c->shares_hosts = c->hosts != NULL;
	if (!c->tags)
		rc = tag_new(tags_max, seed[0], &c->tags);
	if (rc == NM_OK && !c->hosts)
		rc = hosts_new(names_max, seed[1], &c->hosts);
	if (rc == NM_OK && !limits->no_behaviour)
		rc = behaviour_new(BEHAVIOUR_HOSTS_MAX, seed[2], &c->behaviour);
	return rc;
}

int
classify_new(const struct classify_limits *limits, struct classifier **ret_classifier)
{
	static const struct classify_limits defaults;
	struct classifier *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->tags_credit = TAGS_CREDIT;
	int rc = open_tables(c, limits ? limits : &defaults);
	if (rc == NM_OK) {
		c->ends = tag_ends(c->tags);
		rc = labels_new(&c->labels);
	}
	if (rc == NM_OK)
		rc = classify_load_static(c, NULL, 0);
	if (rc != NM_OK) {
		classify_free(c);
		return rc;
	}
	*ret_classifier = c;
	return NM_OK;
}

/* Ends what a set holds. */
static void
drop(struct classify_set *set)
{
	dispatch_free(set->dispatch);
	modhost_close(set->modules);
	services_unref(set->services);
	rules_unref(set->rules);
}

void
classify_free(struct classifier *c)
{
	if (!c)
		return;
	drop(&c->set);
	labels_free(c->labels);
	behaviour_free(c->behaviour);
	if (!c->shares_tags)
		tag_free(c->tags);
	if (!c->shares_hosts)
		hosts_free(c->hosts);
	free(c);
}

/* --- sets -------------------------------------------------------------------------------------------------------- */

/* Remembers what is to be known of an application. */
static void
note_kind(struct classify_set *set, const struct nm_app *app)
{
	uint8_t bit = (uint8_t)(1U << app->id % 8);

	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
		if (strcmp(app->category, carriers[i]) == 0)
			set->carriers[app->id / 8] |= bit;
	if (strcmp(app->category, PEER_CATEGORY) == 0)
		set->peers[app->id / 8] |= bit;
	if (strcmp(app->name, BITTORRENT) == 0)
		set->bittorrent = app->id;
}

/* Gives the modules' applications and names their words. */
static int
label_modules(struct classifier *c, struct classify_set *set)
{
	int rc = NM_OK;

	for (size_t i = 0; rc == NM_OK && i < modset_count(set->modules); i++) {
		const struct nm_module *m = modset_module(set->modules, i);

		rc = labels_add(c->labels, m, &set->names[i]);
		for (size_t j = 0; j < m->n_apps; j++)
			note_kind(set, &m->apps[j]);
	}
	return rc;
}

/* The same for what behaviour says. */
static int
label_behaviour(struct classifier *c, struct classify_set *set)
{
	uint16_t name;

	if (!c->behaviour)
		return NM_OK;
	int rc = labels_add(c->labels, &peer_words, &name);
	if (rc == NM_OK)
		set->peers_reason = labels_reason(name, NM_EV_BEHAVIOUR);
	return rc;
}

/* Gives the services their ids. */
static int
label_services(struct classifier *c, struct classify_set *set)
{
	int rc = NM_OK;

	for (size_t i = 0; rc == NM_OK && i < services_count(set->services); i++) {
		const struct service *s = services_at(set->services, i);
		uint16_t app = APP_UNKNOWN;

		rc = labels_named(c->labels, s->name, s->category, &app);
		services_bind(set->services, i, app);
	}
	return rc;
}

/* Gives the rules their ids and reasons: "FILE:LINE rule". */
static int
label_rules(struct classifier *c, struct classify_set *set, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *file = slash ? slash + 1 : path;
	int rc = NM_OK;

	for (size_t i = 0; rc == NM_OK && i < rules_count(set->rules); i++) {
		const struct rule *r = rules_at(set->rules, i);
		uint16_t app = APP_UNKNOWN, name = 0;
		char where[MODHOST_NAME_MAX];

		(void)snprintf(where, sizeof(where), "%.20s:%u", file ? file : "", r->line);
		rc = labels_named(c->labels, r->name, r->category, &app);
		if (rc == NM_OK)
			rc = labels_name(c->labels, where, &name);
		rules_bind(set->rules, i, app, labels_reason(name, NM_EV_RULE));
	}
	return rc;
}

/* What changes when any of the files does, in 32 bits, never 0. */
static uint32_t
version_of(const struct classify_set *set)
{
	uint64_t all = modset_digest(set->modules) ^ services_digest(set->services) * 3 ^
	               rules_digest(set->rules) * 5;
	uint32_t version = (uint32_t)(all ^ all >> 32);

	return version ? version : 1;
}

/* Puts what is ready in the place of the old one, and takes it over. */
static void
replace(struct classifier *c, const struct classify_set *set)
{
	drop(&c->set);
	c->set = *set;
	for (unsigned transport = 0; transport < sizeof(c->set.budget); transport++)
		c->set.budget[transport] =
		    (uint8_t)dispatch_budget(set->dispatch, (uint8_t)transport);
	c->generation++;
}

/* Completes a set that has its modules, services and rules, and puts it in the place of the old one. Takes it over, on failure
 * too. */
static int
install(struct classifier *c, struct classify_set *set, const char *rules_path)
{
	int rc = dispatch_new(set->modules, &set->dispatch);

	if (rc == NM_OK)
		rc = label_modules(c, set);
	if (rc == NM_OK)
		rc = label_behaviour(c, set);
	if (rc == NM_OK)
		rc = label_services(c, set);
	if (rc == NM_OK)
		rc = label_rules(c, set, rules_path);
	if (rc != NM_OK) {
		drop(set);
		return rc;
	}
	set->version = version_of(set);
	replace(c, set);
	return NM_OK;
}

int
classify_load(struct classifier *c, const struct classify_files *files, char *err, size_t err_size)
{
	struct classify_set set = { 0 };
	int rc = modhost_open(files->modules, files->module_dir, err, err_size, &set.modules);

	if (rc == NM_OK)
		rc = services_load(files->services, &set.services, err, err_size);
	if (rc == NM_OK)
		rc = rules_load(files->rules, &set.rules, err, err_size);
	if (rc != NM_OK) {
		drop(&set);
		return rc;
	}
	rc = install(c, &set, files->rules);
	if (rc != NM_OK && err_size > 0)
		(void)snprintf(err, err_size, "%s: %s", files->modules, nm_strerror(rc));
	return rc;
}

int
classify_load_static(struct classifier *c, const struct nm_module *const *modules, size_t n)
{
	struct classify_set set = { 0 };
	int rc = modhost_adopt(modules, n, &set.modules);

	if (rc == NM_OK)
		rc = services_load(NULL, &set.services, NULL, 0);
	if (rc == NM_OK)
		rc = rules_load(NULL, &set.rules, NULL, 0);
	if (rc != NM_OK) {
		drop(&set);
		return rc;
	}
	return install(c, &set, NULL);
}

int
classify_follow(struct classifier *c, const struct classifier *leader)
{
	struct classify_set set = leader->set;

	set.modules = NULL;
	set.dispatch = NULL;
	(void)services_ref(set.services);
	(void)rules_ref(set.rules);
	int rc = modhost_copy(leader->set.modules, &set.modules);
	if (rc == NM_OK)
		rc = dispatch_new(set.modules, &set.dispatch);
	if (rc != NM_OK) {
		drop(&set);
		return rc;
	}
	replace(c, &set);
	return NM_OK;
}

/* --- words ------------------------------------------------------------------------------------------------------ */

size_t
classify_apps(const struct classifier *c, const struct application **ret_apps)
{
	return labels_apps(c->labels, ret_apps);
}

const char *
classify_app_name(const struct classifier *c, uint16_t app)
{
	return labels_app_name(c->labels, app);
}

const char *
classify_reason(const struct classifier *c, uint16_t reason)
{
	return labels_reason_text(c->labels, reason);
}

size_t
classify_reasons(const struct classifier *c)
{
	return labels_reasons(c->labels);
}

uint32_t
classify_labels(const struct classifier *c)
{
	return c->set.version;
}

size_t
classify_host(const struct classifier *c, uint32_t host, char ret_name[HOSTS_NAME_MAX + 1],
              enum nm_name_source *ret_source)
{
	return hosts_name(c->hosts, host, ret_name, ret_source);
}

void
classify_trace(struct classifier *c, void (*see)(void *ctx, const struct classify_event *event),
               void *ctx)
{
	c->see = see;
	c->see_ctx = ctx;
}

void
classify_get_stats(const struct classifier *c, struct classify_stats *ret_stats)
{
	*ret_stats = (struct classify_stats){
		.tags = tag_count(c->tags),
		.tags_refused = tag_refused(c->tags) + c->tags_left_out,
		.module_calls = c->module_calls,
		.modules = (unsigned)modset_count(c->set.modules),
		.left_out = (unsigned)modset_left_out(c->set.modules),
		.services = (unsigned)services_count(c->set.services),
		.rules = (unsigned)rules_count(c->set.rules),
	};
	hosts_get_stats(c->hosts, &ret_stats->hosts);
}
