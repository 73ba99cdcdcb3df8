/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: floor FILE
 *
 * Reads a capture through libpcap and touches each packet's headers, nothing else: the least that any program that
 * reads it costs. Prints packets, captured octets and a sum that keeps the compiler from leaving the reads out.
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

#define HEADERS 54 /* Ethernet, IPv4, TCP */

int
main(int argc, char **argv)
{
	char err[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap = argc == 2 ? pcap_open_offline(argv[1], err) : NULL;
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	uint64_t packets = 0, octets = 0, sum = 0;

	if (!pcap) {
		(void)fprintf(stderr, "usage: floor FILE (%s)\n", err);
		return 2;
	}
	while (pcap_next_ex(pcap, &header, &bytes) == 1) {
		packets++;
		octets += header->len;
		for (uint32_t i = 0; i < HEADERS && i < header->caplen; i++)
			sum += bytes[i];
	}
	pcap_close(pcap);
	printf("%llu %llu %llu\n", (unsigned long long)packets, (unsigned long long)octets,
	       (unsigned long long)sum);
	return 0;
}
