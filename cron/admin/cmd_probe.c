/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon probe: certificates of the probes and of the collector, and what a new probe needs. */
#include "cron/admin/cmd.h"
#include "cron/admin/pki.h"
#include "lib/db_probe.h"
#include "lib/err.h"
#include "lib/frame.h"
#include "lib/log.h"
#include "lib/opts.h"
#include "lib/paths.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAYS       730 /* 2 years */
#define DAYS_MAX   3650
#define SOON_DAYS  30
#define DAY_S      86400
#define SPOOL      "/var/lib/netmon/spool"
#define PORT_COLON ':'

/* Where the probe finds its collector. */
struct place {
	char host[PKI_HOST_MAX];
	unsigned long port;
};

/* --- words and options ------------------------------------------------------------------------------------------------- */

static const char *
pki_folder(const struct cmd_context *ctx)
{
	static char path[PATHS_MAX];
	const char *given = cmd_value(ctx, "pki");

	if (!given && paths_find(PATHS_CONFIG, "pki", path, sizeof(path)) < 0)
		log_fatal(1, "the path of this program is too long");
	return given ? given : path;
}

/* Where netmonc looks by itself, as long as it is installed there as here. */
static const char *
target_of(const struct cmd_context *ctx)
{
	static char path[PATHS_MAX];
	const char *given = cmd_value(ctx, "target");

	if (!given && paths_find(PATHS_CONFIG, NULL, path, sizeof(path)) < 0)
		log_fatal(1, "the path of this program is too long");
	return given ? given : path;
}

static unsigned
days_of(const struct cmd_context *ctx)
{
	const char *given = cmd_value(ctx, "days");

	return given ? (unsigned)opts_number("--days", given, 1, DAYS_MAX) : DAYS;
}

static const char *
name_of(const char *word)
{
	char safe[128];

	if (!pki_name_ok(word))
		opts_usage(
		    "\"%s\" cannot be a probe's name, which has 1 to %d letters, digits and . _ "
		    "+ @ -, and begins with none of . and -",
		    log_safe(safe, sizeof(safe), word, strlen(word)), PKI_NAME_MAX);
	return word;
}

/* HOST, HOST:PORT, [ADDR]:PORT, or an IPv6 address as it is. */
static void
parse_place(const char *text, struct place *ret)
{
	struct pki_hosts check = { .n = 0 };
	const char *close = *text == '[' ? strchr(text, ']') : NULL;
	const char *colon = strrchr(text, PORT_COLON);
	bool bare = !close && colon && strchr(text, PORT_COLON) != colon; /* colons of an address */
	const char *begin = close ? text + 1 : text;
	const char *end = close ? close : colon && !bare ? colon : text + strlen(text);
	const char *port = close            ? (close[1] == PORT_COLON ? close + 2 : NULL)
	                   : colon && !bare ? colon + 1
	                                    : NULL;

	(void)snprintf(ret->host, sizeof(ret->host), "%.*s", (int)(end - begin), begin);
	ret->port = port ? opts_number("--collector's port", port, 1, 65535) : FRAME_PORT;
	if ((close && close[1] && !port) || !pki_host_add(&check, ret->host))
		opts_usage("--collector must be HOST or HOST:PORT, not \"%s\"", text);
}

/* Text for between quotation marks in a configuration file. */
static const char *
quotable(const char *what, const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || strchr("\"\\$", *c))
			opts_usage("%s must not have control characters, \" \\ or $ in it", what);
	return text;
}

static int
failed(struct pki *pki)
{
	log_error("%s", pki->error);
	pki_close(pki);
	return 1;
}

/* --- the collector's certificate --------------------------------------------------------------------------------------- */

/* Its hosts as they are now; none when it has no certificate. */
static void
read_collector(struct pki *pki, struct pki_hosts *ret_hosts)
{
	char path[PKI_PATH_MAX];

	ret_hosts->n = 0;
	if (pki_path(pki, "collector.pem", path) < 0)
		return;
	FILE *in = fopen(path, "re");
	X509 *cert = in ? PEM_read_X509(in, NULL, NULL, NULL) : NULL;
	if (cert)
		pki_hosts_of(cert, ret_hosts);
	X509_free(cert);
	if (in)
		(void)fclose(in);
}

