/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live capture from interfaces. */
#include "probe/capture.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/capture_pcap.h"
#include "probe/capture_rebind.h"
#include "probe/fanout.h"

#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#define NS_PER_S    UINT64_C(1000000000)
#define POLL_MS     200 /* longest sleep: signals and idle flows are looked at so often */
#define BLOCK_MS    100 /* the kernel hands over a block that is not full after so long */
#define BATCHES_MAX 8   /* of one interface before the next one's turn */
#define DRAIN_S     10  /* longest time for what the kernel's buffers hold at the end */

/* A worker's socket at an interface. */
struct live_if {
	struct live_worker *worker;
	const char *name;
	unsigned index;        /* of the interface when it was opened; 0: the kernel's "any" */
	int hardware;          /* its type then */
	pcap_t *pcap;          /* NULL: another worker reads this interface alone */
	bool failed;           /* rests until the next second */
	bool lost;             /* cannot be taken up again */
	uint64_t failed_s;     /* since when; 0: it works */
	uint64_t begin_ns;     /* frames before this are another worker's too; 0: none are */
	uint32_t kernel_drops; /* pcap_stats() at the last look */
	uint32_t if_drops;
	struct capture_input input;
	/* Frames wait here until there is a batch. They are copied, because libpcap gives a frame's memory back to the
	 * kernel after its call; that costs less than a flow table that is waited for at every frame. */
	size_t n_frames;
	struct frame_bytes frames[METER_BATCH];
	uint8_t *bytes; /* METER_BATCH times snaplen */
};

/* What one thread uses. */
struct live_worker {
	const struct capture_config *config;
	unsigned number;
	uint64_t second; /* of the wall clock, of the last look at drops and failed interfaces */
	struct log_limit complaints;
	bool stops; /* `between` said so */
	size_t n;
	size_t n_lost; /* interfaces that only a restart brings back */
	struct live_if *ifs;
};

struct capture_live {
	unsigned n_workers;
	struct live_worker workers[];
};

static void
meter_batch(struct live_if *f)
{
	meter_frames(f->worker->config->meter, f->input.type, f->frames, f->n_frames);
	f->n_frames = 0;
}

