/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run of netmonc. */
#include "probe/run.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/capture.h"
#include "probe/classify.h"
#include "probe/explain.h"
#include "probe/export.h"
#include "probe/fanout.h"
#include "probe/gap.h"
#include "probe/ledger_print.h"
#include "probe/meter.h"
#include "probe/modguard.h"
#include "probe/modhost.h"
#include "probe/sandbox.h"
#include "probe/sink_text.h"
#include "probe/spool.h"
#include "probe/state.h"
#include "probe/tag.h"
#include "probe/worker.h"
#include "probe/worker_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct run {
	const struct options *options;
	struct fanout fanout;
	struct tag_table *tags; /* of all workers */
	struct hosts *hosts;    /* same */
	struct state *state;    /* NULL: nothing outlives this run */
	struct classifier *classifier;
	struct tls *tls;     /* NULL: plain TCP */
	struct gap *gap;     /* of the interfaces; NULL without a spool */
	struct spool *spool; /* NULL: records wait in memory */
	bool kept;           /* all that was metered is on disk or delivered */
	struct sink *sink;
	const struct sink *exporter; /* NULL: records go to standard output */
	struct workers *workers;
	struct capture_live *live;
	int *files; /* descriptors or -errno, as many as options->files.n */
	struct capture_config capture;
	time_t second; /* of the last tick */
};

/* --- signals ----------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t stop_wanted, reload_wanted, ledger_wanted;

static void
on_signal(int signal_number)
{
	switch (signal_number) {
	case SIGHUP:
		reload_wanted = 1;
		break;
	case SIGUSR1:
		ledger_wanted = 1;
		break;
	default:
		stop_wanted = 1;
		break;
	}
}

/* Without SA_RESTART: a read of a pipe is interrupted, so that every signal is followed at once. */
static void
catch_signals(void)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
	struct sigaction action = { .sa_handler = on_signal };

	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		(void)sigaction(caught[i], &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* --- ledger ------------------------------------------------------------------------------------------------------ */

static void
print_ledger(const struct run *r, void (*print)(const char *fmt, ...))
{
	struct meter_count counts[LEDGER_CAUSE_MAX];
	struct flow_stats flows;

	if (r->fanout.workers > 1)
		print("%u workers: %" PRIu64 " packets passed on between them", r->fanout.workers,
		      workers_passed(r->workers));
	workers_get_stats(r->workers, &flows);
	print("flow table: %" PRIu64 " conversations, %" PRIu64 " records cut, %" PRIu64
	      " half-open conversations ended to make room, %" PRIu64
	      " packets in overflow records",
	      flows.conversations, flows.records, flows.evicted, flows.refused);
	for (size_t i = 0; i < r->options->links.n; i++) {
		workers_get_counts(r->workers, (uint16_t)i, counts);
		ledger_print(r->options->links.v[i], counts, print);
	}
}

/* --- parts ------------------------------------------------------------------------------------------------------- */

static struct classify_files
files_of(const struct options *o)
{
	return (struct classify_files){
		.modules = o->modules,
		.module_dir = o->module_dir,
		.services = o->services,
		.rules = o->rules,
	};
}

static int
load_classifier(const struct options *o, const struct classify_limits *limits,
                struct classifier **ret_classifier)
{
	struct classifier *c;
	char err[512];

	int rc = classify_new(limits, &c);
	if (rc < 0) {
		log_error("classifier: %s", nm_strerror(rc));
		return rc;
	}
	const struct classify_files files = files_of(o);
	rc = classify_load(c, &files, err, sizeof(err));
	if (rc < 0) {
		log_error("%s", err);
		classify_free(c);
		return rc;
	}
	*ret_classifier = c;
	return NM_OK;
}

static void
send_apps(const struct run *r)
{
	const struct application *apps;
	size_t n = classify_apps(r->classifier, &apps);

	r->sink->ops->apps(r->sink, apps, n, classify_labels(r->classifier));
}

/* A file that does not load leaves all that is old at work. */
static void
reload(const struct run *r)
{
	const struct classify_files files = files_of(r->options);
	char err[512];

	workers_pause(r->workers);
	int rc = classify_load(r->classifier, &files, err, sizeof(err));
	if (rc == NM_OK) {
		workers_follow(r->workers);
		send_apps(r);
		state_learn_words(r->state, r->classifier);
	}
	workers_resume(r->workers);
	if (rc < 0)
		log_error("%s: the old modules, services and rules stay", err);
	else
		log_info("modules, services and rules read again");
}

static void
print_ledger_now(const struct run *r)
{
	workers_pause(r->workers);
	print_ledger(r, log_warn);
	workers_resume(r->workers);
}

/* What threads share: also the secrets that keep others from choosing endpoints and names that collide. */
static int
open_tables(struct run *r)
{
	uint64_t seed[2];

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed)) {
		log_error("no random numbers");
		return -EIO;
	}
	int rc = tag_new(r->options->max_tags, seed[0], &r->tags);
	if (rc == NM_OK)
		rc = hosts_new(r->options->max_names, seed[1], &r->hosts);
	if (rc < 0)
		log_error("tags and names: %s", nm_strerror(rc));
	return rc;
}

