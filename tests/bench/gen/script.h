/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of dialogue that app.c lets conversations say. Tables only: app.c includes it, nobody else. */
#ifndef NETMON_TESTS_BENCH_SCRIPT_H
#define NETMON_TESTS_BENCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A payload. "####" in it becomes a number of the conversation. */
struct line {
	bool to_client;
	uint16_t len;
	const char *text;
};

#define SAY(to, words)                                   \
	{                                                \
		to, (uint16_t)(sizeof(words) - 1), words \
	}
#define UP(words)   SAY(false, words)
#define DOWN(words) SAY(true, words)

/* RFC 9112 */
static const struct line script_http[] = {
	UP("GET /index.html HTTP/1.1\r\nHost: www####.example.net\r\nAccept: */*\r\n\r\n"),
	DOWN("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000000\r\n\r\n"),
};

/* RFC 8446 sections 4.1.2 and 4.1.3; the name by RFC 6066 section 3 */
static const struct line script_tls[] = {
	UP("\x16\x03\x01\x00\x54\x01\x00\x00\x50\x03\x03"
	   "a random number of 32 octets, ok"
	   "\x00\x00\x04\x13\x01\x13\x02\x01\x00\x00\x23"
	   "\x00\x00\x00\x18\x00\x16\x00\x00\x13www####.example.net"
	   "\x00\x2b\x00\x03\x02\x03\x04"),
	DOWN("\x16\x03\x03\x00\x32\x02\x00\x00\x2e\x03\x03"
	     "a random number of 32 octets, ok"
	     "\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04"),
};

/* RFC 1035 section 4 */
static const struct line script_dns[] = {
	UP("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07www####\x07"
	   "example\x03net\x00\x00\x01\x00\x01"),
	DOWN("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x07www####\x07"
	     "example\x03net\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10"
	     "\x00\x04\xc0\x00\x02\x05"),
};

/* BEP 3 */
#define BITTORRENT_HELLO \
	"\x13"           \
	"BitTorrent protocol\0\0\0\0\0\x10\0\5"
static const struct line script_bittorrent[] = {
	UP(BITTORRENT_HELLO "hash of what is here-NM0001-peer of ####"),
	DOWN(BITTORRENT_HELLO "hash of what is here-NM0001-seed of ####"),
	DOWN("\x00\x00\x00\x05\x05\xff\xff\xff\xff"),
	UP("\x00\x00\x00\x01\x02"),
};

/* RFC 4253 section 4.2 */
static const struct line script_ssh[] = {
	DOWN("SSH-2.0-OpenSSH_9.2p1 Debian\r\n"),
	UP("SSH-2.0-OpenSSH_9.2p1 Debian\r\n"),
};

/* RFC 5321 */
static const struct line script_smtp[] = {
	DOWN("220 mail####.example.net ESMTP\r\n"),
	UP("EHLO client.example.org\r\n"),
	DOWN("250-mail####.example.net\r\n250 8BITMIME\r\n"),
	UP("MAIL FROM:<alice@example.org>\r\n"),
	DOWN("250 OK\r\n"),
	UP("RCPT TO:<bob@example.net>\r\n"),
	DOWN("250 OK\r\n"),
	UP("DATA\r\n"),
	DOWN("354 go on\r\n"),
};

/* RFC 959; RFC 2428 section 3. The port is PORT_FTP_DATA and the number. */
static const struct line script_ftp[] = {
	DOWN("220 ftp####.example.net FTP server ready\r\n"),
	UP("USER anonymous\r\n"),
	DOWN("331 password please\r\n"),
	UP("PASS guest\r\n"),
	DOWN("230 welcome\r\n"),
	UP("EPSV\r\n"),
	DOWN("229 Entering Extended Passive Mode (|||5####|)\r\n"),
	UP("RETR file\r\n"),
	DOWN("150 here it comes\r\n"),
};

/* RFC 3261: first lines; app.c adds headers and a body */
static const struct line script_sip[] = {
	UP("INVITE sip:bob@example.net SIP/2.0"),
	DOWN("SIP/2.0 200 OK"),
};

/* RFC 5905 section 7.3: version 4, client and server */
#define NTP_REST                                                 \
	"\x02\x06\xec\0\0\0\0\0\0\0\0\x7f\0\0\1\0\0\0\0\0\0\0\0" \
	"\xe8\0\0\0\0\0\0\0\xe8\0\0\0\0\0\0\0\xe8\0\0\0\0\0\0\0"
static const struct line script_ntp[] = { UP("\x23" NTP_REST), DOWN("\x24" NTP_REST) };

#endif
