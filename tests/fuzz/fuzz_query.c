/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the pages take from anybody: query strings and forms, paths, cookies, text to be escaped. The same bytes go
 * through all of them.
 */
#include "web/html.h"
#include "web/query.h"
#include "web/request.h"
#include "web/route.h"
#include "web/session.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
match_paths(const char *path)
{
	static const char *const patterns[] = { "/", "/group/:group/app/:app",
		                                "/host/:host/unknown",
		                                "/graph/host/:host/app/:app.image",
		                                "/static/:file" };
	struct route_params params;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		(void)route_match(patterns[i], path, &params);
}

/* Nothing that is escaped may open a tag or leave an attribute. */
static void
escape(const char *text)
{
	struct buf out = { 0 };

	html_text(&out, text);
	html_url(&out, text);
	if (strpbrk(buf_str(&out), "<>\"'"))
		abort();
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[USER_SESSION_KEY_SIZE];
	static struct request req;
	struct query query;
	struct session session;
	char err[256], cookie[SESSION_TEXT_MAX];
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	(void)query_parse((const char *)data, size, KEY_BIT(KEY_COUNT) - 1, &query, err,
	                  sizeof(err));
	match_paths(text);
	escape(text);
	if (strlen(text) < sizeof(req.cookie)) {
		memcpy(req.cookie, text, strlen(text) + 1);
		(void)request_cookie(&req, SESSION_COOKIE, cookie, sizeof(cookie));
	}
	(void)session_check(text, 0, key, &session);
	free(text);
	return 0;
}