static void
guard_modules(const struct options *o, int folder, bool read_only)
{
	const struct modguard_config config = {
		.links = (const char *const *)o->links.v,
		.n_links = o->links.n,
		.state_dir = o->state_dir,
		.folder = folder,
		.read_only = read_only,
	};

	modguard_begin(&config);
}

/* What the run before this one left: which modules failed, and then, once the modules are there, tags. */
static int
open_state(struct run *r)
{
	const struct options *o = r->options;
	const struct state_config config = {
		.folder = o->state_dir,
		.tags = r->tags,
		.packet_time = o->files.n != 0,
	};

	int rc = state_open(&config, &r->state);
	if (rc == NM_OK)
		guard_modules(o, state_folder(r->state), false);
	return rc;
}

static void
load_state(struct run *r)
{
	state_learn_words(r->state, r->classifier);
	state_load(r->state);
	state_start(r->state);
}

static struct classify_limits
limits_of(const struct run *r)
{
	return (struct classify_limits){
		.tags_max = r->options->max_tags,
		.names_max = r->options->max_names,
		.tags = r->tags,
		.hosts = r->hosts,
		.no_behaviour = r->options->no_behaviour,
	};
}

/* Several threads need a sink that they may share. */
static int
share_sink(struct run *r)
{
	struct sink *shared;

	if (r->fanout.workers == 1)
		return NM_OK;
	int rc = sink_shared_new(r->sink, &shared);
	if (rc == NM_OK)
		r->sink = shared;
	else
		log_error("workers: %s", nm_strerror(rc));
	return rc;
}

/* Inside the sandbox: what is in it may have been damaged by anything. */
static int
open_spool(struct run *r)
{
	const struct options *o = r->options;
	const struct spool_config config = {
		.folder = o->spool,
		.probe = o->probe,
		.size_max = (uint64_t)o->spool_mb << 20,
		.drop_oldest = o->spool_policy && strcmp(o->spool_policy, "drop-oldest") == 0,
	};

	return o->spool ? spool_open(&config, &r->spool) : NM_OK;
}

static int
open_sink(struct run *r)
{
	const struct options *o = r->options;
	const char *const *links = (const char *const *)o->links.v;
	enum sink_format format;
	int rc;

	if (o->explain) {
		rc = explain_new(r->classifier, stdout, &r->sink);
	} else if (o->output && sink_format_parse(o->output, &format) == 0) {
		const struct sink_text_config config = {
			.fd = STDOUT_FILENO,
			.classifier = r->classifier,
			.probe = o->probe,
			.links = links,
			.n_links = o->links.n,
		};
		rc = sink_text_new(format, &config, &r->sink);
	} else {
		const struct export_config config = {
			.host = o->host,
			.port = (uint16_t)o->port,
			.tls = r->tls,
			.insecure = o->insecure,
			.probe = o->probe,
			.links = links,
			.n_links = o->links.n,
			.labels = classify_labels(r->classifier),
			.wait_when_full = o->interfaces.n == 0,
			.spool = r->spool,
			.gap = r->gap,
			.sampling = (unsigned)o->sampling,
		};
		rc = export_new(&config, &r->sink);
		if (rc == NM_OK)
			r->exporter = r->sink;
	}
	if (rc < 0)
		log_error("%s: %s", o->output ? "output" : "exporter", nm_strerror(rc));
	return rc;
}

