/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths against patterns. */
#include "web/route.h"

#include <stddef.h>
#include <string.h>

#define PART_MAX 64 /* bytes of one part of a path; the longest address has 45 */

static bool
parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned)(*text - '0');
		if (n > max)
			return false;
	}
	*ret = n;
	return true;
}

static bool
take_group(const char *part, struct route_params *p)
{
	uint64_t n;

	if (!parse_number(part, UINT32_MAX, &n) || n == 0)
		return false;
	p->has_group = true;
	p->group = (uint32_t)n;
	return true;
}

static bool
take_app(const char *part, struct route_params *p)
{
	uint64_t n;

	if (!parse_number(part, UINT16_MAX, &n))
		return false;
	p->has_app = true;
	p->app = (uint16_t)n;
	return true;
}

static bool
take_host(const char *part, struct route_params *p)
{
	if (addr_parse(part, &p->host) < 0)
		return false;
	p->has_host = true;
	(void)addr_format(&p->host, p->host_text, sizeof(p->host_text));
	return true;
}

/* No slash, no leading dot, one dot: such a name cannot leave its folder. */
static bool
take_file(const char *part, struct route_params *p)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(part);
	size_t base = strspn(part, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (len >= sizeof(p->file) || base == 0 || part[base] != '.')
		return false;
	if (!part[base + 1] || part[base + 1 + strspn(part + base + 1, letters)])
		return false;
	memcpy(p->file, part, len + 1);
	return true;
}

static const struct {
	const char *name;
	bool (*take)(const char *part, struct route_params *p);
} kinds[] = {
	{ ":group", take_group },
	{ ":app", take_app },
	{ ":host", take_host },
	{ ":file", take_file },
};

/* One part of the pattern (plen octets) against one part of the path. */
static bool
match_part(const char *pattern, size_t plen, const char *part, struct route_params *p)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].name) == plen && memcmp(kinds[i].name, pattern, plen) == 0)
			return kinds[i].take(part, p);
	return strlen(part) == plen && memcmp(pattern, part, plen) == 0;
}

/* Which image a path asks for; its length without the ending goes to *len. */
static enum route_image
image_ending(const char *path, size_t *len)
{
	if (*len > 4 && strcmp(path + *len - 4, ".png") == 0) {
		*len -= 4;
		return IMAGE_PNG;
	}
	if (*len > 4 && strcmp(path + *len - 4, ".svg") == 0) {
		*len -= 4;
		return IMAGE_SVG;
	}
	return IMAGE_NONE;
}

/* Part by part; both begin with a slash. */
static bool
match_parts(const char *pattern, size_t pattern_len, const char *path, size_t path_len,
            struct route_params *p)
{
	const char *pattern_end = pattern + pattern_len, *path_end = path + path_len;

	while (pattern < pattern_end && path < path_end && *pattern == '/' && *path == '/') {
		char part[PART_MAX];
		const char *pattern_next =
		    memchr(pattern + 1, '/', (size_t)(pattern_end - pattern - 1));
		const char *path_next = memchr(path + 1, '/', (size_t)(path_end - path - 1));

		pattern_next = pattern_next ? pattern_next : pattern_end;
		path_next = path_next ? path_next : path_end;
		size_t len = (size_t)(path_next - path - 1);
		if (len >= sizeof(part))
			return false;
		memcpy(part, path + 1, len);
		part[len] = '\0';
		if (!match_part(pattern + 1, (size_t)(pattern_next - pattern - 1), part, p))
			return false;
		pattern = pattern_next;
		path = path_next;
	}
	return pattern == pattern_end && path == path_end;
}

bool
route_match(const char *pattern, const char *path, struct route_params *ret_params)
{
	static const char image[] = ".image";
	struct route_params p = { 0 };
	size_t pattern_len = strlen(pattern), path_len = strlen(path);
	const size_t image_len = sizeof(image) - 1;

	if (pattern_len > image_len && strcmp(pattern + pattern_len - image_len, image) == 0) {
		pattern_len -= image_len;
		p.image = image_ending(path, &path_len);
		if (p.image == IMAGE_NONE)
			return false;
	}
	if (!match_parts(pattern, pattern_len, path, path_len, &p))
		return false;
	*ret_params = p;
	return true;
}