static int
issue_collector(struct pki *pki, const struct pki_hosts *hosts, unsigned days)
{
	char cert[PKI_PATH_MAX], key[PKI_PATH_MAX];
	const struct pki_request request = {
		.name = "netmon collector",
		.hosts = hosts,
		.days = days,
		.cert_path = cert,
		.key_path = key,
	};

	if (pki_path(pki, "collector.pem", cert) < 0 || pki_path(pki, "collector.key", key) < 0)
		return -1;
	return pki_issue(pki, &request);
}

/* The collector's own names, which serve as long as nobody says otherwise. */
static void
add_own_names(struct pki_hosts *hosts)
{
	char host[PKI_HOST_MAX] = "";

	(void)gethostname(host, sizeof(host) - 1);
	(void)pki_host_add(hosts, host);
	(void)pki_host_add(hosts, "localhost");
	(void)pki_host_add(hosts, "127.0.0.1");
	(void)pki_host_add(hosts, "::1");
}

/* Makes sure that the collector has a certificate for that host; an empty one stands for whatever there is, and is filled in. */
static int
cover_host(struct pki *pki, char host[PKI_HOST_MAX])
{
	struct pki_hosts hosts;

	read_collector(pki, &hosts);
	size_t before = hosts.n;
	if (*host && !pki_host_add(&hosts, host)) {
		log_error(
		    "the collector's certificate has %d names already: netmon probe collector "
		    "HOST... makes it anew",
		    PKI_HOSTS_MAX);
		return -1;
	}
	if (before == 0)
		add_own_names(&hosts);
	if (!*host)
		(void)snprintf(host, PKI_HOST_MAX, "%s", hosts.v[0]);
	if (hosts.n == before)
		return 0;
	int rc = issue_collector(pki, &hosts, DAYS);
	if (rc < 0)
		log_error("%s", pki->error);
	else if (before > 0)
		log_info("the collector's certificate is now also for %s", host);
	return rc;
}

/* netmond finds the usual folder by itself (collector/options.c). */
static void
print_collector_lines(const struct pki *pki)
{
	char usual[PATHS_MAX];

	printf(
	    "netmond takes probes from other machines with this in its netmond.conf, read at its "
	    "start:\n"
	    "  listen = \"*\"\n");
	if (paths_find(PATHS_CONFIG, "pki", usual, sizeof(usual)) == 0 &&
	    strcmp(usual, pki->folder) == 0)
		return;
	printf("  tls_cert = \"%s/collector.pem\"\n  tls_key = \"%s/collector.key\"\n"
	       "  tls_ca = \"%s/ca.pem\"\n  tls_crl = \"%s/crl.pem\"\n",
	       pki->folder, pki->folder, pki->folder, pki->folder);
}

static int
run_collector(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct pki_hosts hosts = { .n = 0 };
	struct pki pki;

	for (int i = 0; i < argc; i++)
		if (!pki_host_add(&hosts, argv[i]))
			opts_usage("\"%s\" is neither a host's name nor an address, or the %dth",
			           argv[i], PKI_HOSTS_MAX + 1);
	unsigned days = days_of(ctx);
	size_t n = 0;
	if (pki_open(&pki, pki_folder(ctx), true) < 0)
		return failed(&pki);
	if (argc == 0)
		read_collector(&pki, &hosts);
	if (hosts.n == 0)
		add_own_names(&hosts);
	/* the old one first: a list that says it is of use without the new one, not the other way round */
	if ((cmd_value(ctx, "revoke") && pki_revoke(&pki, NULL, &n) < 0) ||
	    issue_collector(&pki, &hosts, days) < 0)
		return failed(&pki);
	if (n > 0)
		printf("%zu certificates that the collector had are revoked: give crl.pem to the "
		       "probes, tls_crl in netmonc.conf\n",
		       n);
	print_collector_lines(&pki);
	pki_close(&pki);
	return 0;
}

/* --- a probe's folder -------------------------------------------------------------------------------------------------- */

