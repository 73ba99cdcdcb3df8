/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small services of old, each on its TCP port: Whois (RFC 3912; 43), Finger (RFC 1288; 79), Ident (RFC 1413; 113), and the remote
 * shell, login and execution of BSD (RFC 1282; 514, 513, 512).
 *
 * Evidence: the port, and the form of the first line or of the strings that open a session; the answers of Whois and Finger by
 * words of theirs. A single line of text to the port of Whois or Finger is all that their requests are, and little. Servers are
 * tagged where there is more. Cost: asked for payload on these ports.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_WHOIS  291
#define APP_FINGER 292
#define APP_RSH    293
#define APP_RLOGIN 294
#define APP_REXEC  295
#define APP_IDENT  296

#define PORT_WHOIS  43
#define PORT_FINGER 79
#define PORT_IDENT  113
#define PORT_REXEC  512
#define PORT_RLOGIN 513
#define PORT_RSH    514

#define REQUEST_MAX  1024 /* octets of a line that a person or a script asks with */
#define WORDS_MAX    512  /* octets of an answer in which its words are looked for */
#define RESERVED     1024 /* ports that only a system's own programs may send from are below */
#define RESERVED_LOW 512
#define STRING_MAX   256

static const struct nm_app apps[] = {
	{ APP_WHOIS, "Whois", "Directory", 0x4f81bd, 0x93b7e3 },
	{ APP_FINGER, "Finger", "Directory", 0x8064a2, 0xb9a2d6 },
	{ APP_RSH, "Rsh", "Remote login", 0x9b59b6, 0xcb9ddf },
	{ APP_RLOGIN, "Rlogin", "Remote login", 0x2e86ab, 0x7cc0de },
	{ APP_REXEC, "Rexec", "Remote login", 0x7d5a50, 0xbb9b92 },
	{ APP_IDENT, "Ident", "Authentication", 0x6c7a89, 0xaab6c1 },
};

static const struct nm_match matches[] = {
	NM_MATCH_PORT(NM_TCP, PORT_WHOIS, 3),  NM_MATCH_PORT(NM_TCP, PORT_FINGER, 2),
	NM_MATCH_PORT(NM_TCP, PORT_IDENT, 5),  NM_MATCH_PORT(NM_TCP, PORT_REXEC, 2),
	NM_MATCH_PORT(NM_TCP, PORT_RLOGIN, 2), NM_MATCH_PORT(NM_TCP, PORT_RSH, 2),
};

/* Does one of these words (in lower case) stand near the beginning? Up to a NULL. */
static bool
has_word(struct wire w, const char *const *words)
{
	wire_limit(&w, WORDS_MAX);
	for (; *words; words++) {
		struct wire rest = w;

		if (text_seek(&rest, *words))
			return true;
	}
	return false;
}

/* One line of text, and nothing behind it. It may be longer than the segment. */
static bool
is_single_line(struct wire w)
{
	bool ended;
	struct wire line = text_line(&w, &ended);

	return wire_left(&w) == 0 && wire_left(&line) <= (ended ? REQUEST_MAX : SIZE_MAX) &&
	       text_all_print(&line);
}

/* RFC 3912: a line, and text without any form, in which registries say who they are and what they have. */
static uint8_t
rate_whois(const struct nm_packet *pkt, struct wire w)
{
	static const char *const words[] = { "whois",     "domain name:", "inetnum:", "netrange:",
		                             "registrar", "no match for", "domain:",  NULL };

	if (pkt->sport == PORT_WHOIS)
		return has_word(w, words) ? NM_CONF_SIGNATURE : 0;
	return is_single_line(w) && memchr(w.at, '\n', wire_left(&w)) ? NM_CONF_WEAK : 0;
}

/* RFC 1288 section 2.3: "/W joe", a name, or nothing. The answer's form is nobody's, but most say so. */
static uint8_t
rate_finger(const struct nm_packet *pkt, struct wire w)
{
	static const char *const words[] = { "login:", "login name:", "no one logged on",
		                             "no such user", NULL };

	if (pkt->sport == PORT_FINGER)
		return has_word(w, words) ? NM_CONF_SIGNATURE : 0;
	if (!is_single_line(w))
		return 0;
	return text_begins(&w, "/W") ? NM_CONF_SIGNATURE : NM_CONF_WEAK;
}

