/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packet sockets that move to an interface made anew. */
#include "probe/capture_rebind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

int
capture_hardware(int fd)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET };
	socklen_t len = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return -errno;
	return at.sll_hatype;
}

static int
bind_to(int fd, int index)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = index,
	};

	return bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
}

int
capture_rebind(int fd, unsigned index, int hardware)
{
	const struct packet_mreq promiscuous = {
		.mr_ifindex = (int)index,
		.mr_type = PACKET_MR_PROMISC,
	};

	int rc = bind_to(fd, (int)index);
	if (rc < 0)
		return rc;
	if (capture_hardware(fd) != hardware)
		return -ENOTSUP;
	/* as at the start: not every interface has it */
	(void)setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous));
	return 0;
}
