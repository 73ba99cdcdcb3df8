/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capture files, and what they share with interfaces. */
#include "probe/capture.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/capture_pcap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define READ_BUFFER (256u << 10)

void
capture_frame(u_char *input, /* NOLINT(readability-non-const-parameter): a pcap_handler */
              const struct pcap_pkthdr *header, const u_char *bytes)
{
	const struct capture_input *in = (const struct capture_input *)(void *)input;
	/* seconds are unsigned, good to 2106; libpcap hands those of a file through as signed */
	struct frame_bytes frame = {
		.ts_ns = (uint32_t)header->ts.tv_sec * UINT64_C(1000000000) +
		         (uint32_t)header->ts.tv_usec * in->tick_ns,
		.bytes = bytes,
		.len = header->caplen,
		.wire_len = header->len,
		.link = in->link,
	};

	meter_frame(in->config->meter, in->type, &frame);
}

static int
set_filter(pcap_t *pcap, const char *name, const char *filter)
{
	struct bpf_program program;

	if (!filter)
		return NM_OK;
	if (pcap_compile(pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		log_error("%s: filter \"%s\": %s", name, filter, pcap_geterr(pcap));
		return NM_EFORMAT;
	}
	int rc = pcap_setfilter(pcap, &program);
	pcap_freecode(&program);
	if (rc < 0) {
		log_error("%s: filter \"%s\": %s", name, filter, pcap_geterr(pcap));
		return NM_EFORMAT;
	}
	return NM_OK;
}

int
capture_prepare(pcap_t *pcap, const char *name, uint16_t link, const struct capture_config *config,
                struct capture_input *ret_input)
{
	int dlt = pcap_datalink(pcap);
	const struct decode_link *type = decode_link_find(dlt);

	if (!type) {
		const char *known = pcap_datalink_val_to_name(dlt);
		log_error("%s: link type %s (%d) is not supported", name, known ? known : "?", dlt);
		return NM_EFORMAT;
	}
	*ret_input = (struct capture_input){
		.config = config,
		.type = type,
		.tick_ns = pcap_get_tstamp_precision(pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000,
		.link = link,
	};
	return set_filter(pcap, name, config->filter);
}

static int
read_frames(pcap_t *pcap, const char *name, struct capture_input *input,
            const struct capture_config *config)
{
	int n;

	do {
		n = pcap_dispatch(pcap, CAPTURE_BATCH, capture_frame, (u_char *)input);
		/* before looking at n: a signal that ends us can be what broke the read off */
		if (!config->between(config->ctx))
			return NM_OK;
	} while (n > 0);
	if (n == 0)
		return NM_OK;
	log_error("%s: %s: what came before is metered", name, pcap_geterr(pcap));
	return NM_EFORMAT;
}

int
capture_file(const char *path, uint16_t link, const struct capture_config *config)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	char err[PCAP_ERRBUF_SIZE];
	struct capture_input input;

	pcap_t *pcap =
	    pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, err);
	if (!pcap) {
		/* libpcap names the file in some of its errors only */
		const char *words =
		    strncmp(err, path, strlen(path)) == 0 ? err + strlen(path) : err;
		log_error("%s: %s", name, words + strspn(words, ": "));
		return NM_EFORMAT;
	}
	int rc = capture_prepare(pcap, name, link, config, &input);
	if (rc == NM_OK)
		rc = read_frames(pcap, name, &input, config);
	pcap_close(pcap);
	return rc;
}