/* RFC 1413 section 4: "6193, 23", and in an answer " : USERID : UNIX : joe" or " : ERROR : NO-USER". */
static uint8_t
rate_ident(const struct nm_packet *pkt, struct wire w)
{
	bool ended;
	struct wire line = text_line(&w, &ended);
	static const char *const words[] = { "userid", "error", NULL };

	(void)text_number(&line, 65535);
	while (text_begins(&line, " "))
		wire_skip(&line, 1);
	text_expect(&line, ',');
	while (text_begins(&line, " "))
		wire_skip(&line, 1);
	(void)text_number(&line, 65535);
	if (!wire_ok(&line) || !ended)
		return 0;
	if (pkt->dport == PORT_IDENT)
		return wire_left(&line) < 4 ? NM_CONF_SIGNATURE : 0;
	return has_word(line, words) ? NM_CONF_PROOF : 0;
}

/* A string that ends in NUL; nothing in it but text. False, and the error set, when there is none. */
static bool
take_string(struct wire *w)
{
	struct wire text = text_string(w, STRING_MAX - 1);

	return wire_ok(w) && text_all_print(&text);
}

/* So many strings. */
static bool
take_strings(struct wire *w, unsigned n)
{
	while (n > 0 && take_string(w))
		n--;
	return n == 0;
}

/* The port for what goes to standard error, in digits, or none; then, in this segment or the next one, names and a command. */
static bool
is_shell_opening(struct wire w)
{
	struct wire port = w;

	if (*w.at == 0) {
		wire_skip(&w, 1);
	} else {
		uint32_t number = text_number(&port, 65535);

		if (wire_u8(&port) != 0 || !wire_ok(&port) || number == 0)
			return false;
		w = port;
	}
	if (wire_left(&w) == 0)
		return true;
	return take_strings(&w, 3) && wire_left(&w) == 0;
}

/* rshd believes only who comes from a reserved port. */
static uint8_t
rate_rsh(const struct nm_packet *pkt, struct wire w)
{
	bool reserved = pkt->sport >= RESERVED_LOW && pkt->sport < RESERVED;

	return pkt->dport == PORT_RSH && reserved && is_shell_opening(w) ? NM_CONF_SIGNATURE : 0;
}

static uint8_t
rate_rexec(const struct nm_packet *pkt, struct wire w)
{
	return pkt->dport == PORT_REXEC && is_shell_opening(w) ? NM_CONF_SIGNATURE : 0;
}

/* RFC 1282: NUL, which may come in a segment of its own, two names, terminal and speed: "xterm/38400". */
static uint8_t
rate_rlogin(const struct nm_packet *pkt, struct wire w)
{
	if (pkt->dport != PORT_RLOGIN)
		return 0;
	if (*w.at == 0)
		wire_skip(&w, 1);
	bool names = take_strings(&w, 2);
	struct wire terminal = w;
	bool text = take_string(&w);
	const uint8_t *slash = text ? text_find(terminal.at, w.at, '/') : NULL;
	return names && text && slash && slash + 1 < w.at && text_is_digit(slash[1]) &&
	               wire_left(&w) == 0
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static const struct {
	uint16_t port;
	uint16_t app;
	uint8_t (*rate)(const struct nm_packet *pkt, struct wire w);
} services[] = {
	{ PORT_WHOIS, APP_WHOIS, rate_whois }, { PORT_FINGER, APP_FINGER, rate_finger },
	{ PORT_IDENT, APP_IDENT, rate_ident }, { PORT_RSH, APP_RSH, rate_rsh },
	{ PORT_REXEC, APP_REXEC, rate_rexec }, { PORT_RLOGIN, APP_RLOGIN, rate_rlogin },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint8_t confidence = 0;
	size_t i = 0;

	(void)ctx;
	while (i < sizeof(services) / sizeof(services[0])) {
		if (nm_is_port(pkt, services[i].port))
			confidence = services[i].rate(pkt, w);
		if (confidence > 0)
			break;
		i++;
	}
	if (confidence == 0)
		return NM_MORE;
	if (confidence >= NM_CONF_SIGNATURE)
		nm_tag_port(pkt, call, services[i].app, services[i].port);
	return nm_signature(verdict, services[i].app, confidence);
}

NM_MODULE(remote) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "remote",
	.summary = "Whois, Finger, Ident, rsh, rlogin and rexec",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
