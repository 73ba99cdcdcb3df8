/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live capture from interfaces. */
#include "probe/capture.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/capture_pcap.h"
#include "probe/capture_rebind.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S    UINT64_C(1000000000)
#define POLL_MS     200 /* longest sleep: signals and idle flows are looked at so often */
#define BLOCK_MS    100 /* the kernel hands over a block that is not full after so long */
#define BATCHES_MAX 8   /* of one interface before the next one's turn */

struct live_if {
	const char *name;
	unsigned index; /* of the interface when it was opened; 0: the kernel's "any" */
	int hardware;   /* its type then */
	pcap_t *pcap;
	bool failed;           /* rests until the next second */
	bool lost;             /* cannot be taken up again */
	uint32_t kernel_drops; /* pcap_stats() at the last look */
	uint32_t if_drops;
	struct capture_input input;
	/* Frames wait here until there is a batch. They are copied, because libpcap gives a frame's memory back to the
	 * kernel after its call; that costs less than a flow table that is waited for at every frame. */
	size_t n_frames;
	struct frame_bytes frames[METER_BATCH];
	uint8_t *bytes; /* METER_BATCH times snaplen */
};

struct capture_live {
	const struct capture_config *config;
	uint64_t
	    second; /* of the wall clock, when drops and failed interfaces were looked at last */
	struct log_limit complaints;
	size_t n;
	size_t n_lost; /* interfaces that only a restart brings back */
	struct live_if ifs[];
};

static void
meter_batch(struct live_if *f)
{
	meter_frames(f->input.config->meter, f->input.type, f->frames, f->n_frames);
	f->n_frames = 0;
}

/* A pcap_handler: one frame into the batch. */
static void
live_frame(u_char *live_if, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct live_if *f = (struct live_if *)(void *)live_if;
	struct frame_bytes *frame = &f->frames[f->n_frames];
	uint8_t *copy = f->bytes + f->n_frames * f->input.config->snaplen;

	capture_bytes(&f->input, header, bytes, frame);
	if (frame->len > f->input.config->snaplen)
		frame->len = f->input.config->snaplen;
	memcpy(copy, bytes, frame->len);
	frame->bytes = copy;
	if (++f->n_frames == METER_BATCH)
		meter_batch(f);
}

