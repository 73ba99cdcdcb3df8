/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One hash, twice: in C over what the decoder found, and as a classic BPF program over the frame's bytes.
 *
 * With all arithmetic modulo 2^32:
 *   address = ((w0 * word + w1) * word + w2) * word + w3      w: its 32-bit words, IPv4 as ::ffff:a.b.c.d
 *   end     = mix(address + port number * port)
 *   owner   = ((end of source + end of destination) * sum >> 16) modulo workers
 */
#include "probe/fanout.h"

#include "lib/err.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <netmon/wire.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define ETHERTYPE_IP4   0x0800
#define ETHERTYPE_IP6   0x86dd
#define ETHERTYPE_VLAN  0x8100
#define ETHERTYPE_QINQ  0x88a8
#define ETHERTYPE_PPPOE 0x8864  /* RFC 2516: 6 octets, then PPP's protocol */
#define PPP_IP4         0x0021  /* RFC 1332 */
#define PPP_IP6         0x0057  /* RFC 5072 */
#define IP4_MAPPED      0xffffu /* w2 of an IPv4 address */

/* --- in C -------------------------------------------------------------------------------------------------------- */

int
fanout_init(struct fanout *f, unsigned workers)
{
	uint32_t secret[4];

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return -EIO;
	*f = (struct fanout){
		.workers = workers,
		.word = secret[0] | 1,
		.port = secret[1] | 1,
		.end = secret[2] | 1,
		.sum = secret[3] | 1,
	};
	return NM_OK;
}

static inline uint32_t
hash_end(const struct fanout *f, const struct addr *addr, uint16_t port)
{
	struct wire w = wire_init(addr->b, sizeof(addr->b));
	uint32_t x = wire_u32(&w);

	for (unsigned i = 1; i < 4; i++)
		x = x * f->word + wire_u32(&w);
	x += port * f->port;
	x ^= x >> 16;
	x *= f->end;
	return x ^ x >> 15;
}

unsigned
fanout_owner(const struct fanout *f, const struct packet *pkt, bool by_addresses)
{
	uint32_t source = hash_end(f, &pkt->saddr, by_addresses ? 0 : pkt->sport);
	uint32_t destination = hash_end(f, &pkt->daddr, by_addresses ? 0 : pkt->dport);

	return ((source + destination) * f->sum >> 16) % f->workers;
}

/* --- as a program ------------------------------------------------------------------------------------------------ */

#define PROGRAM_MAX 255 /* instructions; it has some 130, and a jump reaches all of them */

/* IP protocols whose headers begin with two ports: TCP, UDP, SCTP, UDP-Lite, DCCP. */
static const uint8_t with_ports[] = { 6, 17, 132, 136, 33 };

/* Places to jump to, all of them further down. */
enum label {
	NEXT, /* the instruction behind the jump */
	VLAN,
	PPPOE,
	IP4,
	IP4_PORTS,
	IP4_ADDRESSES,
	IP6,
	IP6_PORTS,
	IP6_ADDRESSES,
	HASH,
	OTHER,
	LABELS
};

/* The program's scratch words. */
enum scratch { SPORT, DPORT, SOURCE, DESTINATION, BASE, WORK };

struct program {
	struct sock_filter code[PROGRAM_MAX];
	struct { /* the jumps' labels */
		uint8_t yes, no;
	} jumps[PROGRAM_MAX];
	uint8_t at[LABELS];
	uint8_t n;
};

/* A program that is full by the end is one that does not fit, see give_program(). */
static void
add(struct program *p, uint16_t code, uint32_t k)
{
	if (p->n < PROGRAM_MAX - 1)
		p->code[p->n++] = (struct sock_filter){ .code = code, .k = k };
}

static void
add_jump(struct program *p, uint16_t test, uint32_t k, enum label yes, enum label no)
{
	p->jumps[p->n].yes = (uint8_t)yes;
	p->jumps[p->n].no = (uint8_t)no;
	add(p, BPF_JMP | test | BPF_K, k);
}

static void
set_label(struct program *p, enum label label)
{
	p->at[label] = p->n;
}

/* Loads from X octets and so many more behind the network header. */
static void
load(struct program *p, uint16_t size, uint32_t offset)
{
	add(p, BPF_LD | size | BPF_IND, (uint32_t)SKF_NET_OFF + offset);
}

