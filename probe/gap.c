/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What passed while no probe counted. */
#include "probe/gap.h"

#include "lib/err.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOKS \
	4 /* seconds after which all that the interface had counted is in rows of the ledger */
#define COUNTERS 4
#define ROW_MAX  (INT64_C(1) << 48) /* a row of the ledger takes no more */

/* A packet that the capture sees is one that came or one that went. */
static const char *const names[COUNTERS] = { "rx_packets", "tx_packets", "rx_bytes", "tx_bytes" };

struct interface {
	const char *name;
	uint16_t link;
	bool works;
	int fds[COUNTERS];
	struct spool_sum begin;       /* before the capture began */
	struct spool_sum look[LOOKS]; /* the newest first */
	struct spool_sum counted;     /* in rows before this run */
};

/* As struct spool_link has them. */
struct counters {
	uint64_t passed;
	uint64_t before;
	int64_t ahead;
};

struct gap {
	uint64_t boot;
	size_t n;
	struct interface ifs[];
};

/* A number of a file that stays open: the sandbox lets none be opened. */
static bool
read_number(int fd, uint64_t *ret)
{
	char text[32];
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	*ret = strtoull(text, NULL, 10);
	return true;
}

static bool
read_sum(const struct interface *i, struct spool_sum *ret)
{
	uint64_t v[COUNTERS];

	for (size_t k = 0; k < COUNTERS; k++)
		if (!read_number(i->fds[k], &v[k]))
			return false;
	*ret = (struct spool_sum){ v[0] + v[1], v[2] + v[3] };
	return true;
}

/* Counters begin anew when the machine does. */
static uint64_t
boot_number(void)
{
	char text[17] = "", *at = text;
	char id[64] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	ssize_t n = read(fd, id, sizeof(id) - 1);
	(void)close(fd);
	for (ssize_t i = 0; i < n && at < text + 16; i++)
		if (id[i] != '-')
			*at++ = id[i];
	return strtoull(text, NULL, 16);
}

static void
open_interface(struct interface *i, const char *name)
{
	char path[128];

	i->name = name;
	for (size_t k = 0; k < COUNTERS; k++) {
		int n =
		    snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", name, names[k]);
		i->fds[k] =
		    n > 0 && (size_t)n < sizeof(path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	}
	i->works = read_sum(i, &i->begin);
	for (size_t k = 0; k < LOOKS; k++)
		i->look[k] = i->begin;
	if (!i->works)
		log_info("%s: has no counters: what passes while no probe runs is not known", name);
}

int
gap_open(const char *const *interfaces, size_t n, struct gap **ret_gap)
{
	struct gap *g = calloc(1, sizeof(*g) + n * sizeof(g->ifs[0]));

	if (!g)
		return -ENOMEM;
	g->n = n;
	g->boot = boot_number();
	for (size_t i = 0; i < n; i++)
		open_interface(&g->ifs[i], interfaces[i]);
	*ret_gap = g;
	return NM_OK;
}

void
gap_close(struct gap *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < COUNTERS; k++)
			if (g->ifs[i].fds[k] >= 0)
				(void)close(g->ifs[i].fds[k]);
	free(g);
}

/* What rows say that the capture saw of what the interface counted: neither what a probe before missed, nor what the interface
 * dropped. */
static struct spool_sum
counted(const struct checkpoint *cp, uint16_t link)
{
	const struct spool_sum *s = cp->sums[link];

	return (struct spool_sum){
		s[LEDGER_SEEN].packets - s[LEDGER_GAP].packets - s[LEDGER_IF_DROPPED].packets,
		s[LEDGER_SEEN].octets - s[LEDGER_GAP].octets - s[LEDGER_IF_DROPPED].octets,
	};
}

void
gap_begin(struct gap *g, const uint16_t *links, const struct checkpoint *cp,
          const struct spool_sum *behind)
{
	for (size_t i = 0; g && i < g->n; i++) {
		struct interface *f = &g->ifs[i];

		f->link = links[i];
		f->counted = counted(cp, f->link);
		f->counted.packets += behind[f->link].packets;
		f->counted.octets += behind[f->link].octets;
	}
}