static int
set_up(pcap_t *pcap, const struct capture_config *config)
{
	int rc = pcap_set_snaplen(pcap, (int)config->snaplen);

	if (rc == 0)
		rc = pcap_set_promisc(pcap, 1);
	if (rc == 0)
		rc = pcap_set_timeout(pcap, BLOCK_MS);
	if (rc == 0)
		rc = pcap_set_buffer_size(pcap, (int)(config->buffer_mb << 20));
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
open_if(struct capture_live *live, struct live_if *f, uint16_t link)
{
	char err[PCAP_ERRBUF_SIZE];

	f->input = (struct capture_input){ .config = live->config, .link = link };
	f->pcap = pcap_create(f->name, err);
	if (!f->pcap) {
		log_error("%s: %s", f->name, err);
		return -ENODEV;
	}
	int rc = set_up(f->pcap, live->config);
	if (rc != 0)
		explain(f, rc);
	if (rc >= 0)
		rc = capture_prepare(f->pcap, f->name, &f->input);
	if (rc == 0 && pcap_setnonblock(f->pcap, 1, err) < 0) {
		log_error("%s: %s", f->name, err);
		rc = -EIO;
	}
	if (rc < 0) {
		pcap_close(f->pcap);
		f->pcap = NULL;
		return -EIO;
	}
	f->index = if_nametoindex(f->name);
	f->hardware = capture_hardware(pcap_fileno(f->pcap));
	f->kernel_drops = 0;
	f->if_drops = 0;
	return NM_OK;
}

int
capture_live_open(const char *const *interfaces, size_t n, const struct capture_config *config,
                  struct capture_live **ret_live)
{
	struct capture_live *live = calloc(1, sizeof(*live) + n * sizeof(live->ifs[0]));

	if (!live) {
		log_error("out of memory");
		return -ENOMEM;
	}
	live->config = config;
	live->complaints = (struct log_limit){ .burst = 3, .period_s = 60 };
	while (live->n < n) {
		struct live_if *f = &live->ifs[live->n];
		f->name = interfaces[live->n];
		f->bytes = malloc((size_t)METER_BATCH * config->snaplen);
		if (!f->bytes)
			log_error("%s: out of memory", f->name);
		int rc = f->bytes ? open_if(live, f, (uint16_t)live->n) : -ENOMEM;
		live->n++;
		if (rc < 0) {
			capture_live_close(live);
			return rc;
		}
	}
	*ret_live = live;
	return NM_OK;
}

void
capture_live_close(struct capture_live *live)
{
	if (!live)
		return;
	for (size_t i = 0; i < live->n; i++) {
		if (live->ifs[i].pcap)
			pcap_close(live->ifs[i].pcap);
		free(live->ifs[i].bytes);
	}
	free(live);
}

static uint64_t
wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Puts what was dropped since the last look into the ledger. */
static void
account_drops(struct capture_live *live, size_t i, uint64_t now_ns)
{
	struct live_if *f = &live->ifs[i];
	struct pcap_stat stat;

	if (!f->pcap || pcap_stats(f->pcap, &stat) < 0)
		return;
	/* the counters are 32 bits wide and wrap */
	uint32_t kernel = stat.ps_drop - f->kernel_drops;
	uint32_t interface = stat.ps_ifdrop - f->if_drops;
	f->kernel_drops = stat.ps_drop;
	f->if_drops = stat.ps_ifdrop;
	meter_drops(live->config->meter, (uint16_t)i, now_ns, kernel, interface);
}

/* An interface that failed may work again: it was down, or was taken away and is back under its name. Opening it again
 * would need the privileges that are gone, so the open socket moves. */
static void
try_again(struct capture_live *live, size_t i)
{
	struct live_if *f = &live->ifs[i];

	if (!f->failed || f->lost)
		return;
	unsigned index = if_nametoindex(f->name);
	f->failed = false;
	if (f->index == 0 || index == f->index)
		return;
	if (index == 0) {
		f->failed = true;
		return;
	}
	int rc = capture_rebind(pcap_fileno(f->pcap), index, f->hardware);
	if (rc == NM_OK) {
		f->index = index;
		log_info("%s: is back, and taken up again", f->name);
		return;
	}
	f->failed = f->lost = true;
	live->n_lost++;
	log_error("%s: was made anew and cannot be taken up again (%s): restart netmonc", f->name,
	          nm_strerror(rc));
}

static void
each_second(struct capture_live *live, uint64_t now_ns)
{
	if (now_ns / NS_PER_S == live->second)
		return;
	live->second = now_ns / NS_PER_S;
	for (size_t i = 0; i < live->n; i++) {
		account_drops(live, i, now_ns);
		try_again(live, i);
	}
}

/* Reads what is there of one interface, up to its share. Returns frames read. */
static int
read_if(struct capture_live *live, struct live_if *f)
{
	int total = 0;

	for (int batch = 0; batch < BATCHES_MAX; batch++) {
		int n = pcap_dispatch(f->pcap, CAPTURE_BATCH, live_frame, (u_char *)f);
		meter_batch(f);
		if (n < 0) {
			f->failed = true;
			if (log_allowed(&live->complaints))
				log_warn("%s: %s: trying again each second", f->name,
				         pcap_geterr(f->pcap));
			break;
		}
		total += n;
		if (n < CAPTURE_BATCH)
			break;
	}
	return total;
}

/* Sleeps until a frame is there, or POLL_MS. A negative code after a log line. */
static int
wait_frames(const struct capture_live *live)
{
	struct pollfd fds[METER_LINKS_MAX];
	nfds_t n = 0;

	for (size_t i = 0; i < live->n; i++)
		if (!live->ifs[i].failed)
			fds[n++] = (struct pollfd){
				.fd = pcap_get_selectable_fd(live->ifs[i].pcap),
				.events = POLLIN,
			};
	if (poll(fds, n, POLL_MS) >= 0 || errno == EINTR)
		return NM_OK;
	log_error("poll: %s", nm_strerror(-errno));
	return -EIO;
}

static int
read_all(struct capture_live *live)
{
	int frames = 0;

	for (size_t i = 0; i < live->n; i++)
		if (!live->ifs[i].failed)
			frames += read_if(live, &live->ifs[i]);
	return frames;
}

/* The end: takes what the kernel had before we were told to stop, which it hands over a block later. */
static void
drain(struct capture_live *live)
{
	const struct timespec block = { .tv_nsec = 2 * BLOCK_MS * 1000000L };

	(void)nanosleep(&block, NULL);
	(void)read_all(live);
	for (size_t i = 0; i < live->n; i++)
		account_drops(live, i, wall_ns());
}

int
capture_live_run(struct capture_live *live)
{
	const struct capture_config *config = live->config;

	for (;;) {
		int frames = read_all(live);
		uint64_t now_ns = wall_ns();
		each_second(live, now_ns);
		/* a second behind, because frames with earlier time stamps can still be on their way */
		if (frames == 0)
			meter_idle(config->meter, now_ns - NS_PER_S);
		if (!config->between(config->ctx))
			break;
		if (live->n_lost == live->n) {
			log_error("no interface is left");
			return -ENODEV;
		}
		if (frames == 0) {
			int rc = wait_frames(live);
			if (rc < 0)
				return rc;
		}
	}
	drain(live);
	return NM_OK;
}