/* IP behind `header` octets, by the protocol number at `offset`. */
static void
add_inner(struct program *p, uint32_t offset, uint32_t header, uint32_t ip4, uint32_t ip6)
{
	load(p, BPF_H, offset);
	add(p, BPF_LDX | BPF_IMM, header);
	add_jump(p, BPF_JEQ, ip4, IP4, NEXT);
	add_jump(p, BPF_JEQ, ip6, IP6, OTHER);
}

/* Finds the IP header, and puts into X how far behind the network header it is. */
static void
add_link(struct program *p)
{
	add(p, BPF_LD | BPF_IMM, 0);
	add(p, BPF_ST, SPORT);
	add(p, BPF_ST, DPORT);
	add(p, BPF_LDX | BPF_IMM, 0);
	add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
	add_jump(p, BPF_JEQ, ETHERTYPE_IP4, IP4, NEXT);
	add_jump(p, BPF_JEQ, ETHERTYPE_IP6, IP6, NEXT);
	add_jump(p, BPF_JEQ, ETHERTYPE_PPPOE, PPPOE, NEXT);
	add_jump(p, BPF_JEQ, ETHERTYPE_VLAN, VLAN, NEXT);
	add_jump(p, BPF_JEQ, ETHERTYPE_QINQ, VLAN, OTHER);
	/* the kernel took the outermost tag out of the frame, this is a second one */
	set_label(p, VLAN);
	add_inner(p, 2, 4, ETHERTYPE_IP4, ETHERTYPE_IP6);
	set_label(p, PPPOE);
	add_inner(p, 6, 8, PPP_IP4, PPP_IP6);
}

/* Whether there are ports, by the IP protocol number in A. */
static void
add_protocols(struct program *p, enum label ports, enum label none)
{
	size_t n = sizeof(with_ports);

	for (size_t i = 0; i < n; i++)
		add_jump(p, BPF_JEQ, with_ports[i], ports, i + 1 < n ? NEXT : none);
}

/* The ports, which A octets behind the network header are. */
static void
add_ports(struct program *p)
{
	add(p, BPF_MISC | BPF_TAX, 0);
	load(p, BPF_H, 0);
	add(p, BPF_ST, SPORT);
	load(p, BPF_H, 2);
	add(p, BPF_ST, DPORT);
}

/* RFC 791 section 3.1 */
static void
add_ip4(const struct fanout *f, struct program *p)
{
	static const struct {
		uint32_t offset;
		enum scratch to;
	} addresses[] = { { 12, SOURCE }, { 16, DESTINATION } };

	set_label(p, IP4);
	add(p, BPF_STX, BASE);
	load(p, BPF_H, 6); /* more fragments, fragment offset */
	add_jump(p, BPF_JSET, 0x3fff, IP4_ADDRESSES, NEXT);
	load(p, BPF_B, 9);
	add_protocols(p, IP4_PORTS, IP4_ADDRESSES);
	set_label(p, IP4_PORTS);
	load(p, BPF_B, 0);
	add(p, BPF_ALU | BPF_AND | BPF_K, 0x0f);
	add(p, BPF_ALU | BPF_LSH | BPF_K, 2);
	add(p, BPF_ALU | BPF_ADD | BPF_X, 0);
	add_ports(p);
	set_label(p, IP4_ADDRESSES);
	add(p, BPF_LDX | BPF_MEM, BASE);
	for (unsigned i = 0; i < 2; i++) {
		load(p, BPF_W, addresses[i].offset);
		add(p, BPF_ALU | BPF_ADD, IP4_MAPPED * f->word);
		add(p, BPF_ST, addresses[i].to);
	}
	add_jump(p, BPF_JEQ, 0, HASH, HASH);
}

/* RFC 8200 section 3 */
static void
add_ip6_address(const struct fanout *f, struct program *p, uint32_t offset, enum scratch to)
{
	for (unsigned i = 0; i < 4; i++) {
		add(p, BPF_LDX | BPF_MEM, BASE);
		load(p, BPF_W, offset + 4 * i);
		if (i > 0) {
			add(p, BPF_LDX | BPF_MEM, WORK);
			add(p, BPF_ALU | BPF_ADD | BPF_X, 0);
		}
		if (i < 3)
			add(p, BPF_ALU | BPF_MUL | BPF_K, f->word);
		add(p, BPF_ST, i < 3 ? (uint32_t)WORK : (uint32_t)to);
	}
}

