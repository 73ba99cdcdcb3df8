/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a connection to MariaDB or MySQL is written. */
#include "lib/db_mysql.h"
#include "lib/err.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MAX_S 86400

/* A part of the text, not terminated. */
struct part {
	const char *text;
	size_t len;
};

static int
copy(struct part part, char *ret, size_t size)
{
	if (part.len >= size)
		return NM_EFORMAT;
	memcpy(ret, part.text, part.len);
	ret[part.len] = '\0';
	return NM_OK;
}

static int
copy_number(struct part part, unsigned max, unsigned *ret)
{
	char text[12], *end;

	if (copy(part, text, sizeof(text)) < 0 || text[0] < '0' || text[0] > '9')
		return NM_EFORMAT;
	unsigned long n = strtoul(text, &end, 10);
	if (*end || n == 0 || n > max)
		return NM_EFORMAT;
	*ret = (unsigned)n;
	return NM_OK;
}

static int
copy_tls(struct part part, enum mysql_tls *ret)
{
	static const char *const words[] = {
		[MYSQL_TLS_TRY] = "try", [MYSQL_TLS_REQUIRED] = "required", [MYSQL_TLS_OFF] = "off"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == part.len && memcmp(words[i], part.text, part.len) == 0) {
			*ret = (enum mysql_tls)i;
			return NM_OK;
		}
	return NM_EFORMAT;
}

/* Cuts what is before `mark` off `rest`; all of it when there is none. */
static struct part
cut(struct part *rest, char mark)
{
	const char *at = memchr(rest->text, mark, rest->len);
	struct part part = { rest->text, at ? (size_t)(at - rest->text) : rest->len };
	size_t gone = part.len + (at != NULL);

	*rest = (struct part){ rest->text + gone, rest->len - gone };
	return part;
}

static const struct path_key {
	const char *name;
	size_t at;
} path_keys[] = {
	{ "socket", offsetof(struct mysql_spec, socket) },
	{ "password_file", offsetof(struct mysql_spec, password_file) },
	{ "defaults_file", offsetof(struct mysql_spec, defaults_file) },
	{ "tls_ca", offsetof(struct mysql_spec, tls_ca) },
};

static bool
is_key(struct part key, const char *name)
{
	return key.len == strlen(name) && memcmp(key.text, name, key.len) == 0;
}

static int
take_option(struct part value, struct mysql_spec *spec)
{
	struct part key = cut(&value, '=');

	for (size_t i = 0; i < sizeof(path_keys) / sizeof(path_keys[0]); i++)
		if (is_key(key, path_keys[i].name))
			return copy(value, (char *)spec + path_keys[i].at, PATHS_MAX);
	if (is_key(key, "timeout"))
		return copy_number(value, TIMEOUT_MAX_S, &spec->timeout_s);
	return is_key(key, "tls") ? copy_tls(value, &spec->tls) : NM_EFORMAT;
}

/* [USER@][HOST[:PORT]]; an IPv6 address is in brackets. */
static int
take_server(struct part text, struct mysql_spec *spec)
{
	int rc = NM_OK;

	if (memchr(text.text, '@', text.len)) {
		struct part user = cut(&text, '@');

		/* a password has no place here: command lines and logs are read by many */
		if (user.len == 0 || memchr(user.text, ':', user.len))
			return NM_EFORMAT;
		rc = copy(user, spec->user, sizeof(spec->user));
	}
	struct part host;
	if (text.len > 0 && text.text[0] == '[') {
		host = cut(&text, ']');
		host = (struct part){ host.text + 1, host.len - 1 };
		if (text.len > 0 && text.text[0] == ':')
			text = (struct part){ text.text + 1, text.len - 1 };
	} else {
		host = cut(&text, ':');
	}
	if (rc == NM_OK)
		rc = copy(host, spec->host, sizeof(spec->host));
	if (rc == NM_OK && text.len > 0)
		rc = copy_number(text, UINT16_MAX, &spec->port);
	return rc;
}

int
mysql_spec_parse(const char *text, struct mysql_spec *ret_spec, char *err, size_t err_size)
{
	struct part rest = { text + 2, 0 };
	int rc = NM_EFORMAT;

	memset(ret_spec, 0, sizeof(*ret_spec));
	if (strncmp(text, "//", 2) == 0) {
		rest.len = strlen(rest.text);
		struct part options = rest, place = cut(&options, '?');
		struct part server = cut(&place, '/');

		rc = take_server(server, ret_spec);
		if (rc == NM_OK)
			rc = place.len > 0
			         ? copy(place, ret_spec->database, sizeof(ret_spec->database))
			         : NM_EFORMAT;
		while (rc == NM_OK && options.len > 0)
			rc = take_option(cut(&options, '&'), ret_spec);
	}
	if (rc < 0)
		(void)snprintf(err, err_size,
		               "store is not understood: write mysql://USER@HOST:PORT/DATABASE"
		               "?password_file=PATH (netmon.conf(5) has more), or sqlite:PATH");
	return rc;
}

bool
mysql_spec_is_remote(const struct mysql_spec *spec)
{
	const char *host = spec->host;

	return *host && strcmp(host, "localhost") != 0 && strncmp(host, "127.", 4) != 0 &&
	       strcmp(host, "::1") != 0;
}
