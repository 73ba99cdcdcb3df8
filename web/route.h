/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Paths against patterns. A pattern is literal parts and these:
 *
 *   :group   a group's id, 1 .. 4,294,967,295        :app    an application's id, 0 .. 65,535
 *   :host    an address (IPv4 or IPv6)                :file   a file name: [a-z0-9-], one dot, [a-z0-9]
 *   .image   at the end: ".png" or ".svg"
 *
 * Numbers are decimal without leading zeros, so that every page has one address. Plain values; any thread.
 */
#ifndef NETMON_WEB_ROUTE_H
#define NETMON_WEB_ROUTE_H

#include "lib/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define ROUTE_FILE_MAX 48

enum route_image { IMAGE_NONE, IMAGE_PNG, IMAGE_SVG };

/* What a path said, for the parts that its pattern has. */
struct route_params {
	bool has_group;
	bool has_app;
	bool has_host;
	uint32_t group;
	uint16_t app;
	struct addr host;
	char host_text[ADDR_TEXT_MAX]; /* canonical; "" without a host */
	char file[ROUTE_FILE_MAX];
	enum route_image image;
};

/* True when `path` (decoded, NUL-terminated, from anybody) fits; *ret_params is filled then. */
bool route_match(const char *pattern, const char *path, struct route_params *ret_params);

#endif
