/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMS through an HTTP gateway, by libcurl. */
#include "cron/alert/sms.h"

#include "cron/alert/secret.h"
#include "cron/alert/template.h"
#include "lib/err.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define URL_MAX         4096
#define BODY_MAX        4096
#define HEADERS_MAX     32
#define RETRY_AFTER_MAX 3600
#define CONNECT_SHARE   2 /* connecting may take half of the time */

static const char json_type[] = "Content-Type: application/json";
static const char form_type[] = "Content-Type: application/x-www-form-urlencoded";

struct request {
	char url[URL_MAX];
	char body[BODY_MAX];
	struct curl_slist *headers;
	bool has_type; /* the file of headers sets Content-Type */
	enum template_kind body_kind;
};

/* Appends; false when memory is short. */
static bool
add_header(struct request *r, const char *line)
{
	struct curl_slist *longer = curl_slist_append(r->headers, line);

	if (longer)
		r->headers = longer;
	return longer != NULL;
}

/* One header line of the file: "Name: value". Blank lines and '#' are passed over. */
static int
take_header(struct request *r, const char *line)
{
	if (!*line || *line == '#')
		return NM_OK;
	size_t name = strcspn(line, ": \t");
	if (name == 0 || line[name] != ':')
		return NM_EFORMAT;
	if (strncasecmp(line, "Content-Type:", 13) == 0) {
		r->has_type = true;
		r->body_kind = strcasestr(line, "json") ? TEMPLATE_JSON : TEMPLATE_URL;
	}
	return add_header(r, line) ? NM_OK : -ENOMEM;
}

static int
take_headers(struct request *r, char *text)
{
	char *save = NULL;
	int rc = NM_OK, count = 0;

	for (char *line = strtok_r(text, "\r\n", &save); line && rc == NM_OK;
	     line = strtok_r(NULL, "\r\n", &save))
		rc = ++count > HEADERS_MAX ? NM_ELIMIT : take_header(r, line);
	return rc;
}

static bool
read_headers(struct request *r, const char *path, struct send_result *ret)
{
	char text[SECRET_MAX];
	int rc = secret_read(path, text, sizeof(text));

	if (rc < 0) {
		send_failed(ret, "sms_header_file: %s", secret_strerror(rc));
		return false;
	}
	rc = take_headers(r, text);
	secret_wipe(text, sizeof(text));
	if (rc < 0)
		send_failed(ret, "sms_header_file: %s: write \"Name: value\", one a line",
		            nm_strerror(rc));
	return rc == NM_OK;
}

/* URL, body and headers as they will go out. A body that begins like JSON is JSON unless the headers say otherwise. */
static bool
fill_request(struct request *r, const struct settings *s, const struct send_job *job,
             struct send_result *ret)
{
	struct template_slots slots = { job->contact->address, job->short_text, job->id };
	bool post = strcasecmp(s->sms_method, "POST") == 0;

	r->body_kind = s->sms_body[strspn(s->sms_body, " \t\r\n")] == '{' ||
	                       s->sms_body[strspn(s->sms_body, " \t\r\n")] == '['
	                   ? TEMPLATE_JSON
	                   : TEMPLATE_URL;
	if (s->sms_header_file[0] && !read_headers(r, s->sms_header_file, ret))
		return false;
	int rc = template_expand(TEMPLATE_URL, s->sms_url, &slots, r->url, sizeof(r->url));
	if (rc < 0) {
		send_failed(ret, "sms_url: %s: slots are {to}, {text} and {id}", nm_strerror(rc));
		return false;
	}
	if (!post)
		return true;
	rc = template_expand(r->body_kind, s->sms_body, &slots, r->body, sizeof(r->body));
	if (rc == NM_OK && !r->has_type &&
	    !add_header(r, r->body_kind == TEMPLATE_JSON ? json_type : form_type))
		rc = -ENOMEM;
	if (rc < 0)
		send_failed(ret, "sms_body: %s: slots are {to}, {text} and {id}", nm_strerror(rc));
	return rc == NM_OK;
}

/* What the gateway answers is not kept; how long it may go on is bounded by the time-out. */
static size_t
drop_answer(const char *bytes, size_t size, size_t n, void *ctx)
{
	(void)bytes;
	(void)ctx;
	return size * n;
}

static CURLcode
set_options(CURL *curl, const struct request *r, const struct send_context *ctx)
{
	long timeout_ms = (long)ctx->timeout_s * 1000;
	CURLcode rc = CURLE_OK;

#define SET(option, value)  \
	if (rc == CURLE_OK) \
	rc = curl_easy_setopt(curl, option, value)
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms / CONNECT_SHARE);
	SET(CURLOPT_TIMEOUT_MS, timeout_ms);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_USERAGENT, "netmon-alert/" NETMON_VERSION);
	SET(CURLOPT_HTTPHEADER, r->headers);
	SET(CURLOPT_WRITEFUNCTION, drop_answer);
	if (strcasecmp(ctx->settings->sms_method, "POST") == 0) {
		SET(CURLOPT_POSTFIELDSIZE, (long)strlen(r->body));
		SET(CURLOPT_POSTFIELDS, r->body);
	}
#undef SET
	return rc;
}

static void
judge_answer(CURL *curl, struct send_result *ret)
{
	curl_off_t wait = 0;
	long status = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
	if (status >= 200 && status < 300) {
		send_succeeded(ret, "gateway answered %ld", status);
		return;
	}
	send_failed(ret, "gateway answered %ld", status);
	ret->retry_after_s = (unsigned)(wait < 0                 ? 0
	                                : wait > RETRY_AFTER_MAX ? RETRY_AFTER_MAX
	                                                         : wait);
}

void
sms_send(const struct send_context *ctx, const struct send_job *job, struct send_result *ret_result)
{
	struct request r = { .headers = NULL };
	CURLcode rc;

	if (!ctx->settings->sms_url[0]) {
		send_failed(ret_result, "no SMS gateway: set sms_url in netmon.conf");
		return;
	}
	CURL *curl = curl_easy_init();
	if (!curl)
		send_failed(ret_result, "out of memory");
	if (!curl || !fill_request(&r, ctx->settings, job, ret_result))
		goto out;
	rc = set_options(curl, &r, ctx);
	if (rc == CURLE_OK)
		rc = curl_easy_perform(curl);
	/* curl's own words for the code: its error buffer could quote the URL, and a token may be in that */
	if (rc == CURLE_OK)
		judge_answer(curl, ret_result);
	else
		send_failed(ret_result, "gateway: %s", curl_easy_strerror(rc));
out:
	curl_slist_free_all(r.headers);
	curl_easy_cleanup(curl);
	secret_wipe(r.url, sizeof(r.url));
}
