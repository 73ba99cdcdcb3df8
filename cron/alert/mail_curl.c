/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail over TLS from the first byte, by libcurl. */
#include "cron/alert/mail.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

/* What is left of the mail, for the callback. */
struct rest {
	const char *at;
	size_t len;
};

static size_t
give_text(char *ret_bytes, size_t size, size_t n, void *ctx)
{
	struct rest *rest = ctx;
	size_t len = size * n < rest->len ? size * n : rest->len;

	memcpy(ret_bytes, rest->at, len);
	rest->at += len;
	rest->len -= len;
	return len;
}

static CURLcode
set_options(CURL *curl, const struct mail_parcel *p, struct curl_slist *to, struct rest *rest)
{
	const struct settings *s = p->settings;
	bool v6 = strchr(p->host, ':') != NULL;
	CURLcode rc = CURLE_OK;
	char url[320];

	(void)snprintf(url, sizeof(url), "smtps://%s%s%s:%s", v6 ? "[" : "", p->host, v6 ? "]" : "",
	               p->port);
#define SET(option, value)  \
	if (rc == CURLE_OK) \
	rc = curl_easy_setopt(curl, option, value)
	SET(CURLOPT_PROTOCOLS_STR, "smtps");
	SET(CURLOPT_URL, url);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, (long)p->timeout_s);
	SET(CURLOPT_TIMEOUT, (long)p->timeout_s);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (s->smtp_ca_file[0]) {
		SET(CURLOPT_CAINFO, s->smtp_ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (p->password) {
		SET(CURLOPT_USERNAME, s->smtp_user);
		SET(CURLOPT_PASSWORD, p->password);
	}
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_MAIL_FROM, s->smtp_from);
	SET(CURLOPT_MAIL_RCPT, to);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_READFUNCTION, give_text);
	SET(CURLOPT_READDATA, rest);
#undef SET
	return rc;
}

void
mail_by_curl(const struct mail_parcel *parcel, struct send_result *ret_result)
{
	struct rest rest = { parcel->text, strlen(parcel->text) };
	struct curl_slist *to = curl_slist_append(NULL, parcel->to);
	CURL *curl = curl_easy_init();
	long status = 0;

	if (!to || !curl) {
		send_failed(ret_result, "out of memory");
		goto out;
	}
	CURLcode rc = set_options(curl, parcel, to, &rest);
	if (rc == CURLE_OK)
		rc = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (rc == CURLE_OK)
		send_succeeded(ret_result, "mail server took it");
	else
		send_failed(ret_result, "mail server %s: %s (last answer %ld)", parcel->host,
		            curl_easy_strerror(rc), status);
out:
	curl_slist_free_all(to);
	curl_easy_cleanup(curl);
}