uint64_t
gap_links(const struct gap *g)
{
	uint64_t links = 0;

	for (size_t i = 0; g && i < g->n; i++)
		if (g->ifs[i].works)
			links |= UINT64_C(1) << g->ifs[i].link;
	return links;
}

/* Two ways to know: what the interface counted since seconds before the newest rows, and what it counted in all since that run
 * began less what rows say. Either is a bound; the second is exact, unless a filter leaves packets out. */
static uint64_t
bound_of(uint64_t now, uint64_t before, uint64_t passed, int64_t ahead)
{
	int64_t bound = (int64_t)(now - before), exact = (int64_t)(now - passed) + ahead;

	if (ahead >= 0 && exact < bound)
		bound = exact;
	return bound < 0 ? 0 : bound > ROW_MAX ? (uint64_t)ROW_MAX : (uint64_t)bound;
}

/* One of packets and octets. Counters that began anew have what passed since; what passed before and was not in rows is to be
 * known from what they had when somebody looked last. */
static uint64_t
gap_of(uint64_t now, bool anew, const struct counters *c, uint64_t behind)
{
	uint64_t bound = bound_of(anew ? c->passed : now, c->before, c->passed, c->ahead);

	bound -= bound < behind ? bound : behind;
	return anew ? bound_of(bound + now, 0, 0, -1) : bound;
}

bool
gap_bound(const struct gap *g, uint16_t link, const struct checkpoint *cp,
          const struct spool_sum *behind, struct spool_sum *ret_bound)
{
	const struct spool_link *l = &cp->links[link];
	const struct interface *f = NULL;

	for (size_t i = 0; g && i < g->n; i++)
		if (g->ifs[i].link == link && g->ifs[i].works)
			f = &g->ifs[i];
	if (!f)
		return false;
	if (!l->live) {
		log_warn("%s: what passed since the run before is not known", f->name);
		return false;
	}
	bool anew = l->boot != g->boot || f->begin.packets < l->passed_packets ||
	            f->begin.octets < l->passed_octets;
	if (anew)
		log_warn("%s: its counters began anew: all they have counts as a gap", f->name);
	const struct counters packets = { l->passed_packets, l->before_packets, l->ahead_packets };
	const struct counters octets = { l->passed_octets, l->before_octets, l->ahead_octets };
	ret_bound->packets = gap_of(f->begin.packets, anew, &packets, behind->packets);
	ret_bound->octets = gap_of(f->begin.octets, anew, &octets, behind->octets);
	return true;
}

void
gap_look(struct gap *g)
{
	for (size_t i = 0; g && i < g->n; i++) {
		struct interface *f = &g->ifs[i];

		if (!f->works)
			continue;
		memmove(&f->look[1], &f->look[0], (LOOKS - 1) * sizeof(f->look[0]));
		/* an interface that went away took its counters with it */
		f->works = read_sum(f, &f->look[0]);
	}
}

void
gap_note(const struct gap *g, struct checkpoint *cp)
{
	for (size_t i = 0; g && i < g->n; i++) {
		const struct interface *f = &g->ifs[i];
		struct spool_link *l = &cp->links[f->link];
		struct spool_sum now = counted(cp, f->link);

		if (f->link >= cp->n_links)
			cp->n_links = f->link + 1;
		l->live = f->works;
		l->boot = g->boot;
		l->passed_packets = f->look[0].packets;
		l->passed_octets = f->look[0].octets;
		l->before_packets = f->look[LOOKS - 1].packets;
		l->before_octets = f->look[LOOKS - 1].octets;
		l->ahead_packets = (int64_t)(f->look[0].packets - f->begin.packets -
		                             (now.packets - f->counted.packets));
		l->ahead_octets = (int64_t)(f->look[0].octets - f->begin.octets -
		                            (now.octets - f->counted.octets));
	}
}
