/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of servers that answer DNS over HTTPS (RFC 8484) and serve next to nothing else, so that HTTPS with one of them is taken
 * for DNS. From the providers' own documentation; those that share a name with ordinary pages are left out. No state: any
 * thread.
 */
#ifndef NETMON_MODULES_TLS_RESOLVERS_H
#define NETMON_MODULES_TLS_RESOLVERS_H

#include <netmon/text.h>

/* Is the name one of them, or below one, in any case? Hostile text, as a hello has it. */
static inline bool
resolver_is(struct wire name)
{
	static const char *const names[] = {
		"dns.google",
		"cloudflare-dns.com",
		"one.one.one.one",
		"cloudflare-gateway.com",
		"dns.quad9.net",
		"dns9.quad9.net",
		"dns10.quad9.net",
		"dns11.quad9.net",
		"dns12.quad9.net",
		"doh.dns.apple.com",
		"doh.opendns.com",
		"doh.familyshield.opendns.com",
		"doh.sandbox.opendns.com",
		"doh.umbrella.com",
		"dns.nextdns.io",
		"anycast.dns.nextdns.io",
		"dns.adguard.com",
		"dns-family.adguard.com",
		"dns-unfiltered.adguard.com",
		"adguard-dns.com",
		"d.adguard-dns.com",
		"doh.cleanbrowsing.org",
		"dns.controld.com",
		"freedns.controld.com",
		"dns.mullvad.net",
		"doh.mullvad.net",
		"doh.dns.sb",
		"dns.alidns.com",
		"doh.pub",
		"dns.pub",
		"doh.360.cn",
		"dns0.eu",
		"joindns4.eu",
		"doh.xfinity.com",
		"doh.cox.net",
		"ordns.he.net",
		"doh.applied-privacy.net",
		"dns.digitale-gesellschaft.ch",
		"dns.switch.ch",
		"odvr.nic.cz",
		"wikimedia-dns.org",
		"doh.libredns.gr",
		"dns.njal.la",
		"doh.ffmuc.net",
		"dnsforge.de",
		"dns.twnic.tw",
		"public.dns.iij.jp",
		"doh.tiar.app",
		"jp.tiar.app",
		"doh.li",
		"blahdns.com",
		"doh.quickline.ch",
		"dns.decloudus.com",
		"doh.seby.io",
	};
	size_t len = wire_left(&name);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t tail = strlen(names[i]);
		struct wire end = name;

		if (tail > len || (tail < len && name.at[len - tail - 1] != '.'))
			continue;
		wire_skip(&end, len - tail);
		if (text_begins_nocase(&end, names[i]))
			return true;
	}
	return false;
}

#endif
