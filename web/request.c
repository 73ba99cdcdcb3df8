/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request as CGI gives it. */
#include "web/request.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset;
	size_t size;
	int too_long; /* HTTP status when the value does not fit */
} variables[] = {
#define FIELD(name, field, status)                                                           \
	{                                                                                    \
		name, offsetof(struct request, field), sizeof(((struct request *)0)->field), \
		    status                                                                   \
	}
	FIELD("SCRIPT_NAME", base, 414),
	FIELD("PATH_INFO", path, 414),
	FIELD("QUERY_STRING", query_text, 414),
	FIELD("HTTP_COOKIE", cookie, 400),
	FIELD("HTTP_HOST", host, 400),
	FIELD("HTTP_ORIGIN", origin, 400),
	FIELD("HTTP_SEC_FETCH_SITE", fetch_site, 400),
	FIELD("REMOTE_ADDR", client, 400),
#undef FIELD
};

static const char *
variable(const struct request_source *source, const char *name)
{
	const char *value = source->variable(source->ctx, name);

	return value ? value : "";
}

static int
read_variables(const struct request_source *source, struct request *req)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = variable(source, variables[i].name);
		size_t len = strlen(value);

		if (len >= variables[i].size)
			return variables[i].too_long;
		memcpy((char *)req + variables[i].offset, value, len + 1);
	}
	return 0;
}

static enum method
parse_method(const char *name)
{
	static const struct {
		const char *name;
		enum method method;
	} methods[] = { { "GET", METHOD_GET }, { "HEAD", METHOD_HEAD }, { "POST", METHOD_POST } };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	return METHOD_OTHER;
}

/* The base goes into every link: a plain path or nothing. */
static bool
base_is_plain(const char *base)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/";

	return !*base || (base[0] == '/' && base[1] != '/' && !base[strspn(base, plain)]);
}

/* Octets that CONTENT_LENGTH announces, or a number above any limit when it is absent or no number. */
static size_t
content_length(const struct request_source *source)
{
	const char *text = variable(source, "CONTENT_LENGTH");
	size_t n = 0;

	if (!*text || strlen(text) > 9 || text[strspn(text, "0123456789")])
		return SIZE_MAX;
	for (; *text; text++)
		n = n * 10 + (size_t)(*text - '0');
	return n;
}

/* The form, for POST only. 0 or a status. A plain CGI program must not read more than was announced. */
static int
read_form(const struct request_source *source, struct request *req)
{
	static const char form_type[] = "application/x-www-form-urlencoded";
	const char *type = variable(source, "CONTENT_TYPE");
	size_t wanted, len = 0, n;

	if (req->method != METHOD_POST)
		return 0;
	if (strncmp(type, form_type, sizeof(form_type) - 1) != 0)
		return 415;
	wanted = content_length(source);
	if (wanted >= sizeof(req->form_text))
		return 413;
	while (len < wanted &&
	       (n = source->body(source->ctx, req->form_text + len, wanted - len)) > 0)
		len += n;
	req->form_text[len] = '\0';
	return len == wanted && strlen(req->form_text) == len ? 0 : 400;
}

int
request_read(const struct request_source *source, struct request *ret_request)
{
	struct request *req = ret_request;

	memset(req, 0, sizeof(*req));
	req->method = parse_method(variable(source, "REQUEST_METHOD"));
	int status = read_variables(source, req);
	if (status)
		return status;
	size_t len = strlen(req->base);
	if (len && req->base[len - 1] == '/')
		req->base[len - 1] = '\0';
	if (!base_is_plain(req->base))
		return 400;
	if (!req->path[0])
		req->path[0] = '/';
	req->https = strcmp(variable(source, "HTTPS"), "on") == 0 ||
	             strcmp(variable(source, "REQUEST_SCHEME"), "https") == 0;
	return read_form(source, req);
}

void
request_wipe(struct request *req)
{
	sodium_memzero(req, sizeof(*req));
}

bool
request_cookie(const struct request *req, const char *name, char *ret_value, size_t size)
{
	size_t name_len = strlen(name);
	const char *at = req->cookie;

	while (*at) {
		at += strspn(at, "; ");
		size_t len = strcspn(at, ";");
		if (len > name_len && memcmp(at, name, name_len) == 0 && at[name_len] == '=') {
			len -= name_len + 1;
			if (len >= size)
				return false;
			memcpy(ret_value, at + name_len + 1, len);
			ret_value[len] = '\0';
			return true;
		}
		at += len;
	}
	return false;
}

bool
request_same_origin(const struct request *req)
{
	if (req->origin[0]) {
		const char *host = strstr(req->origin, "://");
		return host && strcmp(host + 3, req->host) == 0;
	}
	return !req->fetch_site[0] || strcmp(req->fetch_site, "same-origin") == 0;
}
