/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What capture files and interfaces share. */
#include "probe/capture.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/capture_pcap.h"
#include "probe/filter.h"

void
capture_bytes(const struct capture_input *in, const struct pcap_pkthdr *header, const u_char *bytes,
              struct frame_bytes *ret_frame)
{
	/* seconds are unsigned, good to 2106; libpcap hands those of a file through as signed */
	*ret_frame = (struct frame_bytes){
		.ts_ns = (uint32_t)header->ts.tv_sec * UINT64_C(1000000000) +
		         (uint32_t)header->ts.tv_usec * in->tick_ns,
		.bytes = bytes,
		.len = header->caplen,
		.wire_len = header->len,
		.link = in->link,
	};
}

const struct decode_link *
capture_type(const char *name, int dlt)
{
	const struct decode_link *type = decode_link_find(dlt);
	const char *known = pcap_datalink_val_to_name(dlt);

	if (!type)
		log_error("%s: link type %s (%d) is not supported; those that are: %s", name,
		          known ? known : "without a name", dlt, decode_links_text);
	return type;
}

int
capture_compile(pcap_t *pcap, const char *name, const char *filter, struct bpf_program *ret_program)
{
	char err[512];

	int rc = filter_compile(pcap, filter, ret_program, err, sizeof(err));
	if (rc < 0)
		log_error("%s: filter \"%s\": %s", name, filter, err);
	return rc;
}

static int
set_filter(pcap_t *pcap, const char *name, const char *filter)
{
	struct bpf_program program;

	int rc = capture_compile(pcap, name, filter, &program);
	if (rc < 0)
		return rc;
	if (pcap_setfilter(pcap, &program) < 0) {
		log_error("%s: filter \"%s\": %s", name, filter, pcap_geterr(pcap));
		rc = NM_EFORMAT;
	}
	pcap_freecode(&program);
	return rc;
}

int
capture_prepare(pcap_t *pcap, const char *name, struct capture_input *in)
{
	in->type = capture_type(name, pcap_datalink(pcap));
	if (!in->type)
		return NM_EFORMAT;
	in->tick_ns = pcap_get_tstamp_precision(pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
	return in->config->filter ? set_filter(pcap, name, in->config->filter) : NM_OK;
}
