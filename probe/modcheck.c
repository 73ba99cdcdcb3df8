/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges a module's descriptor. */
#include "probe/modcheck.h"

#include "lib/err.h"
#include "lib/record.h"
#include "probe/modhost.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int __attribute__((format(printf, 2, 3))) refuse(char *fault, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(fault, MODCHECK_FAULT_MAX, fmt, args);
	va_end(args);
	return NM_EFORMAT;
}

bool
modcheck_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return len > 0 && len < MODHOST_NAME_MAX && name[len] == '\0';
}

/* A word for pages, CSV and SQL: 1..size-1 printable ASCII, no comma, no quotes, no white space at its ends. */
static bool
is_label(const char *text, size_t size)
{
	size_t len = text ? strnlen(text, size) : 0;

	if (len == 0 || len == size || text[0] == ' ' || text[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || strchr(",\"'\\", text[i]))
			return false;
	return true;
}

static int
check_app(const struct nm_app *app, char *fault)
{
	if (app->id == APP_UNKNOWN || app->id > NM_APP_ID_MAX)
		return refuse(fault, "application id %u is reserved: take one of 1000 to %d",
		              app->id, NM_APP_ID_MAX);
	if (!is_label(app->name, APP_NAME_MAX) || !is_label(app->category, APP_CATEGORY_MAX))
		return refuse(fault,
		              "application %u: name or category is not 1..31 plain characters",
		              app->id);
	if (strcmp(app->name, "Unknown") == 0)
		return refuse(fault, "application %u: the name Unknown is reserved", app->id);
	if (app->colour > 0xffffffU || app->colour_dark > 0xffffffU)
		return refuse(fault, "application %s: a colour is more than 0xffffff", app->name);
	return 0;
}

/* One id has one name and one name one id, over all modules. */
static int
check_clash(const struct nm_app *app, const struct nm_module *other, char *fault)
{
	for (size_t i = 0; i < other->n_apps; i++) {
		const struct nm_app *had = &other->apps[i];

		if ((had->id == app->id) != (strcmp(had->name, app->name) == 0))
			return refuse(fault, "application %u %s: module %s has %u %s", app->id,
			              app->name, other->name, had->id, had->name);
	}
	return 0;
}

static int
check_apps(const struct nm_module *module, const struct nm_module *const *held, size_t n_held,
           char *fault)
{
	if (module->n_apps == 0 || module->n_apps > MODHOST_APPS_MAX || !module->apps)
		return refuse(fault, "%u applications, should be 1..%d", module->n_apps,
		              MODHOST_APPS_MAX);
	for (size_t i = 0; i < module->n_apps; i++)
		if (check_app(&module->apps[i], fault) != 0)
			return NM_EFORMAT;
	for (size_t i = 0; i < module->n_apps; i++) {
		if (check_clash(&module->apps[i], module, fault) != 0)
			return NM_EFORMAT;
		for (size_t j = 0; j < n_held; j++)
			if (check_clash(&module->apps[i], held[j], fault) != 0)
				return NM_EFORMAT;
	}
	return 0;
}

static int
check_matches(const struct nm_module *module, char *fault)
{
	if (module->n_matches == 0 || module->n_matches > MODHOST_MATCHES_MAX || !module->matches)
		return refuse(fault, "%u matches, should be 1..%d", module->n_matches,
		              MODHOST_MATCHES_MAX);
	for (size_t i = 0; i < module->n_matches; i++) {
		const struct nm_match *match = &module->matches[i];

		if (match->len > sizeof(match->pattern) || match->direction > NM_FROM_SERVER)
			return refuse(fault, "match %zu: pattern length or direction out of range",
			              i + 1);
	}
	return 0;
}

int
modcheck(const struct nm_module *module, const char *name, const struct nm_module *const *held,
         size_t n_held, char *fault)
{
	/* The version comes first: what lies behind it has no meaning in another one. */
	if (module->abi_version != NM_ABI_VERSION)
		return refuse(fault, "built for module interface %u, this probe has %u",
		              module->abi_version, NM_ABI_VERSION);
	if (module->size != sizeof(struct nm_module))
		return refuse(fault, "descriptor of %u octets, should be %zu", module->size,
		              sizeof(struct nm_module));
	if (!module->name || !modcheck_name(module->name) || strcmp(module->name, name) != 0)
		return refuse(fault, "the name in the descriptor is not that of the file");
	if (!module->summary || !module->classify)
		return refuse(fault, "no summary or no classify function");
	for (size_t i = 0; i < n_held; i++)
		if (strcmp(held[i]->name, name) == 0)
			return refuse(fault, "listed twice");
	if (check_apps(module, held, n_held, fault) != 0)
		return NM_EFORMAT;
	return check_matches(module, fault);
}