static int
open_workers(struct run *r)
{
	const struct options *o = r->options;
	struct workers_config config = {
		.fanout = &r->fanout,
		.meter = {
			.flow = flow_limits_default,
			.decode_flags = o->no_decap ? DECODE_NO_DECAP : 0,
			.fragments_max = o->max_fragments,
		},
		.classify = limits_of(r),
		.classifier = r->classifier,
		.sink = r->sink,
		.reads_files = !r->live,
	};

	config.meter.flow.active_s = (uint32_t)o->active_s;
	config.meter.flow.idle_s = (uint32_t)o->idle_s;
	config.meter.flow.octets_max = (uint32_t)o->max_octets;
	config.meter.flow.packets_max = (uint32_t)o->max_packets;
	config.meter.flow.table_max = (uint32_t)o->max_flows;
	config.meter.flow.snapshot_ms = (uint32_t)o->snapshot_ms;
	config.meter.flow.sampling = (uint32_t)o->sampling;
	int rc = workers_new(&config, &r->workers);
	if (rc < 0)
		log_error("flow table: %s", nm_strerror(rc));
	return rc;
}

/* --- run --------------------------------------------------------------------------------------------------------- */

/* Between batches of frames: signals, and the sink's tick. */
static bool
between(void *ctx)
{
	struct run *r = ctx;
	struct timespec now;

	if (reload_wanted) {
		reload_wanted = 0;
		reload(r);
	}
	if (ledger_wanted) {
		ledger_wanted = 0;
		print_ledger_now(r);
	}
	workers_flush(r->workers);
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec != r->second) {
		r->second = now.tv_sec;
		r->sink->ops->tick(r->sink);
	}
	return !stop_wanted;
}

/* Lets the process have so many descriptors, and what a run needs besides. */
static void
allow_descriptors(size_t n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < n + 128) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Opens all capture files, so that none is opened with less rights than the caller has. What cannot be opened is an error
 * at its turn. */