/* A pcap_handler: one frame into the batch. */
static void
live_frame(u_char *live_if, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct live_if *f = (struct live_if *)(void *)live_if;
	struct frame_bytes *frame = &f->frames[f->n_frames];
	uint32_t snaplen = f->worker->config->snaplen;
	uint8_t *copy = f->bytes + f->n_frames * snaplen;

	capture_bytes(&f->input, header, bytes, frame);
	if (frame->ts_ns < f->begin_ns)
		return;
	if (frame->len > snaplen)
		frame->len = snaplen;
	memcpy(copy, bytes, frame->len);
	frame->bytes = copy;
	if (++f->n_frames == METER_BATCH)
		meter_batch(f);
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static int
set_up(pcap_t *pcap, const struct capture_config *config)
{
	unsigned workers = config->fanout ? config->fanout->workers : 1;
	unsigned buffer_mb = config->buffer_mb / workers ? config->buffer_mb / workers : 1;
	int rc = pcap_set_snaplen(pcap, (int)config->snaplen);

	if (rc == 0)
		rc = pcap_set_promisc(pcap, 1);
	if (rc == 0)
		rc = pcap_set_timeout(pcap, BLOCK_MS);
	if (rc == 0)
		rc = pcap_set_buffer_size(pcap, (int)(buffer_mb << 20));
	/* not every kernel and driver has them: then microseconds will do */
	(void)pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
	return rc == 0 ? pcap_activate(pcap) : rc;
}

/* Puts the cause into one line. Above 0 are warnings, such as no promiscuous mode on "any". */
static void
explain(const struct live_if *f, int rc)
{
	const char *words = pcap_geterr(f->pcap);

	if (rc > 0 && rc != PCAP_WARNING)
		log_info("%s: %s", f->name, pcap_statustostr(rc));
	else if (*words && rc == PCAP_ERROR)
		log_error("%s: %s", f->name, words);
	else if (rc == PCAP_ERROR_PERM_DENIED)
		log_error("%s: no permission to capture: run as root, or give the program "
		          "cap_net_raw",
		          f->name);
	else
		log_error("%s: %s%s%s", f->name, pcap_statustostr(rc), *words ? ": " : "", words);
}

static int
open_if(struct live_if *f, uint16_t link)
{
	const struct capture_config *config = f->worker->config;
	char err[PCAP_ERRBUF_SIZE];

	f->input = (struct capture_input){ .config = config, .link = link };
	f->bytes = malloc((size_t)METER_BATCH * config->snaplen);
	if (!f->bytes) {
		log_error("%s: out of memory", f->name);
		return -ENOMEM;
	}
	f->pcap = pcap_create(f->name, err);
	if (!f->pcap) {
		log_error("%s: %s", f->name, err);
		return -ENODEV;
	}
	int rc = set_up(f->pcap, config);
	if (rc != 0)
		explain(f, rc);
	if (rc >= 0)
		rc = capture_prepare(f->pcap, f->name, &f->input);
	if (rc == 0 && pcap_setnonblock(f->pcap, 1, err) < 0) {
		log_error("%s: %s", f->name, err);
		rc = -EIO;
	}
	if (rc < 0)
		return -EIO;
	f->index = if_nametoindex(f->name);
	f->hardware = capture_hardware(pcap_fileno(f->pcap));
	return NM_OK;
}

static void
close_if(struct live_if *f)
{
	if (f->pcap)
		pcap_close(f->pcap);
	f->pcap = NULL;
	free(f->bytes);
	f->bytes = NULL;
}

static uint64_t
wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Lets no more frames into a socket's ring. */
static bool
shut(const struct live_if *f)
{
	struct sock_filter nothing = { .code = BPF_RET | BPF_K };
	const struct sock_fprog program = { .len = 1, .filter = &nothing };

	return setsockopt(pcap_fileno(f->pcap), SOL_SOCKET, SO_ATTACH_FILTER, &program,
	                  sizeof(program)) == 0;
}

/* Opens a further worker's socket. Until it is in the group it gets what the others get; so nothing is let in before, and
 * what came even earlier is left out by its time. */
static int
open_further(struct live_if *f, uint16_t link, int *group)
{
	const int unused = 0;
	bool own;

	int rc = open_if(f, link);
	if (rc < 0)
		return rc;
	if (!shut(f))
		rc = -errno;
	f->begin_ns = wall_ns();
	if (rc == NM_OK)
		rc = fanout_join(pcap_fileno(f->pcap), f->worker->config->fanout, group, &own);
	if (rc < 0)
		log_error("%s: cannot be shared by workers: %s", f->name, nm_strerror(rc));
	else if (f->worker->config->filter)
		rc = capture_prepare(f->pcap, f->name, &f->input);
	else
		(void)setsockopt(pcap_fileno(f->pcap), SOL_SOCKET, SO_DETACH_FILTER, &unused,
		                 sizeof(unused));
	return rc;
}

/* Opens an interface for all workers. One that the kernel cannot share out is read by the first, who passes on. */
static int
open_all(struct capture_live *live, uint16_t link)
{
	struct live_if *first = &live->workers[0].ifs[link];
	int group = FANOUT_NO_GROUP;
	bool own;

	int rc = open_if(first, link);
	if (rc < 0 || live->n_workers == 1)
		return rc;
	rc = fanout_join(pcap_fileno(first->pcap), first->worker->config->fanout, &group, &own);
	if (rc < 0) {
		log_info("%s: the first worker reads it alone: %s", first->name, nm_strerror(rc));
		return NM_OK;
	}
	if (!own && link == 0)
		log_info("the kernel has no PACKET_FANOUT_CBPF: workers share packets by its own "
		         "hash, and pass on more");
	for (unsigned w = 1; rc == NM_OK && w < live->n_workers; w++)
		rc = open_further(&live->workers[w].ifs[link], link, &group);
	return rc;
}

static int
allocate(unsigned n_workers, const char *const *interfaces, size_t n,
         const struct capture_config *config, struct capture_live **ret_live)
{
	struct capture_live *live = calloc(1, sizeof(*live) + n_workers * sizeof(live->workers[0]));

	if (!live)
		return -ENOMEM;
	live->n_workers = n_workers;
	*ret_live = live;
	for (unsigned i = 0; i < n_workers; i++) {
		struct live_worker *w = &live->workers[i];
		w->config = config;
		w->number = i;
		w->complaints = (struct log_limit){ .burst = 3, .period_s = 60 };
		w->ifs = calloc(n, sizeof(w->ifs[0]));
		if (!w->ifs)
			return -ENOMEM;
		w->n = n;
		for (size_t k = 0; k < n; k++) {
			w->ifs[k].worker = w;
			w->ifs[k].name = interfaces[k];
		}
	}
	return NM_OK;
}

int
capture_live_open(const char *const *interfaces, size_t n, const struct capture_config *config,
                  struct capture_live **ret_live)
{
	struct capture_live *live = NULL;
	bool shared = config->fanout && config->fanout->workers > 1;
	unsigned n_workers = shared ? config->fanout->workers : 1;

	int rc = allocate(n_workers, interfaces, n, config, &live);
	if (rc < 0)
		log_error("out of memory");
	for (uint16_t link = 0; rc == NM_OK && link < n; link++)
		rc = open_all(live, link);
	if (rc < 0) {
		capture_live_close(live);
		return rc;
	}
	*ret_live = live;
	return NM_OK;
}

void
capture_live_close(struct capture_live *live)
{
	if (!live)
		return;
	for (unsigned i = 0; i < live->n_workers; i++) {
		for (size_t k = 0; k < live->workers[i].n; k++)
			close_if(&live->workers[i].ifs[k]);
		free(live->workers[i].ifs);
	}
	free(live);
}

/* --- running ----------------------------------------------------------------------------------------------------- */

static bool
is_read(const struct live_if *f)
{
	return f->pcap && !f->failed;
}

/* What was dropped since the last look. */
static void
take_drops(struct live_if *f, uint32_t *ret_kernel, uint32_t *ret_interface)
{
	struct pcap_stat stat;

	*ret_kernel = *ret_interface = 0;
	if (!f->pcap || pcap_stats(f->pcap, &stat) < 0)
		return;
	/* the counters are 32 bits wide and wrap */
	*ret_kernel = stat.ps_drop - f->kernel_drops;
	*ret_interface = stat.ps_ifdrop - f->if_drops;
	f->kernel_drops = stat.ps_drop;
	f->if_drops = stat.ps_ifdrop;
	/* an interface that went away took its counter with it: that is a step back */
	if (*ret_interface > INT32_MAX)
		*ret_interface = 0;
}

/* Puts it into the ledger. */
static void
account_drops(struct live_if *f, uint64_t now_ns)
{
	uint32_t kernel, interface;

	take_drops(f, &kernel, &interface);
	/* the interface's own counter is the same at each worker's socket */
	if (f->worker->number > 0)
		interface = 0;
	meter_drops(f->worker->config->meter, f->input.link, now_ns, kernel, interface);
}

/* An interface that failed may work again: it was down, or was taken away and is back under its name. Opening it again
 * would need the privileges that are gone, so the open socket moves. One of a group of workers cannot. */
static void
try_again(struct live_if *f, uint64_t now_s)
{
	if (!f->failed || f->lost)
		return;
	unsigned index = if_nametoindex(f->name);
	if (f->index != 0 && index == 0)
		return;
	if (f->index == index) {
		f->failed = false;
		return;
	}
	int rc = capture_rebind(pcap_fileno(f->pcap), index, f->hardware);
	if (rc == NM_OK) {
		f->failed = false;
		f->index = index;
		return;
	}
	f->lost = true;
	f->worker->n_lost++;
	if (f->worker->number == 0)
		log_error(
		    "%s: was made anew after %llu s and cannot be taken up again (%s): restart "
		    "netmonc",
		    f->name, (unsigned long long)(now_s - f->failed_s), nm_strerror(rc));
}

/* Whether frames would come: the interface is there, and up. */
static bool
is_up(const struct live_if *f)
{
	struct ifreq r = { 0 };

	if (f->index == 0)
		return true;
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", f->name);
	/* who may not ask is no reason to say that it is down */
	return ioctl(pcap_fileno(f->pcap), SIOCGIFFLAGS, &r) == 0 ? (r.ifr_flags & IFF_UP) != 0
	                                                          : errno != ENODEV;
}

/* Says when an interface goes down, and how long it was. The first worker speaks for all. */
static void
look_after(struct live_if *f, uint64_t now_s)
{
	bool speaks = f->worker->number == 0;

	try_again(f, now_s);
	bool works = f->pcap && !f->failed && is_up(f);
	if (!works && f->failed_s == 0) {
		f->failed_s = now_s;
		if (speaks && f->pcap)
			log_warn("%s: is down", f->name);
	} else if (works && f->failed_s != 0) {
		if (speaks)
			log_warn("%s: is back after %llu s", f->name,
			         (unsigned long long)(now_s - f->failed_s));
		f->failed_s = 0;
	}
}

static void
each_second(struct live_worker *w, uint64_t now_ns)
{
	if (now_ns / NS_PER_S == w->second)
		return;
	w->second = now_ns / NS_PER_S;
	for (size_t i = 0; i < w->n; i++) {
		account_drops(&w->ifs[i], now_ns);
		look_after(&w->ifs[i], w->second);
	}
}

static void
fail(struct live_if *f)
{
	f->failed = true;
	if (f->failed_s == 0)
		f->failed_s = wall_ns() / NS_PER_S;
	if (f->worker->number == 0 && log_allowed(&f->worker->complaints))
		log_warn("%s: %s: trying again each second", f->name, pcap_geterr(f->pcap));
}

/* Reads what is there of one interface, up to its share. Returns frames read. */
static int
read_if(struct live_if *f)
{
	struct live_worker *w = f->worker;
	int total = 0;

	for (int batch = 0; batch < BATCHES_MAX && !w->stops; batch++) {
		int n = pcap_dispatch(f->pcap, CAPTURE_BATCH, live_frame, (u_char *)f);
		meter_batch(f);
		w->stops = !w->config->between(w->config->ctx);
		if (n < 0) {
			fail(f);
			break;
		}
		total += n;
		if (n < CAPTURE_BATCH)
			break;
	}
	return total;
}

/* Sleeps until a frame is there, somebody wakes us, or POLL_MS. A negative code after a log line. */
static int
wait_frames(const struct live_worker *w)
{
	struct pollfd fds[METER_LINKS_MAX + 1];
	nfds_t n = 0;

	if (w->config->may_sleep) {
		if (!w->config->may_sleep(w->config->ctx))
			return NM_OK;
		fds[n++] = (struct pollfd){ .fd = w->config->wake_fd, .events = POLLIN };
	}
	for (size_t i = 0; i < w->n; i++)
		if (is_read(&w->ifs[i]))
			fds[n++] = (struct pollfd){
				.fd = pcap_get_selectable_fd(w->ifs[i].pcap),
				.events = POLLIN,
			};
	if (poll(fds, n, POLL_MS) >= 0 || errno == EINTR)
		return NM_OK;
	log_error("poll: %s", nm_strerror(-errno));
	return -EIO;
}

static int
read_all(struct live_worker *w)
{
	int frames = 0;

	for (size_t i = 0; i < w->n; i++)
		if (is_read(&w->ifs[i]))
			frames += read_if(&w->ifs[i]);
	return frames;
}

/* The end: lets nothing in any more and takes what the kernel had before, which it hands over a block later. */
static void
drain(struct live_worker *w)
{
	const struct timespec block = { .tv_nsec = 2 * BLOCK_MS * 1000000L };
	uint64_t end_ns = wall_ns() + DRAIN_S * NS_PER_S;

	for (size_t i = 0; i < w->n; i++)
		if (w->ifs[i].pcap)
			(void)shut(&w->ifs[i]);
	(void)nanosleep(&block, NULL);
	do
		w->stops = false;
	while (read_all(w) > 0 && wall_ns() < end_ns);
	for (size_t i = 0; i < w->n; i++)
		account_drops(&w->ifs[i], wall_ns());
}

int
capture_live_run(struct capture_live *live, unsigned worker, const struct capture_config *config)
{
	struct live_worker *w = &live->workers[worker];

	w->config = config;
	for (;;) {
		int frames = read_all(w);
		uint64_t now_ns = wall_ns();
		each_second(w, now_ns);
		/* a second behind, because frames with earlier time stamps can still be on their way */
		if (frames == 0)
			meter_idle(config->meter, now_ns - NS_PER_S);
		if (w->stops || !config->between(config->ctx))
			break;
		if (w->n_lost == w->n) {
			log_error("no interface is left");
			return -ENODEV;
		}
		if (frames == 0) {
			int rc = wait_frames(w);
			if (rc < 0)
				return rc;
		}
	}
	drain(w);
	return NM_OK;
}