static void
add_ip6(const struct fanout *f, struct program *p)
{
	set_label(p, IP6);
	add(p, BPF_STX, BASE);
	load(p, BPF_B, 6);
	add_protocols(p, IP6_PORTS, IP6_ADDRESSES);
	set_label(p, IP6_PORTS);
	add(p, BPF_MISC | BPF_TXA, 0);
	add(p, BPF_ALU | BPF_ADD, 40);
	add_ports(p);
	set_label(p, IP6_ADDRESSES);
	add_ip6_address(f, p, 8, SOURCE);
	add_ip6_address(f, p, 24, DESTINATION);
}

/* hash_end() of an address and a port, into the address's word. */
static void
add_end(const struct fanout *f, struct program *p, enum scratch address, enum scratch port)
{
	add(p, BPF_LD | BPF_MEM, port);
	add(p, BPF_ALU | BPF_MUL | BPF_K, f->port);
	add(p, BPF_LDX | BPF_MEM, address);
	add(p, BPF_ALU | BPF_ADD | BPF_X, 0);
	add(p, BPF_MISC | BPF_TAX, 0);
	add(p, BPF_ALU | BPF_RSH | BPF_K, 16);
	add(p, BPF_ALU | BPF_XOR | BPF_X, 0);
	add(p, BPF_ALU | BPF_MUL | BPF_K, f->end);
	add(p, BPF_MISC | BPF_TAX, 0);
	add(p, BPF_ALU | BPF_RSH | BPF_K, 15);
	add(p, BPF_ALU | BPF_XOR | BPF_X, 0);
	add(p, BPF_ST, address);
}

static void
add_hash(const struct fanout *f, struct program *p)
{
	set_label(p, HASH);
	add_end(f, p, SOURCE, SPORT);
	add_end(f, p, DESTINATION, DPORT);
	add(p, BPF_LDX | BPF_MEM, SOURCE);
	add(p, BPF_ALU | BPF_ADD | BPF_X, 0);
	add(p, BPF_ALU | BPF_MUL | BPF_K, f->sum);
	add(p, BPF_ALU | BPF_RSH | BPF_K, 16);
	add(p, BPF_ALU | BPF_MOD | BPF_K, f->workers);
	add(p, BPF_RET | BPF_A, 0);
	set_label(p, OTHER);
	add(p, BPF_RET | BPF_K, 0);
}

/* The program; a load behind a frame's end ends it with 0. */
static void
build(const struct fanout *f, struct program *p)
{
	memset(p, 0, sizeof(*p));
	add_link(p);
	add_ip4(f, p);
	add_ip6(f, p);
	add_hash(f, p);
	for (uint8_t i = 0; i < p->n; i++) {
		if (BPF_CLASS(p->code[i].code) != BPF_JMP)
			continue;
		uint8_t yes = p->jumps[i].yes, no = p->jumps[i].no;
		p->code[i].jt = yes == NEXT ? 0 : (uint8_t)(p->at[yes] - i - 1);
		p->code[i].jf = no == NEXT ? 0 : (uint8_t)(p->at[no] - i - 1);
	}
}

/* --- sockets ----------------------------------------------------------------------------------------------------- */

static int
begin_group(int fd, unsigned kind, int *group)
{
	/* the kernel chooses a number that no other program has */
	int value = (int)((kind | PACKET_FANOUT_FLAG_UNIQUEID) << 16);
	socklen_t len = sizeof(value);

	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof(value)) < 0 ||
	    getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, &len) < 0)
		return -errno;
	*group = value;
	return NM_OK;
}

static int
give_program(int fd, const struct fanout *f)
{
	struct program p;

	build(f, &p);
	if (p.n >= PROGRAM_MAX - 1)
		return -E2BIG;
	const struct sock_fprog value = { .len = p.n, .filter = p.code };
	return setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &value, sizeof(value)) < 0 ? -errno
	                                                                                 : NM_OK;
}

int
fanout_join(int fd, const struct fanout *f, int *group, bool *ret_own)
{
	int begun = *group;
	int rc = NM_OK;

	if (begun != FANOUT_NO_GROUP) {
		/* kind and number as the first one has them */
		if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &begun, sizeof(begun)) < 0)
			return -errno;
		*ret_own = ((unsigned)begun >> 16 & 0xff) == PACKET_FANOUT_CBPF;
		return NM_OK;
	}
	*ret_own = true;
	rc = begin_group(fd, PACKET_FANOUT_CBPF, group);
	if (rc == -EINVAL) {
		*ret_own = false;
		return begin_group(fd, PACKET_FANOUT_HASH, group);
	}
	return rc == NM_OK ? give_program(fd, f) : rc;
}
