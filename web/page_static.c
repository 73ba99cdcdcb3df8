/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Style sheet, script and icon. A web server may serve the folder itself; this works with any. */
#include "lib/paths.h"
#include "web/pages.h"

#include <stdio.h>
#include <string.h>

#define FILE_SIZE_MAX (256u << 10)
#define N(a)          (sizeof(a) / sizeof((a)[0]))

static const char *
type_of(const char *file)
{
	static const struct {
		const char *ending;
		const char *type;
	} types[] = {
		{ ".css", "text/css; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
	};
	const char *dot = strrchr(file, '.');

	for (size_t i = 0; dot && i < N(types); i++)
		if (strcmp(types[i].ending, dot) == 0)
			return types[i].type;
	return NULL;
}

/* The router has made sure that the name stays in its folder. */
int
page_static(struct web *web, const struct request *req, struct response *resp)
{
	char path[PATHS_MAX], piece[4096];
	const char *type = type_of(req->params.file);
	size_t n;

	(void)web;
	if (!type || paths_find(PATHS_STATIC, req->params.file, path, sizeof(path)) < 0)
		return 404;
	FILE *file = fopen(path, "rbe");
	if (!file)
		return 404;
	while (resp->body.len < FILE_SIZE_MAX && (n = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_put(&resp->body, piece, n);
	(void)fclose(file);
	resp->type = type;
	resp->cache = CACHE_HOUR;
	return 200;
}
