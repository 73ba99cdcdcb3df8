/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hosts that behave like peers. Who a host talked with is counted in sets of 64 bits, one for each hash: that tells ten from
 * a hundred, which is all that is asked, and costs no memory for each of them. There are two generations of each set, so that
 * what is old falls away.
 */
#include "probe/behaviour.h"

#include "lib/err.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define WAYS      4
#define PROTO_TCP 6
#define PROTO_UDP 17

/* Sets of others, and of ports. */
struct sights {
	uint64_t tcp;   /* others over TCP that are not known as anything but peers */
	uint64_t udp;   /* the same over UDP */
	uint64_t known; /* others that are known as something else */
	uint64_t ports; /* of `tcp` and `udp`: those that this host went to as a client */
};

struct host {
	struct addr addr;
	uint32_t since_s;      /* when `now` began */
	uint32_t bittorrent_s; /* when it was last known for BitTorrent, if `is_bittorrent` */
	bool is_bittorrent;
	struct sights now;
	struct sights before; /* of the window before */
};

/* The places that a host may have. */
struct set {
	struct host hosts[WAYS];
};

/* The marks of a set, of the hosts' hashes, 0: free. They lie apart from it, all together in the second cache: a host that is not
 * there, the usual case, is told by them. */
struct marks {
	uint16_t of[WAYS];
};

struct behaviour {
	struct set *sets;
	struct marks *marks; /* as many */
	size_t mask;         /* sets - 1 */
	uint64_t seed;
	uint8_t low[65536 / 8]; /* bit: ports that servers are known for */
};

/* Ports from 1024 up that servers are known for, first and last. */
static const uint16_t server_ports[][2] = {
	{ 1080, 1080 },   /* SOCKS */
	{ 1194, 1194 },   /* OpenVPN */
	{ 1433, 1434 },   /* MSSQL */
	{ 1521, 1521 },   /* Oracle */
	{ 1645, 1646 },   /* RADIUS */
	{ 1701, 1701 },   /* L2TP */
	{ 1720, 1723 },   /* H.323, PPTP */
	{ 1812, 1813 },   /* RADIUS */
	{ 1883, 1883 },   /* MQTT */
	{ 1900, 1900 },   /* SSDP */
	{ 1935, 1935 },   /* RTMP */
	{ 2049, 2049 },   /* NFS */
	{ 2055, 2055 },   /* NetFlow */
	{ 2082, 2096 },   /* web hosting, and Cloudflare's other ports */
	{ 2152, 2152 },   /* GTP-U */
	{ 2375, 2380 },   /* Docker, etcd */
	{ 3074, 3075 },   /* Xbox, Call of Duty */
	{ 3128, 3128 },   /* proxies */
	{ 3260, 3260 },   /* iSCSI */
	{ 3268, 3269 },   /* LDAP */
	{ 3306, 3306 },   /* MySQL */
	{ 3389, 3389 },   /* RDP */
	{ 3478, 3497 },   /* STUN, Teams, Xbox, PlayStation */
	{ 3544, 3544 },   /* Teredo */
	{ 4070, 4070 },   /* Spotify */
	{ 4433, 4433 },   /* TLS */
	{ 4500, 4500 },   /* IPSec */
	{ 4789, 4789 },   /* VXLAN */
	{ 5000, 5001 },   /* iperf, UPnP, NAS */
	{ 5060, 5061 },   /* SIP */
	{ 5200, 5201 },   /* iperf */
	{ 5222, 5228 },   /* XMPP, WhatsApp, Google */
	{ 5349, 5353 },   /* TURN, mDNS */
	{ 5355, 5355 },   /* LLMNR */
	{ 5432, 5432 },   /* PostgreSQL */
	{ 5555, 5555 },   /* adb */
	{ 5671, 5672 },   /* AMQP */
	{ 5900, 5909 },   /* VNC */
	{ 5938, 5938 },   /* TeamViewer */
	{ 5985, 5986 },   /* WinRM */
	{ 6000, 6010 },   /* X11 */
	{ 6343, 6343 },   /* sFlow */
	{ 6379, 6379 },   /* Redis */
	{ 6443, 6443 },   /* Kubernetes */
	{ 6660, 6669 },   /* IRC */
	{ 6697, 6697 },   /* IRC */
	{ 7000, 7001 },   /* AirPlay, Cassandra */
	{ 7070, 7070 },   /* RTSP, AnyDesk */
	{ 8000, 8100 },   /* HTTP */
	{ 8332, 8333 },   /* Bitcoin */
	{ 8443, 8443 },   /* HTTPS */
	{ 8545, 8546 },   /* Ethereum */
	{ 8554, 8554 },   /* RTSP */
	{ 8801, 8810 },   /* Zoom */
	{ 8883, 8883 },   /* MQTT */
	{ 8888, 8888 },   /* HTTP */
	{ 9000, 9001 },   /* Webex, Tor */
	{ 9030, 9030 },   /* Tor */
	{ 9042, 9042 },   /* Cassandra */
	{ 9090, 9104 },   /* Kafka, Prometheus, printers */
	{ 9200, 9200 },   /* Elasticsearch */
	{ 9300, 9308 },   /* Elasticsearch, PlayStation */
	{ 9993, 9993 },   /* ZeroTier */
	{ 10000, 10000 }, /* NDMP, VPNs */
	{ 10050, 10051 }, /* Zabbix */
	{ 11211, 11211 }, /* Memcached */
	{ 19302, 19309 }, /* Google Meet */
	{ 19132, 19133 }, /* Minecraft */
	{ 25565, 25565 }, /* Minecraft */
	{ 27000, 27050 }, /* Steam, MongoDB */
	{ 30303, 30303 }, /* Ethereum */
	{ 41641, 41641 }, /* Tailscale */
	{ 51820, 51820 }, /* WireGuard */
};

