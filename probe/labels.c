/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for what the classifier says. */
#include "probe/labels.h"

#include "lib/err.h"
#include "probe/modhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX      1024 /* module names of one run; those behind it get no reason */
#define REASON_MAX     48
#define KINDS          4 /* of evidence, without none */
#define COLOUR_UNKNOWN 0x9aa0a6U

static const char *const kinds[KINDS] = { "port", "behaviour", "tag", "signature" };

/* One module's reasons. On the heap each, so that their texts stay where they are. */
struct name {
	char module[MODHOST_NAME_MAX];
	char text[KINDS][REASON_MAX];
};

struct labels {
	struct application *apps; /* sorted by id */
	size_t n_apps;
	struct name *names[NAMES_MAX];
	uint16_t n_names;
};

int
labels_new(struct labels **ret_labels)
{
	struct labels *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->apps = calloc(1, sizeof(*l->apps));
	if (!l->apps) {
		free(l);
		return -ENOMEM;
	}
	l->apps[0] = (struct application){ .id = APP_UNKNOWN,
		                           .name = "Unknown",
		                           .category = "Unknown",
		                           .colour = COLOUR_UNKNOWN,
		                           .colour_dark = COLOUR_UNKNOWN };
	l->n_apps = 1;
	*ret_labels = l;
	return 0;
}

void
labels_free(struct labels *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < l->n_names; i++)
		free(l->names[i]);
	free(l->apps);
	free(l);
}

/* Where an id is, or would be inserted. */
static size_t
position(const struct labels *l, uint16_t id)
{
	size_t low = 0;
	size_t high = l->n_apps;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->apps[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
add_app(struct labels *l, const struct nm_app *app)
{
	size_t at = position(l, app->id);

	if (at == l->n_apps || l->apps[at].id != app->id) {
		struct application *grown = reallocarray(l->apps, l->n_apps + 1, sizeof(*l->apps));

		if (!grown)
			return -ENOMEM;
		memmove(grown + at + 1, grown + at, (l->n_apps - at) * sizeof(*grown));
		l->apps = grown;
		l->n_apps++;
	}
	struct application *to = &l->apps[at];
	*to = (struct application){ .id = app->id,
		                    .colour = app->colour,
		                    .colour_dark = app->colour_dark };
	(void)snprintf(to->name, sizeof(to->name), "%s", app->name);
	(void)snprintf(to->category, sizeof(to->category), "%s", app->category);
	return 0;
}

static int
add_name(struct labels *l, const char *module, uint16_t *ret_name)
{
	for (uint16_t i = 0; i < l->n_names; i++)
		if (strcmp(l->names[i]->module, module) == 0) {
			*ret_name = i;
			return 0;
		}
	if (l->n_names == NAMES_MAX) {
		*ret_name = NAMES_MAX;
		return 0;
	}
	struct name *name = calloc(1, sizeof(*name));
	if (!name)
		return -ENOMEM;
	(void)snprintf(name->module, sizeof(name->module), "%s", module);
	for (unsigned i = 0; i < KINDS; i++)
		(void)snprintf(name->text[i], REASON_MAX, "%s %s", module, kinds[i]);
	*ret_name = l->n_names;
	l->names[l->n_names++] = name;
	return 0;
}

int
labels_add(struct labels *l, const struct nm_module *module, uint16_t *ret_name)
{
	for (size_t i = 0; i < module->n_apps; i++)
		if (add_app(l, &module->apps[i]) != 0)
			return -ENOMEM;
	return add_name(l, module->name, ret_name);
}

size_t
labels_apps(const struct labels *l, const struct application **ret_apps)
{
	*ret_apps = l->apps;
	return l->n_apps;
}

const char *
labels_app_name(const struct labels *l, uint16_t app)
{
	size_t at = position(l, app);

	return at < l->n_apps && l->apps[at].id == app ? l->apps[at].name : l->apps[0].name;
}

uint16_t
labels_reason(uint16_t name, unsigned evidence)
{
	if (evidence == NM_EV_NONE || evidence > KINDS || name >= NAMES_MAX)
		return 0;
	return (uint16_t)(1 + name * KINDS + evidence - 1);
}

const char *
labels_reason_text(const struct labels *l, uint16_t reason)
{
	unsigned name = (reason - 1U) / KINDS;

	if (reason == 0 || name >= l->n_names)
		return "";
	return l->names[name]->text[(reason - 1U) % KINDS];
}
