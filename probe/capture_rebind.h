/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Taking a packet socket to an interface that was made anew under its old name, packet(7). Opening one needs
 * CAP_NET_RAW, which is gone by then; binding an open one does not. Any thread, one at a time for a socket.
 */
#ifndef NETMON_PROBE_CAPTURE_REBIND_H
#define NETMON_PROBE_CAPTURE_REBIND_H

/* The hardware type (ARPHRD_*) of the interface that the socket is bound to, or -errno. */
int capture_hardware(int fd);

/* Binds the socket to the interface with that index, with its ring, filter and counters kept, and asks for promiscuous
 * mode. -ENOTSUP when its hardware type is not `hardware`: its frames would be of another link type. Another -errno:
 * -EINVAL for a socket in a fanout group. */
int capture_rebind(int fd, unsigned index, int hardware);

#endif
