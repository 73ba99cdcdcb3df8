/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words for what the classifier says: applications by id and by name, and reasons ("http signature"). Both only grow, because open
 * flows carry their numbers across a reload. Life cycle: labels_new(), labels_add() for each module, labels_free(). One
 * thread.
 */
#ifndef NETMON_PROBE_LABELS_H
#define NETMON_PROBE_LABELS_H

#include "lib/record.h"

#include <netmon/module.h>
#include <stddef.h>
#include <stdint.h>

struct labels;

int labels_new(struct labels **ret_labels);
void labels_free(struct labels *l);

/* Takes in a module's applications and name; copied. An id that is known gets the new words. *ret_name is for
 * labels_reason(). 0 or -ENOMEM. */
int labels_add(struct labels *l, const struct nm_module *module, uint16_t *ret_name);

/* The application of a service or a rule: the one that has this name already (upper and lower case are the same), or a new one, whose
 * id, from NM_APP_ID_MAX + 1 up, and colours come from the name, so that they are the same on every probe. `category` "": that
 * of the one that is there, or "Other". 0, -ENOMEM or NM_ELIMIT. */
int labels_named(struct labels *l, const char *name, const char *category, uint16_t *ret_app);

/* Takes in a name for labels_reason(), shorter than MODHOST_NAME_MAX; copied. 0 or -ENOMEM. */
int labels_name(struct labels *l, const char *name, uint16_t *ret_name);

/* By id, Unknown first; valid until the next labels_add(). Returns how many. */
size_t labels_apps(const struct labels *l, const struct application **ret_apps);

/* "Unknown" for an id that nobody declared. Valid until the next labels_add(). */
const char *labels_app_name(const struct labels *l, uint16_t app);

/* The number of a reason: a module's name from labels_add() and an enum nm_evidence. 0 for none. */
uint16_t labels_reason(uint16_t name, unsigned evidence);

/* How many numbers of reasons there are, 0 for none among them. */
size_t labels_reasons(const struct labels *l);

/* "MODULE KIND", or "" for 0 and for numbers that are not known. Valid until labels_free(). */
const char *labels_reason_text(const struct labels *l, uint16_t reason);

#endif
