/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of encapsulations. */
#include "lib/tunnel.h"

#include <stdio.h>

static const char *const names[TUNNEL_KIND_MAX] = {
	[TUNNEL_MPLS] = "mpls",       [TUNNEL_PSEUDOWIRE] = "pw",   [TUNNEL_PPPOE] = "pppoe",
	[TUNNEL_GRE] = "gre",         [TUNNEL_PPTP] = "pptp",       [TUNNEL_EOGRE] = "eogre",
	[TUNNEL_ERSPAN] = "erspan",   [TUNNEL_IP4_IN_IP4] = "ipip", [TUNNEL_IP6_IN_IP4] = "6in4",
	[TUNNEL_IP4_IN_IP6] = "4in6", [TUNNEL_IP6_IN_IP6] = "6in6", [TUNNEL_TEREDO] = "teredo",
	[TUNNEL_VXLAN] = "vxlan",     [TUNNEL_GENEVE] = "geneve",   [TUNNEL_GTPU] = "gtpu",
	[TUNNEL_CAPWAP] = "capwap",   [TUNNEL_L2TP] = "l2tp",
};

const char *
tunnel_format(uint32_t chain, char *text, size_t size)
{
	size_t used = 0;

	if (size)
		text[0] = '\0';
	for (int shift = 24; shift >= 0; shift -= 8) {
		unsigned kind = chain >> shift & 0xff;
		const char *name = kind < TUNNEL_KIND_MAX && names[kind] ? names[kind] : "?";
		if (kind == 0)
			continue;
		int n = snprintf(text + used, size - used, "%s%s", used ? "/" : "", name);
		if (n < 0 || (size_t)n >= size - used)
			break;
		used += (size_t)n;
	}
	return text;
}