/* What goes into a new probe's folder. */
struct kit {
	const char *name;
	char folder[PKI_PATH_MAX];
	const char *target; /* folder on the probe */
	const char *spool;
	struct place place;
	bool renew; /* its configuration stays as it is */
};

static int
kit_path(struct pki *pki, const struct kit *kit, const char *name, char ret_path[PKI_PATH_MAX])
{
	int n = snprintf(ret_path, PKI_PATH_MAX, "%s/%s", kit->folder, name);

	errno = ENAMETOOLONG;
	return n > 0 && n < PKI_PATH_MAX ? 0 : pki_fail(pki, kit->folder, "a file in it");
}

static int
put_conf(BIO *out, const void *object)
{
	const struct kit *k = object;

	return BIO_printf(out,
	                  "# netmonc.conf(5) of the probe \"%s\", made by netmon probe. Other "
	                  "settings may follow.\n"
	                  "host = \"%s\"\nport = %lu\nprobe = \"%s\"\n"
	                  "# These three lie beside this file.\n"
	                  "tls_cert = \"probe.pem\"\ntls_key = \"probe.key\"\ntls_ca = \"ca.pem\"\n"
	                  "# Records wait here until the collector has them; the user that netmonc "
	                  "runs as writes there.\n"
	                  "spool = \"%s\"\n",
	                  k->name, k->place.host, k->place.port, k->name, k->spool) > 0;
}

