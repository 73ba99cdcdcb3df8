/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Services by the names of their hosts: etc/services.conf, netmon-services(5). Life cycle: services_load(), services_bind() for
 * each service, then services_find() by any number of threads at a time; services_ref() and services_unref().
 */
#ifndef NETMON_PROBE_SERVICES_H
#define NETMON_PROBE_SERVICES_H

#include "lib/record.h"

#include <stddef.h>
#include <stdint.h>

#define SERVICES_MAX         4096  /* services of one file */
#define SERVICES_DOMAINS_MAX 65536 /* domains of one file */

struct services;

struct service {
	char name[APP_NAME_MAX];
	char category[APP_CATEGORY_MAX];
	uint16_t app; /* application id, 0 before services_bind() */
};

/* Reads a file of services. NULL stands for an empty one. 0 with one reference the caller's; or, with "FILE:LINE: what and what
 * to do" in `err`: -errno when it cannot be read, NM_EFORMAT, NM_ELIMIT. */
int services_load(const char *path, struct services **ret_services, char *err, size_t err_size);
struct services *services_ref(struct services *s);
/* NULL is fine. */
void services_unref(struct services *s);

/* How many there are, and each by index, in the order of the file. */
size_t services_count(const struct services *s);
const struct service *services_at(const struct services *s, size_t i);
/* Sets the application id of a service, before other threads see it. */
void services_bind(struct services *s, size_t i, uint16_t app);

/* The service that the longest matching domain leads to, NULL for none. `name` as hosts_name() gives it: `www.example.org` meets the
 * domains `www.example.org`, `example.org` and `org`, never `ample.org`. Costs a look-up for each label. */
const struct service *services_find(const struct services *s, const char *name, size_t len);

/* Of what the file says: 64 bits that change when it does (comments and white space may count). */
uint64_t services_digest(const struct services *s);

#endif