int
behaviour_new(size_t hosts_max, uint64_t seed, struct behaviour **ret_behaviour)
{
	struct behaviour *b = calloc(1, sizeof(*b));
	size_t sets = 1;

	if (!b)
		return -ENOMEM;
	while (sets < SIZE_MAX / sizeof(struct set) / 4 && sets * WAYS < hosts_max)
		sets *= 2;
	b->sets = calloc(sets, sizeof(*b->sets));
	b->marks = calloc(sets, sizeof(*b->marks));
	if (!b->sets || !b->marks) {
		behaviour_free(b);
		return -ENOMEM;
	}
	b->mask = sets - 1;
	b->seed = seed;
	memset(b->low, 0xff, 1024 / 8);
	for (size_t i = 0; i < sizeof(server_ports) / sizeof(server_ports[0]); i++)
		for (unsigned port = server_ports[i][0]; port <= server_ports[i][1]; port++)
			b->low[port / 8] |= (uint8_t)(1U << port % 8);
	*ret_behaviour = b;
	return NM_OK;
}

void
behaviour_free(struct behaviour *b)
{
	if (!b)
		return;
	free(b->marks);
	free(b->sets);
	free(b);
}

/* --- sets --------------------------------------------------------------------------------------------------------- */

static unsigned
size_of(uint64_t set)
{
	/* n of 64 bits are set by about 64 ln(64 / (64 - n)) different things; when all are, it is anyone's guess */
	static const uint16_t things[64 + 1] = {
		0,   1,   2,   3,   4,   5,   6,   7,   9,   10,  11,  12,  13,  15,  16, 17, 18,
		20,  21,  23,  24,  25,  27,  28,  30,  32,  33,  35,  37,  39,  41,  42, 44, 46,
		48,  51,  53,  55,  58,  60,  63,  65,  68,  71,  74,  78,  81,  85,  89, 93, 97,
		102, 107, 113, 119, 125, 133, 141, 151, 163, 177, 196, 222, 266, 400,
	};

	return things[__builtin_popcountll(set)];
}

static inline uint64_t
member(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 58);
}

/* How old something is that was at `then_s`; a little in the future is now. */
static uint32_t
age_s(uint32_t now_s, uint32_t then_s)
{
	uint32_t age = now_s - then_s;

	return age > UINT32_MAX - BEHAVIOUR_WINDOW_S ? 0 : age;
}

/* What of a host counts at that time. */
static struct sights
sights_at(const struct host *h, uint32_t now_s)
{
	uint32_t age = age_s(now_s, h->since_s);
	struct sights all = { 0 };

	if (age >= 2 * BEHAVIOUR_WINDOW_S)
		return all;
	all = h->now;
	if (age < BEHAVIOUR_WINDOW_S) {
		all.tcp |= h->before.tcp;
		all.udp |= h->before.udp;
		all.known |= h->before.known;
		all.ports |= h->before.ports;
	}
	return all;
}

/* --- hosts -------------------------------------------------------------------------------------------------------- */

static inline uint64_t
hash_of(const struct behaviour *b, const struct addr *addr)
{
	return XXH3_64bits_withSeed(addr, sizeof(*addr), b->seed);
}

static inline struct set *
set_of(const struct behaviour *b, uint64_t hash)
{
	return &b->sets[hash & b->mask];
}

static inline uint16_t *
marks_of(const struct behaviour *b, uint64_t hash)
{
	return b->marks[hash & b->mask].of;
}

static inline uint16_t
mark_of(uint64_t hash)
{
	return (uint16_t)(hash >> 48) | 1;
}

/* A host that is known, else NULL. */
static struct host *
find(const struct behaviour *b, const struct addr *addr, uint64_t hash)
{
	const uint16_t *marks = marks_of(b, hash);

	for (unsigned i = 0; i < WAYS; i++)
		if (marks[i] == mark_of(hash)) {
			struct host *host = &set_of(b, hash)->hosts[i];

			if (addr_compare(&host->addr, addr) == 0)
				return host;
		}
	return NULL;
}

/* What is lost when the host makes room. */
static unsigned
worth(const struct host *host, uint16_t mark, uint32_t now_s)
{
	if (!mark)
		return 0;
	struct sights all = sights_at(host, now_s);
	return 1 + size_of(all.tcp | all.udp) + size_of(all.known);
}

