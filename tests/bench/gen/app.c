/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What conversations say. */
#include "tests/bench/gen/app.h"

#include "tests/bench/gen/script.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define PORT_FTP_DATA 50000u /* and 9,999 above: passive FTP */
#define PORT_MEDIA    40000u
#define FULL_TCP      1448 /* octets of data in a full-size segment */

enum { PROMISED_DATA, PROMISED_MEDIA };

static const struct app {
	uint8_t protocol;
	uint16_t port;   /* of the server; 0: any high one, the same for a server */
	uint8_t down;    /* per cent of the data's packets that go to the client */
	uint8_t n_lines; /* of the script, which goes before the data */
	const struct line *script;
} apps[APP_COUNT] = {
#define SCRIPT(lines) sizeof(lines) / sizeof((lines)[0]), lines
	[APP_HTTP] = { PROTO_TCP, 80, 60, SCRIPT(script_http) },
	[APP_TLS] = { PROTO_TCP, 443, 60, SCRIPT(script_tls) },
	[APP_DNS] = { PROTO_UDP, 53, 50, SCRIPT(script_dns) },
	[APP_BITTORRENT] = { PROTO_TCP, 6881, 52, SCRIPT(script_bittorrent) },
	[APP_SSH] = { PROTO_TCP, 22, 50, SCRIPT(script_ssh) },
	[APP_SMTP] = { PROTO_TCP, 25, 30, SCRIPT(script_smtp) },
	[APP_FTP] = { PROTO_TCP, 21, 50, SCRIPT(script_ftp) },
	[APP_FTP_DATA] = { PROTO_TCP, 0, 65, 0, NULL },
	[APP_SIP] = { PROTO_UDP, 5060, 50, SCRIPT(script_sip) },
	[APP_RTP] = { PROTO_UDP, 0, 50, 0, NULL },
	[APP_NTP] = { PROTO_UDP, 123, 50, SCRIPT(script_ntp) },
	[APP_OTHER_TCP] = { PROTO_TCP, 0, 55, 0, NULL },
	[APP_OTHER_UDP] = { PROTO_UDP, 0, 50, 0, NULL },
	[APP_SCAN] = { PROTO_TCP, 0, 0, 0, NULL },
	[APP_NO_REPLY] = { PROTO_TCP, 0, 0, 0, NULL },
	[APP_PING] = { PROTO_ICMP, 0, 50, 0, NULL },
#undef SCRIPT
};

/* Shares of the applications by how many packets a conversation has: 1 or 2, up to 6, more. */
static const uint8_t weights[MIX_SCAN + 1][3][APP_COUNT] = {
	[MIX_HOME] = { { [APP_DNS] = 75, [APP_SCAN] = 15, [APP_NTP] = 5, [APP_PING] = 5 },
	               { [APP_DNS] = 65, [APP_NO_REPLY] = 25, [APP_NTP] = 10 },
	               { [APP_HTTP] = 48,
	                 [APP_BITTORRENT] = 35,
	                 [APP_TLS] = 5,
	                 [APP_SSH] = 1,
	                 [APP_SMTP] = 2,
	                 [APP_FTP] = 3,
	                 [APP_FTP_DATA] = 3,
	                 [APP_OTHER_TCP] = 3 } },
	[MIX_OFFICE] = { { [APP_DNS] = 65, [APP_SCAN] = 20, [APP_NTP] = 10, [APP_PING] = 5 },
	                 { [APP_DNS] = 50,
	                   [APP_NO_REPLY] = 20,
	                   [APP_NTP] = 10,
	                   [APP_SIP] = 10,
	                   [APP_OTHER_UDP] = 10 },
	                 { [APP_HTTP] = 19,
	                   [APP_TLS] = 39,
	                   [APP_BITTORRENT] = 7,
	                   [APP_SSH] = 3,
	                   [APP_SMTP] = 3,
	                   [APP_FTP] = 2,
	                   [APP_FTP_DATA] = 3,
	                   [APP_SIP] = 5,
	                   [APP_RTP] = 9,
	                   [APP_OTHER_TCP] = 5,
	                   [APP_OTHER_UDP] = 5 } },
	[MIX_SCAN] = { { [APP_DNS] = 18,
	                 [APP_SCAN] = 60,
	                 [APP_NTP] = 2,
	                 [APP_PING] = 3,
	                 [APP_OTHER_UDP] = 17 },
	               { [APP_DNS] = 22, [APP_NO_REPLY] = 40, [APP_NTP] = 3, [APP_OTHER_UDP] = 35 },
	               { [APP_HTTP] = 12,
	                 [APP_SSH] = 8,
	                 [APP_DNS] = 5,
	                 [APP_OTHER_TCP] = 20,
	                 [APP_OTHER_UDP] = 55 } },
};

