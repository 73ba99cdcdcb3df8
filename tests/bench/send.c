/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: send INTERFACE FILE RATE SECONDS
 *
 * Sends the packets of a capture file (pcap 2.4 in the byte order of this machine, as the generator writes it) on an
 * interface, from the beginning again at its end, `RATE` a second. Past the queueing discipline, many for a system call.
 * Prints one JSON object: sent, octets, seconds, cpu (seconds), retries (the interface had no room).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BATCH        32u /* packets of one system call */
#define FILE_HEADER  24u
#define FRAME_HEADER 16u
#define SEND_BUFFER  (32 << 20)
#define NAP_NS       50000
#define WORTH_A_NAP  200e-6 /* seconds: waiting longer than this gives the processor away */

struct sender {
	int socket;
	double rate;
	double seconds;
	const uint8_t *file;
	size_t size;
	size_t at; /* of the next packet's header */
	uint64_t sent;
	uint64_t octets;
	uint64_t retries;
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
};

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int
fail(const char *what)
{
	(void)fprintf(stderr, "send: %s: %s\n", what, strerror(errno));
	return -1;
}

/* Maps the file. It must end with a whole packet. */
static int
map_file(struct sender *s, const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		return fail(path);
	s->size = (size_t)status.st_size;
	s->at = FILE_HEADER;
	s->file = mmap(NULL, s->size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	(void)close(fd);
	if (s->file == MAP_FAILED || s->size <= FILE_HEADER + FRAME_HEADER)
		return fail(path);
	return 0;
}

static int
open_socket(struct sender *s, const char *interface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		                  .sll_ifindex = (int)if_nametoindex(interface) };
	int yes = 1, size = SEND_BUFFER;

	s->socket =
	    socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* protocol 0: receives nothing */
	if (s->socket < 0)
		return fail("socket");
	(void)setsockopt(s->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes));
	(void)setsockopt(s->socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return bind(s->socket, (const struct sockaddr *)&to, sizeof(to)) < 0 ? fail(interface) : 0;
}

static void
fill_batch(struct sender *s)
{
	for (unsigned i = 0; i < BATCH; i++) {
		uint32_t len;
		if (s->at + FRAME_HEADER > s->size)
			s->at = FILE_HEADER;
		memcpy(&len, s->file + s->at + 8, sizeof(len));
		if (len > s->size - s->at - FRAME_HEADER) { /* cut off: from the beginning */
			s->at = FILE_HEADER;
			memcpy(&len, s->file + s->at + 8, sizeof(len));
		}
		s->parts[i].iov_base = (void *)(uintptr_t)(s->file + s->at + FRAME_HEADER);
		s->parts[i].iov_len = len;
		s->messages[i].msg_hdr.msg_iov = &s->parts[i];
		s->messages[i].msg_hdr.msg_iovlen = 1;
		s->at += FRAME_HEADER + len;
		s->octets += len;
	}
}

static int
send_batch(struct sender *s)
{
	unsigned done = 0;

	fill_batch(s);
	while (done < BATCH) {
		int n = sendmmsg(s->socket, s->messages + done, BATCH - done, 0);
		if (n >= 0)
			done += (unsigned)n;
		else if (errno == ENOBUFS || errno == EAGAIN || errno == EINTR)
			s->retries++;
		else
			return fail("sendmmsg");
	}
	s->sent += BATCH;
	return 0;
}

static int
send_all(struct sender *s)
{
	const struct timespec nap = { 0, NAP_NS };
	double began = now(), passed;

	while ((passed = now() - began) < s->seconds) {
		double early = (double)(s->sent + BATCH) / s->rate - passed;
		if (early <= 0) {
			if (send_batch(s) < 0)
				return -1;
		} else if (early > WORTH_A_NAP) {
			(void)nanosleep(&nap, NULL);
		}
	}
	s->seconds = passed;
	return 0;
}

static double
cpu_seconds(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

int
main(int argc, char **argv)
{
	struct sender s = { .socket = -1 };

	if (argc == 5) {
		s.rate = strtod(argv[3], NULL);
		s.seconds = strtod(argv[4], NULL);
	}
	if (!(s.rate > 0) || !(s.seconds > 0)) {
		(void)fputs("usage: send INTERFACE FILE RATE SECONDS\n", stderr);
		return 2;
	}
	if (map_file(&s, argv[2]) < 0 || open_socket(&s, argv[1]) < 0 || send_all(&s) < 0)
		return 1;
	printf("{\"sent\": %" PRIu64 ", \"octets\": %" PRIu64
	       ", \"seconds\": %.3f, \"cpu\": %.2f, \"retries\": %" PRIu64 "}\n",
	       s.sent, s.octets, s.seconds, cpu_seconds(), s.retries);
	return 0;
}