/* The place of a host that was not known. */
static struct host *
take_in(struct behaviour *b, const struct addr *addr, uint64_t hash, uint32_t now_s)
{
	struct host *hosts = set_of(b, hash)->hosts;
	uint16_t *marks = marks_of(b, hash);
	unsigned least = 0;

	for (unsigned i = 1; i < WAYS; i++)
		if (worth(&hosts[i], marks[i], now_s) < worth(&hosts[least], marks[least], now_s))
			least = i;
	marks[least] = mark_of(hash);
	hosts[least] = (struct host){ .addr = *addr, .since_s = now_s };
	return &hosts[least];
}

/* Begins a new window when it is time. */
static void
turn_window(struct host *h, uint32_t now_s)
{
	uint32_t age = age_s(now_s, h->since_s);

	if (age < BEHAVIOUR_WINDOW_S)
		return;
	h->before = age < 2 * BEHAVIOUR_WINDOW_S ? h->now : (struct sights){ 0 };
	h->now = (struct sights){ 0 };
	h->since_s = now_s;
}

/* --- conversations ------------------------------------------------------------------------------------------------ */

static bool
is_high(const struct behaviour *b, uint16_t port)
{
	return !(b->low[port / 8] >> port % 8 & 1);
}

/* Adds the other end of a conversation to what a host was seen with. What has a name counts against a host only, so it makes
 * none known. NULL when there is none. */
static struct host *
add(struct behaviour *b, const struct addr *addr, const uint64_t hashes[2],
    const struct packet *pkt, enum behaviour_kind kind)
{
	uint32_t now_s = (uint32_t)(pkt->ts_ns / 1000000000U);
	uint64_t other = member(hashes[1]);

	struct host *h = find(b, addr, hashes[0]);
	if (!h && kind == BEHAVIOUR_OTHER)
		return NULL;
	if (!h)
		h = take_in(b, addr, hashes[0], now_s);
	turn_window(h, now_s);
	if (kind == BEHAVIOUR_OTHER)
		h->now.known |= other;
	else if (pkt->protocol == PROTO_TCP)
		h->now.tcp |= other;
	else
		h->now.udp |= other;
	if (kind == BEHAVIOUR_BITTORRENT) {
		h->is_bittorrent = true;
		h->bittorrent_s = now_s;
	}
	return h;
}

void
behaviour_seen(struct behaviour *b, const struct packet *pkt, bool from_client,
               enum behaviour_kind kind)
{
	const struct addr *client = from_client ? &pkt->saddr : &pkt->daddr;
	const struct addr *server = from_client ? &pkt->daddr : &pkt->saddr;
	uint16_t server_port = from_client ? pkt->dport : pkt->sport;

	if (pkt->protocol != PROTO_TCP && pkt->protocol != PROTO_UDP)
		return;
	if (kind == BEHAVIOUR_UNKNOWN && !(is_high(b, pkt->sport) && is_high(b, pkt->dport)))
		kind = BEHAVIOUR_OTHER;
	const uint64_t there[2] = { hash_of(b, client), hash_of(b, server) };
	const uint64_t back[2] = { there[1], there[0] };
	struct host *h = add(b, client, there, pkt, kind);
	if (h && kind != BEHAVIOUR_OTHER)
		h->now.ports |=
		    member(XXH3_64bits_withSeed(&server_port, sizeof(server_port), b->seed));
	(void)add(b, server, back, pkt, kind); /* may take the client's place */
}

/* --- guesses ------------------------------------------------------------------------------------------------------ */

/* What a host that had this address behaves like. */
static enum behaviour_kind
kind_of(const struct behaviour *b, const struct addr *addr, uint32_t now_s)
{
	const struct host *h = find(b, addr, hash_of(b, addr));

	if (!h)
		return BEHAVIOUR_UNKNOWN;
	struct sights all = sights_at(h, now_s);
	unsigned others = size_of(all.tcp | all.udp);
	if (size_of(all.known) >= others || size_of(all.ports) < BEHAVIOUR_FEW)
		return BEHAVIOUR_UNKNOWN;
	if (others >= BEHAVIOUR_FEW && h->is_bittorrent &&
	    age_s(now_s, h->bittorrent_s) < BEHAVIOUR_BITTORRENT_S)
		return BEHAVIOUR_BITTORRENT;
	if (others >= BEHAVIOUR_MANY && size_of(all.tcp) >= BEHAVIOUR_FEW &&
	    size_of(all.udp) >= BEHAVIOUR_FEW)
		return BEHAVIOUR_PEERS;
	return BEHAVIOUR_UNKNOWN;
}

enum behaviour_kind
behaviour_guess(const struct behaviour *b, const struct record *record)
{
	if ((record->protocol != PROTO_TCP && record->protocol != PROTO_UDP) ||
	    !is_high(b, record->sport) || !is_high(b, record->dport))
		return BEHAVIOUR_UNKNOWN;
	enum behaviour_kind source = kind_of(b, &record->saddr, record->expires);
	enum behaviour_kind destination = kind_of(b, &record->daddr, record->expires);
	return source > destination ? source : destination;
}