/* --- beginning a conversation ------------------------------------------------------------------------------------ */

void
app_talk_init(struct app_talk *t, const struct gen_options *o)
{
	memset(t, 0, sizeof(*t));
	t->sizes = o->sizes;
	t->random = o->seed ^ 0x6170706cu;
}

static void
promise(struct app_talk *t, unsigned kind, const struct flow *f, uint16_t port)
{
	unsigned at = (t->promised[kind].begin + t->promised[kind].n) % PROMISES;

	if (t->promised[kind].n == PROMISES)
		return;
	t->promised[kind].n++;
	t->promised[kind].ring[at] = (struct promise){
		.client = f->client, .server = f->server, .port = port, .ipv6 = f->ipv6
	};
}

static bool
keep_promise(struct app_talk *t, unsigned kind, struct flow *f)
{
	const struct promise *p = &t->promised[kind].ring[t->promised[kind].begin];

	if (!t->promised[kind].n)
		return false;
	f->client = p->client;
	f->server = p->server;
	f->server_port = p->port;
	f->ipv6 = p->ipv6;
	t->promised[kind].begin = (t->promised[kind].begin + 1) % PROMISES;
	t->promised[kind].n--;
	return true;
}

static uint8_t
choose(struct app_talk *t, unsigned mix, uint32_t life)
{
	const uint8_t *shares = weights[mix][life <= 2 ? 0 : life < 7 ? 1 : 2];
	uint32_t share = draw_below(&t->random, 100);
	uint8_t app = 0;

	while (app + 1 < APP_COUNT && share >= shares[app])
		share -= shares[app++];
	return app;
}

void
app_begin(struct app_talk *t, unsigned mix, struct flow *f)
{
	f->app = choose(t, mix, f->life);
	f->server_port = apps[f->app].port;
	f->seq[0] = (uint32_t)draw(&t->random);
	f->seq[1] = (uint32_t)draw(&t->random);
	if (f->app == APP_FTP_DATA && !keep_promise(t, PROMISED_DATA, f))
		f->app = APP_OTHER_TCP;
	if (f->app == APP_RTP && !keep_promise(t, PROMISED_MEDIA, f))
		f->app = APP_OTHER_UDP;
	if (!f->server_port)
		f->server_port = (uint16_t)(10000 + f->server % 20011);
}

/* --- saying something -------------------------------------------------------------------------------------------- */

/* A message of RFC 3261 with a body of RFC 8866 that announces where the speaker hears. */
static size_t
say_sip(struct app_talk *t, const struct flow *f, const struct line *line)
{
	uint16_t port = (uint16_t)(PORT_MEDIA + f->client_port % 5000u * 2);
	uint32_t host = htonl(line->to_client ? f->server : f->client);
	char at[INET6_ADDRSTRLEN] = "2001:db8::1", body[200];
	int v = f->ipv6 ? 6 : 4;

	if (!f->ipv6)
		(void)inet_ntop(AF_INET, &host, at, sizeof(at));
	int len = snprintf(body, sizeof(body),
	                   "v=0\r\no=- 1 1 IN IP%d %s\r\ns=-\r\nc=IN IP%d %s\r\nt=0 0\r\n"
	                   "m=audio %u RTP/AVP 0\r\n",
	                   v, at, v, at, port);
	int n =
	    snprintf((char *)t->scratch, sizeof(t->scratch),
	             "%s\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%x\r\nFrom: <sip:a@example.org>\r\n"
	             "To: <sip:bob@example.net>\r\nCall-ID: %x\r\nCSeq: 1 INVITE\r\n"
	             "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
	             line->text, at, f->seq[0], f->seq[1], len, body);
	if (line->to_client)
		promise(t, PROMISED_MEDIA, f, port);
	return (size_t)n;
}

