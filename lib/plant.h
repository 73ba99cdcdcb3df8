/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bugs on purpose, so that the fault tests show that they would find them. PLANTED("name") is false and costs nothing in every
 * ordinary build; one that is made with PLANTS=1 (-DNETMON_PLANTS) compares the name with the environment variable NETMON_PLANT, and
 * is for tests/faults/ only: it is never installed. Any thread.
 */
#ifndef NETMON_LIB_PLANT_H
#define NETMON_LIB_PLANT_H

#include <stdbool.h>

#ifdef NETMON_PLANTS
#	include <stdlib.h>
#	include <string.h>

static inline bool
plant_is(const char *name)
{
	const char *planted = getenv("NETMON_PLANT");

	return planted && strcmp(planted, name) == 0;
}
#	define PLANTED(name) plant_is(name)
#else
#	define PLANTED(name) false
#endif

#endif