static int
open_files(struct run *r)
{
	const struct opt_list *files = &r->options->files;

	r->files = calloc(files->n, sizeof(*r->files));
	if (!r->files) {
		log_error("out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < files->n; i++)
		r->files[i] = capture_open(files->v[i]);
	return NM_OK;
}

static void
close_file(struct run *r, size_t i)
{
	if (r->files[i] > STDIN_FILENO)
		(void)close(r->files[i]);
	r->files[i] = -1;
}

/* The certificates, of which the key may be for root alone. */
static int
open_tls(struct run *r)
{
	const struct options *o = r->options;
	const struct tls_files files = { o->tls_cert, o->tls_key, o->tls_ca, o->tls_crl };
	char err[512];

	if (!o->tls_cert || o->output || o->explain)
		return NM_OK;
	int rc = tls_new(&files, false, &r->tls, err, sizeof(err));
	if (rc < 0)
		log_error("%s", err);
	return rc;
}

/* Opens the interfaces or files and gives privileges up, before a byte of a packet, a file or the network is parsed. */
static int
open_sources(struct run *r)
{
	const struct options *o = r->options;

	r->capture = (struct capture_config){
		.filter = o->filter,
		.snaplen = (unsigned)o->snaplen,
		.buffer_mb = (unsigned)o->buffer_mb,
		.fanout = &r->fanout,
		.between = between,
		.ctx = r,
	};
	/* Libpcap has an eventfd beside each socket, and each worker one of its own. Modules are held open by each worker, the
	 * old and the new ones in a reload. */
	allow_descriptors(o->files.n +
	                  (2 * o->interfaces.n + 1 + 2 * MODHOST_MODULES_MAX) * o->workers);
	if (o->interfaces.n && o->spool &&
	    gap_open((const char *const *)o->interfaces.v, o->interfaces.n, &r->gap) < 0)
		return -ENOMEM;
	if (o->interfaces.n) {
		int rc = capture_live_open((const char *const *)o->interfaces.v, o->interfaces.n,
		                           &r->capture, &r->live);
		if (rc < 0)
			return rc;
	} else {
		int rc = open_files(r);
		if (rc < 0)
			return rc;
	}
	int rc = open_tls(r);
	return rc < 0 ? rc : sandbox_enter(o);
}

static int
capture_all(struct run *r)
{
	const struct options *o = r->options;
	int worst = NM_OK;

	if (r->live)
		return workers_run(r->workers, r->live, &r->capture);
	int rc = workers_start(r->workers);
	if (rc < 0)
		return rc;
	r->capture.meter = workers_meter(r->workers);
	for (size_t i = 0; i < o->files.n && !stop_wanted; i++) {
		rc = capture_opened(r->files[i], o->files.v[i], 0, &r->capture);
		close_file(r, i);
		if (rc < 0)
			worst = rc;
	}
	return worst;
}

static int
run_all(struct run *r)
{
	int rc = fanout_init(&r->fanout, (unsigned)r->options->workers);

	if (rc < 0)
		log_error("no random numbers");
	else
		rc = open_sources(r);
	if (rc == NM_OK)
		rc = open_tables(r);
	if (rc == NM_OK)
		rc = open_state(r);
	const struct classify_limits limits = limits_of(r);
	if (rc == NM_OK)
		rc = load_classifier(r->options, &limits, &r->classifier);
	if (rc == NM_OK)
		rc = open_spool(r);
	if (rc == NM_OK)
		rc = open_sink(r);
	if (rc == NM_OK)
		rc = share_sink(r);
	if (rc == NM_OK)
		rc = open_workers(r);
	if (rc < 0 || !r->sink)
		return rc;
	send_apps(r);
	load_state(r);
	rc = capture_all(r);
	workers_finish(r->workers);
	state_stop(r->state);
	if (r->options->explain || log_enabled(LOG_LEVEL_INFO))
		print_ledger(r, r->options->explain ? log_warn : log_info);
	int delivered = r->sink->ops->finish(r->sink);
	/* the sink that workers share is around it */
	r->kept = r->exporter && export_is_kept(r->exporter);
	return rc < 0 ? rc : delivered;
}

int
run_probe(const struct options *options)
{
	struct run r = { .options = options };

	catch_signals();
	int rc = run_all(&r);
	capture_live_close(r.live);
	for (size_t i = 0; r.files && i < options->files.n; i++)
		close_file(&r, i);
	free(r.files);
	workers_free(r.workers);
	if (r.sink)
		r.sink->ops->free(r.sink);
	spool_close(r.spool, r.kept);
	gap_close(r.gap);
	tls_free(r.tls);
	classify_free(r.classifier);
	modguard_end();
	state_close(r.state);
	tag_free(r.tags);
	hosts_free(r.hosts);
	return rc < 0 ? 1 : 0;
}

/* Loads what would run, and says so. */
static int
check_modules(const struct options *options)
{
	struct classifier *classifier;
	struct classify_stats stats;

	const struct classify_limits limits = { .tags_max = options->max_tags,
		                                .names_max = options->max_names,
		                                .no_behaviour = options->no_behaviour };
	if (load_classifier(options, &limits, &classifier) < 0)
		return 2;
	options_print(options);
	classify_get_stats(classifier, &stats);
	printf("loaded         %u modules, %u services, %u rules: labels version %08" PRIx32 "\n",
	       stats.modules, stats.services, stats.rules, classify_labels(classifier));
	if (stats.left_out)
		printf("left out       %u modules that failed before\n", stats.left_out);
	classify_free(classifier);
	return 0;
}

int
run_check(const struct options *options)
{
	int folder =
	    options->state_dir ? open(options->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	int error = errno;
	guard_modules(options, folder, true);
	int status = check_modules(options);
	if (options->state_dir && folder < 0)
		printf("state folder   cannot be opened: %s\n", nm_strerror(-error));
	modguard_end();
	if (folder >= 0)
		(void)close(folder);
	return status;
}
