/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for what the classifier says. */
#include "probe/labels.h"

#include "lib/err.h"
#include "probe/modhost.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Modules and lines of rules in one run, what each reload brought included. The last name is that of all behind it: without a
 * reason a rule would not count. */
#define NAMES_MAX      8192
#define NAME_OF_REST   "other"
#define REASON_MAX     48
#define KINDS          5 /* of evidence, without none */
#define COLOUR_UNKNOWN 0x9aa0a6U
/* Ids that come from names: few enough names are ever there that they seldom meet. */
#define NAMED_FIRST (NM_APP_ID_MAX + 1)
#define NAMED_IDS   40000U

static const char *const kinds[KINDS] = { "port", "behaviour", "tag", "signature", "rule" };

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

/* The place of an id, which it thereby has if it had none; NULL without memory. */
static struct application *
place_of(struct labels *l, uint16_t id)
{
	size_t at = position(l, id);

	if (at == l->n_apps || l->apps[at].id != id) {
		struct application *grown = reallocarray(l->apps, l->n_apps + 1, sizeof(*l->apps));

		if (!grown)
			return NULL;
		memmove(grown + at + 1, grown + at, (l->n_apps - at) * sizeof(*grown));
		l->apps = grown;
		l->n_apps++;
	}
	return &l->apps[at];
}

static int
add_app(struct labels *l, const struct nm_app *app)
{
	struct application *to = place_of(l, app->id);

	if (!to)
		return -ENOMEM;
	*to = (struct application){ .id = app->id,
		                    .colour = app->colour,
		                    .colour_dark = app->colour_dark };
	(void)snprintf(to->name, sizeof(to->name), "%s", app->name);
	(void)snprintf(to->category, sizeof(to->category), "%s", app->category);
	return 0;
}

/* --- names without an id ------------------------------------------------------------------------------------------ */

/* A colour of its own for each name: the hue by the hash, strong enough to be told from white and from black. */
static uint32_t
colour_of(uint64_t hash, unsigned least, unsigned most)
{
	unsigned span = most - least;
	unsigned hue = (unsigned)(hash >> 32) % (6 * span); /* once around the colour wheel */
	unsigned part = hue % span;
	const unsigned up = least + part, down = most - part;
	const unsigned around[6][3] = { { most, up, least }, { down, most, least },
		                        { least, most, up }, { least, down, most },
		                        { up, least, most }, { most, least, down } };
	const unsigned *rgb = around[hue / span];

	return rgb[0] << 16 | rgb[1] << 8 | rgb[2];
}

static const struct application *
app_named(const struct labels *l, const char *name)
{
	for (size_t i = 0; i < l->n_apps; i++)
		if (strcasecmp(l->apps[i].name, name) == 0)
			return &l->apps[i];
	return NULL;
}

/* The first id from the name's own on that nobody has; 0 when all are taken. */
static uint16_t
free_id(const struct labels *l, uint64_t hash)
{
	for (unsigned i = 0; i < NAMED_IDS; i++) {
		uint16_t id = (uint16_t)(NAMED_FIRST + (hash + i) % NAMED_IDS);
		size_t at = position(l, id);

		if (at == l->n_apps || l->apps[at].id != id)
			return id;
	}
	return APP_UNKNOWN;
}

int
labels_named(struct labels *l, const char *name, const char *category, uint16_t *ret_app)
{
	const struct application *had = app_named(l, name);
	char small[APP_NAME_MAX] = "";

	if (had && (had->id < NAMED_FIRST || !*category || strcmp(had->category, category) == 0)) {
		*ret_app = had->id;
		return NM_OK;
	}
	for (size_t i = 0; i + 1 < sizeof(small) && name[i]; i++)
		small[i] = (char)tolower((unsigned char)name[i]);
	uint64_t hash = XXH3_64bits(small, sizeof(small));
	uint16_t id = had ? had->id : free_id(l, hash);
	struct application *to = id ? place_of(l, id) : NULL;
	if (!to)
		return id ? -ENOMEM : NM_ELIMIT;
	*to = (struct application){ .id = id,
		                    .colour = colour_of(hash, 0x30, 0xc8),
		                    .colour_dark = colour_of(hash, 0x60, 0xf0) };
	(void)snprintf(to->name, sizeof(to->name), "%s", name);
	(void)snprintf(to->category, sizeof(to->category), "%s", *category ? category : "Other");
	*ret_app = id;
	return NM_OK;
}

/* --- reasons ------------------------------------------------------------------------------------------------------ */

int
labels_name(struct labels *l, const char *name, uint16_t *ret_name)
{
	for (uint16_t i = 0; i < l->n_names; i++)
		if (strcmp(l->names[i]->module, name) == 0) {
			*ret_name = i;
			return 0;
		}
	if (l->n_names == NAMES_MAX) {
		*ret_name = NAMES_MAX - 1;
		return 0;
	}
	if (l->n_names == NAMES_MAX - 1)
		name = NAME_OF_REST;
	struct name *made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	(void)snprintf(made->module, sizeof(made->module), "%s", name);
	for (unsigned i = 0; i < KINDS; i++)
		(void)snprintf(made->text[i], REASON_MAX, "%s %s", name, kinds[i]);
	*ret_name = l->n_names;
	l->names[l->n_names++] = made;
	return 0;
}

int
labels_add(struct labels *l, const struct nm_module *module, uint16_t *ret_name)
{
	for (size_t i = 0; i < module->n_apps; i++)
		if (add_app(l, &module->apps[i]) != 0)
			return -ENOMEM;
	return labels_name(l, module->name, ret_name);
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

size_t
labels_reasons(const struct labels *l)
{
	return 1 + (size_t)l->n_names * KINDS;
}

const char *
labels_reason_text(const struct labels *l, uint16_t reason)
{
	unsigned name = (reason - 1U) / KINDS;

	if (reason == 0 || name >= l->n_names)
		return "";
	return l->names[name]->text[(reason - 1U) % KINDS];
}
