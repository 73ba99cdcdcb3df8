/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names in hellos that mean something by themselves, and what a hello says of the host. Of TLS, DTLS and QUIC. No state: any
 * thread. Names are hostile text, as a hello has it.
 */
#ifndef NETMON_MODULES_TLS_NAMES_H
#define NETMON_MODULES_TLS_NAMES_H

#include <netmon/hello.h>
#include <netmon/module.h>
#include <netmon/text.h>

/* Is the name one of these `n`, or below one, in any case? */
static inline bool
name_is_below(const struct wire *name, const char *const *names, size_t n)
{
	size_t len = wire_left(name);

	for (size_t i = 0; i < n; i++) {
		size_t tail = strlen(names[i]);
		struct wire end = *name;

		if (tail > len || (tail < len && name->at[len - tail - 1] != '.'))
			continue;
		wire_skip(&end, len - tail);
		if (text_begins_nocase(&end, names[i]))
			return true;
	}
	return false;
}

/* Is it the name of a server that answers DNS over HTTPS (RFC 8484) and serves next to nothing else, so that HTTPS with it is
 * taken for DNS? From the providers' own documentation; those that share a name with ordinary pages are left out. */
static inline bool
name_is_resolver(const struct wire *name)
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

	return name_is_below(name, names, sizeof(names) / sizeof(names[0]));
}

/* Is it the public name of a provider's ECH configuration (RFC 9849 section 4), which clients show for all of its sites? */
static inline bool
name_is_front(const struct wire *name)
{
	static const char *const names[] = {
		"cloudflare-ech.com",
		"public.tls-ech.dev",
		"cover.defo.ie",
	};

	return name_is_below(name, names, sizeof(names) / sizeof(names[0]));
}

/* Tells the host what a client's hello says. Beside an encrypted hello (ECH) the name may be another one than the real one, but
 * browsers also send one that means nothing, and then it is the real one: only a provider's name is told apart. */
static inline void
name_report(struct nm_call *call, const struct hello *hello)
{
	enum nm_name_source source = NM_NAME_CLIENT;

	if (wire_left(&hello->name) == 0)
		return;
	if (hello->ech)
		source = name_is_front(&hello->name) ? NM_NAME_FRONT : NM_NAME_OUTER;
	call->host(call, hello->name.at, (uint32_t)wire_left(&hello->name), source);
}

#endif
