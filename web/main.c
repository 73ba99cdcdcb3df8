/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netmon.cgi: the pages, as a CGI program or as a FastCGI application; the web server decides by how it starts it.
 */
#include "lib/log.h"
#include "lib/opts.h"
#include "web/web.h"

#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* librrd loses up to 0.9 kB with each graph: after so many (about 2 MB) the process begins anew. */
#define GRAPHS_DEFAULT 2000

struct options {
	char config[PATHS_MAX]; /* "": not given */
	unsigned long graphs_max;
};

static volatile sig_atomic_t stopping;

static void
stop(int number)
{
	(void)number;
	stopping = 1;
	FCGX_ShutdownPending();
}

enum { OPT_CONFIG = 1, OPT_GRAPHS };

static int
take_option(void *ctx, int val, const char *arg)
{
	struct options *o = ctx;

	if (val == OPT_CONFIG)
		(void)snprintf(o->config, sizeof(o->config), "%s", arg);
	else
		o->graphs_max = opts_number("--graphs", arg, 1, 1000000);
	return 0;
}

static void
parse_options(int argc, char **argv, struct options *ret_options)
{
	static const struct poptOption table[] = {
		{ "config", '\0', POPT_ARG_STRING, NULL, OPT_CONFIG, "netmon.conf to read",
		  "FILE" },
		{ "graphs", '\0', POPT_ARG_STRING, NULL, OPT_GRAPHS,
		  "images after which a FastCGI worker begins anew (2000)", "N" },
		OPTS_COMMON,
		POPT_TABLEEND,
	};

	*ret_options = (struct options){ .graphs_max = GRAPHS_DEFAULT };
	/* some web servers hand a CGI program the words of the query as arguments (RFC 3875 section 4.4) */
	if (getenv("GATEWAY_INTERFACE"))
		return;
	poptContext con = opts_parse("netmon.cgi", table, "", argc, (const char *const *)argv,
	                             take_option, ret_options);
	poptFreeContext(con);
}

/* --- one request ------------------------------------------------------------------------------------------------------- */

static void
serve(struct web *web, const struct request_source *source, struct buf *out)
{
	struct request req;
	struct response resp = { 0 };

	web->now_s = (int64_t)time(NULL);
	int refused = request_read(source, &req);
	int status = web_handle(web, &req, refused, &resp);
	response_write(&resp, status, req.method == METHOD_HEAD, out);
	if (!buf_ok(out))
		log_error("%s: the page does not fit into memory", req.path);
	request_wipe(&req);
	response_free(&resp);
}

static const char *
cgi_variable(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static size_t
cgi_body(void *ctx, char *bytes, size_t size)
{
	(void)ctx;
	return fread(bytes, 1, size, stdin);
}

static void
serve_cgi(struct web *web)
{
	const struct request_source source = { .variable = cgi_variable, .body = cgi_body };
	struct buf out = { 0 };

	serve(web, &source, &out);
	if (buf_ok(&out) && fwrite(buf_str(&out), 1, out.len, stdout) != out.len)
		log_debug("the client went away");
	buf_free(&out);
}

static const char *
fastcgi_variable(void *ctx, const char *name)
{
	const FCGX_Request *fcgi = ctx;

	return FCGX_GetParam(name, fcgi->envp);
}

static size_t
fastcgi_body(void *ctx, char *bytes, size_t size)
{
	const FCGX_Request *fcgi = ctx;
	int n = FCGX_GetStr(bytes, (int)size, fcgi->in);

	return n > 0 ? (size_t)n : 0;
}

/* The listening socket (descriptor 0) and the process id stay, so that no request is lost. */
static void
begin_anew(char **argv)
{
	(void)execv("/proc/self/exe", argv);
	log_error("cannot start anew: %s", strerror(errno));
}

static void
serve_fastcgi(struct web *web, unsigned long graphs_max, char **argv)
{
	FCGX_Request fcgi;
	const struct request_source source = { fastcgi_variable, fastcgi_body, &fcgi };
	const struct sigaction action = { .sa_handler = stop };

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGUSR1, &action, NULL); /* what FastCGI calls for */
	(void)signal(SIGPIPE, SIG_IGN);
	if (FCGX_Init() != 0 || FCGX_InitRequest(&fcgi, 0, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
		log_fatal(1, "FastCGI cannot be initialised");
	while (!stopping && FCGX_Accept_r(&fcgi) >= 0) {
		struct buf out = { 0 };

		serve(web, &source, &out);
		if (buf_ok(&out) && FCGX_PutStr(buf_str(&out), (int)out.len, fcgi.out) < 0)
			log_debug("the client went away");
		buf_free(&out);
		FCGX_Finish_r(&fcgi);
		if (web->graphs >= graphs_max)
			begin_anew(argv);
	}
}

int
main(int argc, char **argv)
{
	struct options options;
	char err[512] = "";
	struct web web;

	log_init("netmon.cgi", LOG_LEVEL_INFO);
	parse_options(argc, argv, &options);
	/* librrd labels time axes in the zone of the process */
	if (setenv("TZ", "UTC0", 1) != 0 || sodium_init() < 0)
		log_fatal(1, "cannot be initialised");
	if (web_init(&web, options.config[0] ? options.config : NULL, err, sizeof(err)) < 0)
		log_fatal(1, "%s", err);
	if (FCGX_IsCGI())
		serve_cgi(&web);
	else
		serve_fastcgi(&web, options.graphs_max, argv);
	web_fini(&web);
	return 0;
}
