/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: floor FILE
 *
 * Reads a capture through libpcap and counts, nothing else: the least that any program that reads it so costs. Prints
 * packets and their octets on the wire.
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

struct counts {
	uint64_t packets;
	uint64_t octets;
};

static void
count(u_char *counts, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct counts *c = (struct counts *)(void *)counts;

	(void)bytes;
	c->packets++;
	c->octets += header->len;
}

int
main(int argc, char **argv)
{
	char err[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap = argc == 2 ? pcap_open_offline(argv[1], err) : NULL;
	struct counts counts = { 0 };

	if (!pcap) {
		(void)fprintf(stderr, "usage: floor FILE (%s)\n", err);
		return 2;
	}
	int rc = pcap_loop(pcap, -1, count, (u_char *)&counts);
	pcap_close(pcap);
	printf("%" PRIu64 " %" PRIu64 "\n", counts.packets, counts.octets);
	return rc == 0 ? 0 : 1;
}
