/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: genpcap [--OPTION VALUE ...] >FILE
 *
 * Writes a synthetic trace for benchmarks; --help lists the options. The same options give the same octets. It is for
 * measuring what things cost: nothing that netmon says of applications is compared with it.
 */
#include "tests/bench/gen/frame.h"
#include "tests/bench/gen/writer.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define AT(field)   offsetof(struct gen_options, field)
#define OUTPUT_SIZE (1u << 20)

static const char *const mix_names[] = { "home", "office",    "scan", "flood",
	                                 "bomb", "fragments", NULL };
static const char *const size_names[] = { "full", "imix", "small", NULL };
static const char *const layer_names[] = { "gre", "ipip", "mpls", "vlan", NULL };

/* A number within limits, or one of some words. */
static const struct row {
	const char *name;
	size_t at;
	uint64_t min;
	uint64_t max;
	const char *const *words; /* the field is an unsigned: their index */
	const char *help;
} rows[] = {
	{ "mix", AT(mix), 0, 0, mix_names, "home, office, scan, flood, bomb, fragments" },
	{ "sizes", AT(sizes), 0, 0, size_names, "full, imix, small" },
	{ "layer", AT(layer), 0, 0, layer_names, "of bombs: gre, ipip, mpls, vlan" },
	{ "packets", AT(packets), 1, 1000000000, NULL, "in the trace" },
	{ "flows", AT(flows), 1, 100000000, NULL,
	  "conversations; of fragments: datagrams at a time" },
	{ "rate", AT(rate), 1, 100000000, NULL, "packets a second" },
	{ "gap", AT(gap_ms), 1, 6000, NULL, "ms between two packets of a conversation, mean" },
	{ "arrive", AT(arrive_ms), 0, 86400000, NULL, "all begin within so many ms (0: spread)" },
	{ "skew", AT(skew), 0, 300, NULL,
	  "hundredths of Zipf's exponent of the lengths, 0: all the same" },
	{ "offset", AT(offset), 0, 1000000, NULL, "the longest is rank 1 + offset" },
	{ "ipv6", AT(ipv6), 0, 100, NULL, "per cent" },
	{ "vlan", AT(vlan), 0, 100, NULL, "per cent" },
	{ "gre", AT(gre), 0, 100, NULL, "per cent" },
	{ "snaplen", AT(snaplen), 14, 65535, NULL, "octets of a frame in the file" },
	{ "depth", AT(depth), 1, 10000, NULL, "of bombs: headers in a frame" },
	{ "seed", AT(seed), 0, UINT64_MAX, NULL, "another seed gives another trace" },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static int (*const generators[MIX_COUNT])(const struct gen_options *, struct writer *) = {
	[MIX_HOME] = traffic_generate, [MIX_OFFICE] = traffic_generate,
	[MIX_SCAN] = traffic_generate, [MIX_FLOOD] = flood_generate,
	[MIX_BOMB] = bomb_generate,    [MIX_FRAGMENTS] = fragments_generate,
};

static int
usage(void)
{
	(void)fprintf(stderr, "usage: genpcap [--OPTION VALUE ...] >FILE\n"
	                      "  --truth FILE     what a meter must find, as JSON\n");
	for (size_t i = 0; i < N_ROWS; i++)
		(void)fprintf(stderr, "  --%-14s %s\n", rows[i].name, rows[i].help);
	return 2;
}

static int
set_word(unsigned *field, const struct row *row, const char *text)
{
	for (unsigned i = 0; row->words[i]; i++)
		if (strcmp(row->words[i], text) == 0) {
			*field = i;
			return 0;
		}
	return -1;
}

static int
set_option(struct gen_options *o, const struct row *row, const char *text)
{
	void *field = (char *)o + row->at;
	char *end;

	if (row->words)
		return set_word(field, row, text);
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || number < row->min || number > row->max)
		return -1;
	*(uint64_t *)field = number;
	return 0;
}

static int
read_options(int argc, char **argv, struct gen_options *o)
{
	struct option table[N_ROWS + 2] = { [N_ROWS] = { "truth", required_argument, NULL,
		                                         N_ROWS } };
	int c;

	for (size_t i = 0; i < N_ROWS; i++)
		table[i] = (struct option){ rows[i].name, required_argument, NULL, (int)i };
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == (int)N_ROWS) {
			o->truth = optarg;
		} else if (c < 0 || c > (int)N_ROWS) {
			return -1;
		} else if (set_option(o, &rows[c], optarg) < 0) {
			(void)fprintf(stderr, "genpcap: --%s %s\n", rows[c].name, optarg);
			return -1;
		}
	}
	return optind == argc ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct gen_options o = {
		.mix = MIX_OFFICE,
		.sizes = SIZES_IMIX,
		.packets = 1000000,
		.flows = 50000,
		.rate = 100000,
		.gap_ms = 200,
		.skew = 100,
		.offset = 50,
		.snaplen = 65535,
		.depth = 1000,
		.seed = 1,
	};
	struct writer out;

	if (read_options(argc, argv, &o) < 0)
		return usage();
	frame_fill_init(o.seed);
	(void)setvbuf(stdout, NULL, _IOFBF, OUTPUT_SIZE);
	writer_open(&out, stdout, (uint32_t)o.snaplen);
	int rc = generators[o.mix](&o, &out);
	if (rc == 0)
		rc = writer_close(&out, o.truth);
	free(out.marked);
	if (rc < 0)
		(void)fputs("genpcap: the options do not fit, or the trace could not be written\n",
		            stderr);
	return rc == 0 ? 0 : 1;
}