static int
make_kit_folder(struct pki *pki, struct kit *kit, const char *parent)
{
	int n = snprintf(kit->folder, sizeof(kit->folder), "%s/%s", parent, kit->name);
	struct stat st;

	errno = ENAMETOOLONG;
	if (n < 0 || n >= (int)sizeof(kit->folder))
		return pki_fail(pki, parent, "its name");
	if (mkdir(kit->folder, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return pki_fail(pki, kit->folder, "cannot be made");
	/* in a folder that is another's he could put files of his own in their place */
	errno = 0;
	if (lstat(kit->folder, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return pki_fail(
		    pki, kit->folder,
		    "is there already, and is not a folder that you alone can write to");
	return 0;
}

/* Configuration and authority first: a folder with a certificate in it is complete. */
static int
fill_kit(struct pki *pki, const struct kit *kit, unsigned days)
{
	char conf[PKI_PATH_MAX], ca[PKI_PATH_MAX], cert[PKI_PATH_MAX], key[PKI_PATH_MAX];
	const struct pki_request request = {
		.name = kit->name,
		.days = days,
		.cert_path = cert,
		.key_path = key,
	};

	if (kit_path(pki, kit, "netmonc.conf", conf) < 0 || kit_path(pki, kit, "ca.pem", ca) < 0 ||
	    kit_path(pki, kit, "probe.pem", cert) < 0 || kit_path(pki, kit, "probe.key", key) < 0)
		return -1;
	if ((!kit->renew && pki_write(pki, conf, false, put_conf, kit) < 0) ||
	    pki_write(pki, ca, false, pki_put_cert, pki->cert) < 0)
		return -1;
	return pki_issue(pki, &request);
}

struct count {
	const char *name;
	size_t known; /* not revoked */
	size_t valid; /* and not expired */
};

static int
count_one(void *ctx, const struct pki_entry *entry)
{
	struct count *c = ctx;

	if (entry->collector || entry->revoked || strcmp(entry->name, c->name) != 0)
		return 0;
	c->known++;
	c->valid += entry->not_after > time(NULL);
	return 0;
}

static void
print_steps(const struct kit *k)
{
	printf("%s has the probe's key, certificate and configuration.\n"
	       "Copy them to the probe:   scp -p %s/* root@PROBE:%s/\n"
	       "There, as root:           netmonc --config %s/netmonc.conf -i eth0\n"
	       "or, as a service:         chgrp netmon %s/probe.key; chmod 640 %s/probe.key; "
	       "systemctl enable --now netmonc@eth0\n",
	       k->folder, k->folder, k->target, k->target, k->target, k->target);
}

/* The exit status. */
static int
make_kit(struct cmd_context *ctx, struct pki *pki, struct kit *kit, unsigned days)
{
	const char *dir = cmd_value(ctx, "dir");

	if (!kit->renew && cover_host(pki, kit->place.host) < 0) {
		pki_close(pki);
		return 1;
	}
	if (make_kit_folder(pki, kit, dir ? dir : ".") < 0 || fill_kit(pki, kit, days) < 0)
		return failed(pki);
	print_steps(kit);
	if (!kit->renew)
		print_collector_lines(pki);
	pki_close(pki);
	return 0;
}

static int
run_add(struct cmd_context *ctx, int argc, const char *const *argv)
{
	const char *place = cmd_value(ctx, "collector");
	const char *spool = cmd_value(ctx, "spool");
	struct kit kit = { .name = name_of(argv[0]), .place = { .port = FRAME_PORT } };
	struct count count = { .name = kit.name };
	struct pki pki;

	(void)argc;
	kit.target = target_of(ctx);
	kit.spool = quotable("--spool", spool ? spool : SPOOL);
	if (place)
		parse_place(place, &kit.place);
	unsigned days = days_of(ctx);
	if (pki_open(&pki, pki_folder(ctx), true) < 0 || pki_each(&pki, count_one, &count) < 0)
		return failed(&pki);
	if (count.valid > 0) {
		pki_close(&pki);
		log_error("probe %s has a certificate: netmon probe renew %s makes another one, "
		          "netmon probe revoke %s ends it",
		          kit.name, kit.name, kit.name);
		return 1;
	}
	return make_kit(ctx, &pki, &kit, days);
}

static int
run_renew(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct kit kit = { .name = name_of(argv[0]), .renew = true };
	struct count count = { .name = kit.name };
	struct pki pki;

	(void)argc;
	kit.target = target_of(ctx);
	unsigned days = days_of(ctx);
	if (pki_open(&pki, pki_folder(ctx), false) < 0 || pki_each(&pki, count_one, &count) < 0)
		return failed(&pki);
	if (count.known == 0) {
		pki_close(&pki);
		log_error("no probe %s has a certificate: netmon probe add %s", kit.name, kit.name);
		return 1;
	}
	return make_kit(ctx, &pki, &kit, days);
}

/* --- what there is ----------------------------------------------------------------------------------------------------- */

static int
run_revoke(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct pki pki;
	size_t n;

	(void)argc;
	const char *name = name_of(argv[0]);
	if (pki_open(&pki, pki_folder(ctx), false) < 0 || pki_revoke(&pki, name, &n) < 0)
		return failed(&pki);
	pki_close(&pki);
	if (n == 0) {
		log_error("no probe %s has a certificate: see netmon probe list", name);
		return 1;
	}
	printf("%zu certificate%s of %s revoked; netmond ends its connection within 60 s\n", n,
	       n == 1 ? "" : "s", name);
	return 0;
}

/* Entries in the order of names. */
struct listing {
	struct pki_entry *v;
	size_t n;
};

static int
list_one(void *ctx, const struct pki_entry *entry)
{
	struct listing *l = ctx;
	struct pki_entry *more = reallocarray(l->v, l->n + 1, sizeof(*more));

	if (!more)
		log_fatal(1, "out of memory");
	l->v = more;
	l->v[l->n++] = *entry;
	return 0;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct pki_entry *x = a, *y = b;
	int by_name = strcmp(x->name, y->name);

	return by_name ? by_name : (x->not_after > y->not_after) - (x->not_after < y->not_after);
}

static void
state_of(const struct pki_entry *e, char *ret, size_t size)
{
	int64_t left_s = (int64_t)e->not_after - (int64_t)time(NULL);

	if (e->revoked)
		(void)snprintf(ret, size, "revoked");
	else if (left_s <= 0)
		(void)snprintf(ret, size, "expired");
	else if (left_s < (int64_t)SOON_DAYS * DAY_S)
		(void)snprintf(ret, size, "expires in %" PRId64 " days", left_s / DAY_S);
	else
		(void)snprintf(ret, size, "valid");
}

static int
run_list(struct cmd_context *ctx, int argc, const char *const *argv)
{
	static const char *const headings[] = { "NAME", "SERIAL", "NOT AFTER", "STATE" };
	struct listing l = { NULL, 0 };
	struct cmd_table table;
	struct pki pki;

	(void)argc;
	(void)argv;
	if (pki_open(&pki, pki_folder(ctx), false) < 0 || pki_each(&pki, list_one, &l) < 0) {
		free(l.v);
		return failed(&pki);
	}
	pki_close(&pki);
	if (l.n > 0)
		qsort(l.v, l.n, sizeof(*l.v), compare_entries);
	cmd_table_begin(&table, headings, 4);
	for (size_t i = 0; i < l.n; i++) {
		char end[32] = "", state[48];
		struct tm tm;

		if (gmtime_r(&l.v[i].not_after, &tm))
			(void)strftime(end, sizeof(end), "%Y-%m-%d", &tm);
		state_of(&l.v[i], state, sizeof(state));
		cmd_table_row(&table,
		              (const char *const[]){ l.v[i].name, l.v[i].serial, end, state });
	}
	cmd_table_end(&table);
	free(l.v);
	return 0;
}

/* --- fences ------------------------------------------------------------------------------------------------------------ */

static int
run_accept(struct cmd_context *ctx, int argc, const char *const *argv)
{
	(void)argc;
	int rc = db_probe_accept(ctx->db, argv[0], (uint32_t)time(NULL));
	if (rc == NM_ENOTFOUND) {
		log_error("the store knows no probe %s", argv[0]);
		return 1;
	}
	if (rc < 0)
		return cmd_fail(ctx, argv[0], rc);
	printf("whichever probe says next that it is %s is taken for it\n", argv[0]);
	return 0;
}

/* --- table ------------------------------------------------------------------------------------------------------------- */

#define PKI_OPTION                                                           \
	{                                                                    \
		"pki", "DIR", "the authority's folder, instead of the usual" \
	}

static const struct cmd_option kit_options[] = {
	{ "collector", "HOST[:PORT]", "how the probe reaches the collector (this host's name)" },
	{ "dir", "DIR", "make the folder NAME there (here)" },
	{ "target", "DIR", "where its files will be on the probe (as here)" },
	{ "spool", "DIR", "where the probe keeps records (" SPOOL ")" },
	{ "days", "N", "how long the certificate counts (730)" },
	PKI_OPTION,
	{ NULL, NULL, NULL },
};
static const struct cmd_option renew_options[] = {
	{ "dir", "DIR", "where the folder NAME is (here)" },
	{ "target", "DIR", "where its files are on the probe (as here)" },
	{ "days", "N", "how long the certificate counts (730)" },
	PKI_OPTION,
	{ NULL, NULL, NULL },
};
static const struct cmd_option collector_options[] = {
	{ "revoke", NULL, "revoke those that it had, because somebody else has a key of them" },
	{ "days", "N", "how long the certificate counts (730)" },
	PKI_OPTION,
	{ NULL, NULL, NULL },
};
static const struct cmd_option pki_options[] = { PKI_OPTION, { NULL, NULL, NULL } };

static const struct cmd_verb verbs[] = {
	{ "add", "NAME", "make a certificate and a configuration for a new probe", 1, 1,
	  CMD_NO_STORE, kit_options, run_add },
	{ "renew", "NAME", "make another certificate; the old one counts until it expires", 1, 1,
	  CMD_NO_STORE, renew_options, run_renew },
	{ "revoke", "NAME", "refuse the probe from now on", 1, 1, CMD_NO_STORE, pki_options,
	  run_revoke },
	{ "list", "", "show all certificates", 0, 0, CMD_NO_STORE, pki_options, run_list },
	{ "collector", "[HOST...]",
	  "make the collector's own certificate anew, for these names or those that it has", 0,
	  PKI_HOSTS_MAX, CMD_NO_STORE, collector_options, run_collector },
	{ "accept", "NAME", "lift the fence around it: the next that comes with this name is it", 1,
	  1, CMD_WRITE, NULL, run_accept },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};

const struct cmd cmd_probe = {
	.noun = "probe",
	.help = "certificates and configurations of probes on other machines",
	.verbs = verbs,
};