/* Copies a line of the script, with the flow's number in its place. */
static size_t
say_text(struct app_talk *t, const struct flow *f, const struct line *line)
{
	unsigned number = f->app == APP_FTP ? f->client_port % 10000u : f->server % 10000u;

	memcpy(t->scratch, line->text, line->len);
	uint8_t *digits = memmem(t->scratch, line->len, "####", 4);
	for (int i = 3; digits && i >= 0; i--) {
		digits[i] = (uint8_t)('0' + number % 10);
		number /= 10;
	}
	if (f->app == APP_FTP && memcmp(t->scratch, "229", 3) == 0)
		promise(t, PROMISED_DATA, f, (uint16_t)(PORT_FTP_DATA + f->client_port % 10000u));
	return line->len;
}

static void
say_line(struct app_talk *t, const struct flow *f, const struct line *line, struct segment *s)
{
	s->to_client = line->to_client;
	s->head = t->scratch;
	s->head_len = f->app == APP_SIP ? say_sip(t, f, line) : say_text(t, f, line);
}

/* RFC 3550 section 5.1, then 20 ms of G.711. */
static void
say_rtp(struct app_talk *t, const struct flow *f, struct segment *s)
{
	put16(t->scratch, 0x8000);
	put16(t->scratch + 2, f->sent / 2);
	put32(t->scratch + 4, f->sent / 2 * 160);
	put32(t->scratch + 8, f->seq[f->sent % 2]);
	*s = (struct segment){ .to_client = f->sent % 2,
		               .protocol = PROTO_UDP,
		               .head = t->scratch,
		               .head_len = 12,
		               .fill_len = 160 };
}

/* Octets of a packet of data; the way that acknowledges carries nothing. */
static size_t
data_len(struct app_talk *t, bool main_way, bool tcp)
{
	uint32_t r = draw_below(&t->random, 100), any = draw_below(&t->random, 24);
	size_t full = tcp ? FULL_TCP : FULL_TCP - 48;

	switch (t->sizes) {
	case SIZES_FULL:
		return !main_way ? 0 : r < 97 ? full : 100 + 10 * any;
	case SIZES_SMALL:
		return tcp && !main_way ? 0 : 4 + any;
	default: /* near the simple IMIX: 7 small to 4 of 576 octets to 1 full */
		return r < 58 ? (main_way ? any : 0) : r < 92 ? 536 : full;
	}
}

static void
say_data(struct app_talk *t, const struct flow *f, struct segment *s)
{
	const struct app *app = &apps[f->app];
	bool tcp = app->protocol == PROTO_TCP;

	s->to_client = draw_below(&t->random, 100) < app->down;
	s->fill_len = data_len(t, s->to_client == (app->down >= 50), tcp);
	s->tcp_flags = s->fill_len ? TCP_ACK | TCP_PSH : TCP_ACK;
}

static void
next_tcp(struct app_talk *t, const struct flow *f, struct segment *s)
{
	static const uint8_t hello[3] = { TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK };
	const struct app *app = &apps[f->app];
	bool lonely = f->app == APP_NO_REPLY || f->app == APP_SCAN || f->life < 7;

	if (lonely) {
		s->to_client = f->app == APP_SCAN && f->sent % 2;
		s->tcp_flags = s->to_client ? TCP_RST | TCP_ACK : TCP_SYN;
	} else if (f->sent < 3) {
		s->to_client = f->sent == 1;
		s->tcp_flags = hello[f->sent];
	} else if (f->sent + 2 >= f->life) {
		s->to_client = f->sent + 1 == f->life;
		s->tcp_flags = TCP_FIN | TCP_ACK;
	} else if (f->sent - 3 < app->n_lines) {
		s->tcp_flags = TCP_ACK | TCP_PSH;
		say_line(t, f, &app->script[f->sent - 3], s);
	} else {
		say_data(t, f, s);
	}
}

static void
next_udp(struct app_talk *t, const struct flow *f, struct segment *s)
{
	const struct app *app = &apps[f->app];

	if (f->app == APP_RTP)
		say_rtp(t, f, s);
	else if (app->n_lines)
		say_line(t, f, &app->script[f->sent % app->n_lines], s);
	else
		say_data(t, f, s);
}

void
app_next(struct app_talk *t, const struct flow *f, struct segment *ret_segment)
{
	*ret_segment = (struct segment){ .protocol = apps[f->app].protocol, .head = t->scratch };
	if (apps[f->app].protocol == PROTO_TCP) {
		next_tcp(t, f, ret_segment);
	} else if (apps[f->app].protocol == PROTO_UDP) {
		next_udp(t, f, ret_segment);
	} else {
		ret_segment->to_client = f->sent % 2;
		ret_segment->fill_len = 56;
	}
}
