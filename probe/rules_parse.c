/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules as people write them. */
#include "probe/rules_parse.h"

#include "lib/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VLAN_MAX 4094 /* IEEE 802.1Q-2018 table 9-2 */
#define PORT_MAX 65535

enum token { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_MARK };

struct parser {
	const struct listfile *file;
	struct rules_line *line;
	char *rest;      /* behind the token */
	enum token kind; /* of the token that is looked at */
	char *word;      /* its text, without the quotes; TOKEN_MARK: one of ",=[]" */
	char held;       /* what stood where `rest` now has a NUL */
	unsigned end;    /* which end host and port are of */
	bool given[RULES_AXES];
};

static const char shape[] = "write for example: tcp host 10.1.2.0/24 port 8000-8010 = \"Billing\"";

/* --- tokens ------------------------------------------------------------------------------------------------------ */

/* Goes to the next token. A word ends at a blank, a mark or a quote. */
static int
next(struct parser *p)
{
	static const char marks[] = ",=[]";
	static char mark_text[][2] = { ",", "=", "[", "]" };

	if (p->held)
		*p->rest = p->held;
	p->held = '\0';
	p->rest += strspn(p->rest, " \t");
	const char *mark = *p->rest ? strchr(marks, *p->rest) : NULL;
	p->word = p->rest;
	if (!*p->rest) {
		p->kind = TOKEN_END;
	} else if (mark) {
		p->kind = TOKEN_MARK;
		p->word = mark_text[mark - marks];
		p->rest++;
	} else if (*p->rest == '"') {
		char *close = strchr(p->rest + 1, '"');
		if (!close)
			return listfile_complain(p->file, "a quote is not closed: %s", shape);
		p->kind = TOKEN_QUOTED;
		p->word = p->rest + 1;
		*close = '\0';
		p->rest = close + 1;
	} else {
		p->kind = TOKEN_WORD;
		p->rest += strcspn(p->rest, " \t,=[]\"");
		p->held = *p->rest;
		*p->rest = '\0';
	}
	return NM_OK;
}

static bool
is_mark(const struct parser *p, char mark)
{
	return p->kind == TOKEN_MARK && *p->word == mark;
}

/* --- items of lists ---------------------------------------------------------------------------------------------- */

static int
add_range(struct parser *p, enum rules_axis axis, struct rules_value first, struct rules_value last)
{
	struct rules_line *line = p->line;

	if (line->n_ranges == line->ranges_max) {
		(void)listfile_complain(p->file,
		                        "more than %d addresses, ports and the like in all rules: "
		                        "use prefixes and ranges",
		                        RULES_RANGES_MAX);
		return NM_ELIMIT;
	}
	line->ranges[line->n_ranges++] =
	    (struct rules_range){ .first = first, .last = last, .axis = (uint8_t)axis };
	return NM_OK;
}

static int
add_numbers(struct parser *p, enum rules_axis axis, unsigned first, unsigned last)
{
	return add_range(p, axis, (struct rules_value){ 0, first },
	                 (struct rules_value){ 0, last });
}

/* Decimal digits and nothing else, at most `max`. */
static bool
parse_number(const char *text, unsigned long max, unsigned *ret_number)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 9 || text[digits])
		return false;
	unsigned long n = strtoul(text, NULL, 10);
	if (n > max)
		return false;
	*ret_number = (unsigned)n;
	return true;
}

/* "N" or "N-M" between `min` and `max`. */
static bool
parse_span(char *text, unsigned min, unsigned max, unsigned ret_span[2])
{
	char *dash = strchr(text, '-');
	unsigned span[2];

	if (dash)
		*dash++ = '\0';
	bool good = parse_number(text, max, &span[0]) &&
	            parse_number(dash ? dash : text, max, &span[1]) && span[0] >= min &&
	            span[0] <= span[1];
	if (dash)
		dash[-1] = '-';
	if (!good)
		return false;
	memcpy(ret_span, span, sizeof(span));
	return true;
}

/* IPv4 lies in the midst of IPv6 (see lib/addr.h), but nobody means it by ::/0. */
static int
add_host(struct parser *p, enum rules_axis axis, struct rules_value first, struct rules_value last)
{
	const struct rules_value below = { 0, UINT64_C(0xfffeffffffff) };
	const struct rules_value above = { 0, UINT64_C(0x1000000000000) };
	bool holds_v4 =
	    first.high == 0 && first.low <= below.low && (last.high > 0 || last.low >= above.low);
	int rc = NM_OK;

	if (holds_v4) {
		rc = add_range(p, axis, first, below);
		first = above;
	}
	return rc == NM_OK ? add_range(p, axis, first, last) : rc;
}

static int
take_host(struct parser *p, enum rules_axis axis)
{
	char shown[LISTFILE_QUOTE_MAX];
	struct addr_range range;

	if (strcmp(p->word, "any") == 0)
		return add_range(p, axis, (struct rules_value){ 0, 0 },
		                 (struct rules_value){ UINT64_MAX, UINT64_MAX });
	if (addr_range_parse(p->word, &range) < 0)
		return listfile_complain(p->file,
		                         "\"%s\" is no address, range or prefix: write 10.0.0.1, "
		                         "10.0.0.1-10.0.0.9 or 10.0.0.0/8, or the same of IPv6; "
		                         "bits behind a prefix are 0",
		                         listfile_quote(p->word, shown));
	return add_host(p, axis, rules_value_of(&range.first), rules_value_of(&range.last));
}

static int
take_port(struct parser *p, enum rules_axis axis)
{
	char shown[LISTFILE_QUOTE_MAX];
	unsigned span[2];

	if (!parse_span(p->word, 1, PORT_MAX, span))
		return listfile_complain(
		    p->file, "\"%s\" is no port: write a number from 1 to %d, or 8000-8010",
		    listfile_quote(p->word, shown), PORT_MAX);
	return add_numbers(p, axis, span[0], span[1]);
}

static int
take_vlan(struct parser *p, enum rules_axis axis)
{
	char shown[LISTFILE_QUOTE_MAX];
	unsigned span[2];

	if (!parse_span(p->word, 1, VLAN_MAX, span))
		return listfile_complain(
		    p->file, "\"%s\" is no VLAN: write a number from 1 to %d, or 100-199",
		    listfile_quote(p->word, shown), VLAN_MAX);
	return add_numbers(p, axis, span[0], span[1]);
}

/* IANA's protocol numbers; some names stand for two. */
static const struct proto {
	const char *name;
	uint8_t first;
	uint8_t second; /* 0: none */
	bool has_ports;
} protos[] = {
	{ "tcp", 6, 0, true },     { "udp", 17, 0, true },      { "sctp", 132, 0, true },
	{ "dccp", 33, 0, true },   { "udplite", 136, 0, true }, { "icmp", 1, 58, false },
	{ "icmp6", 58, 0, false }, { "igmp", 2, 0, false },     { "ipip", 4, 0, false },
	{ "ipv6", 41, 0, false },  { "rsvp", 46, 0, false },    { "gre", 47, 0, false },
	{ "esp", 50, 0, false },   { "ah", 51, 0, false },      { "eigrp", 88, 0, false },
	{ "ospf", 89, 0, false },  { "pim", 103, 0, false },    { "vrrp", 112, 0, false },
	{ "l2tp", 115, 0, false },
};
#define N_PROTOS (sizeof(protos) / sizeof(protos[0]))

static const struct proto *
find_proto(const char *name)
{
	for (size_t i = 0; i < N_PROTOS; i++)
		if (strcmp(protos[i].name, name) == 0)
			return &protos[i];
	return NULL;
}

static int
take_proto(struct parser *p, enum rules_axis axis)
{
	const struct proto *proto = find_proto(p->word);
	char shown[LISTFILE_QUOTE_MAX];
	unsigned number;

	if (!proto) {
		if (!parse_number(p->word, UINT8_MAX, &number))
			return listfile_complain(p->file,
			                         "\"%s\" is no protocol: write tcp, esp and the "
			                         "like, or a number from 0 to 255",
			                         listfile_quote(p->word, shown));
		return add_numbers(p, axis, number, number);
	}
	int rc = add_numbers(p, axis, proto->first, proto->first);
	if (rc == NM_OK && proto->second)
		rc = add_numbers(p, axis, proto->second, proto->second);
	return rc;
}

/* --- conditions -------------------------------------------------------------------------------------------------- */

/* The words that begin a condition, pcap-filter(7)'s other ones for the same included. */
static const struct condition {
	const char *word;
	enum rules_axis axis;
	int (*take)(struct parser *p, enum rules_axis axis);
} conditions[] = {
	{ "host", RULES_HOST0, take_host }, { "net", RULES_HOST0, take_host },
	{ "port", RULES_PORT0, take_port }, { "portrange", RULES_PORT0, take_port },
	{ "vlan", RULES_VLAN, take_vlan },  { "proto", RULES_PROTO, take_proto },
};

/* Words that people know from pcap-filter(7) and that rules do without. */
static const struct {
	const char *word;
	const char *remedy;
} strangers[] = {
	{ "src", "leave it out: a rule holds whichever end is which" },
	{ "dst", "leave it out: a rule holds whichever end is which" },
	{ "or", "write two lines, or a list with commas" },
	{ "||", "write two lines, or a list with commas" },
	{ "not", "write a line for the exception in front: the first one that holds counts" },
	{ "!", "write a line for the exception in front: the first one that holds counts" },
	{ "ip", "it stands in front of proto only; rules hold for IPv4 and IPv6" },
	{ "ip6", "leave it out: rules hold for IPv4 and IPv6; host ::/0 means IPv6" },
};

static int
complain_word(const struct parser *p)
{
	char shown[LISTFILE_QUOTE_MAX];

	for (size_t i = 0; p->kind == TOKEN_WORD && i < sizeof(strangers) / sizeof(strangers[0]);
	     i++)
		if (strcmp(p->word, strangers[i].word) == 0)
			return listfile_complain(p->file, "\"%s\": %s", p->word,
			                         strangers[i].remedy);
	return listfile_complain(p->file, "\"%s\" is not understood: %s",
	                         listfile_quote(p->word, shown), shape);
}

/* The axis of a condition: of the end that is spoken of, which becomes the other one when the word comes again. */
static int
choose_axis(struct parser *p, const struct condition *c, enum rules_axis *ret_axis)
{
	bool of_end = c->axis == RULES_HOST0 || c->axis == RULES_PORT0;

	if (of_end && p->given[c->axis + p->end]) {
		if (p->end == 1)
			return listfile_complain(p->file,
			                         "\"%s\" for the third time: a conversation "
			                         "has two ends; lists have commas",
			                         c->word);
		p->end = 1;
	}
	enum rules_axis axis = of_end ? c->axis + p->end : c->axis;
	if (p->given[axis])
		return listfile_complain(
		    p->file, "\"%s\" for the second time: write a list with commas", c->word);
	p->given[axis] = true;
	*ret_axis = axis;
	return NM_OK;
}

/* ITEM { "," ITEM } */
static int
take_list(struct parser *p, const struct condition *c, enum rules_axis axis)
{
	for (;;) {
		if (p->kind != TOKEN_WORD)
			return listfile_complain(p->file, "nothing to hold behind \"%s\": %s",
			                         c->word, shape);
		int rc = c->take(p, axis);
		if (rc == NM_OK)
			rc = next(p);
		if (rc != NM_OK || !is_mark(p, ','))
			return rc;
		rc = next(p);
		if (rc != NM_OK)
			return rc;
	}
}

static const struct condition *
find_condition(const char *word)
{
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (strcmp(conditions[i].word, word) == 0)
			return &conditions[i];
	return NULL;
}

/* One condition, the word that it begins with included. "ip" in front of "proto" says nothing. */
static int
take_condition(struct parser *p)
{
	static const struct condition by_name = { "protocol", RULES_PROTO, take_proto };
	const struct condition *c = find_condition(p->word);
	const char *word = p->word;
	enum rules_axis axis = RULES_PROTO;
	int rc = NM_OK;

	if (p->kind != TOKEN_WORD)
		return complain_word(p);
	if (strcmp(word, "ip") == 0 && p->held) {
		const char *behind = p->rest + 1 + strspn(p->rest + 1, " \t");
		if (strncmp(behind, "proto", 5) == 0)
			return next(p);
	}
	if (find_proto(word)) {
		rc = choose_axis(p, &by_name, &axis);
		if (rc == NM_OK)
			rc = take_proto(p, axis);
		return rc == NM_OK ? next(p) : rc;
	}
	if (!c)
		return complain_word(p);
	rc = choose_axis(p, c, &axis);
	if (rc == NM_OK)
		rc = next(p);
	return rc == NM_OK ? take_list(p, c, axis) : rc;
}

/* --- the line ---------------------------------------------------------------------------------------------------- */

/* A port of a protocol that has none would never be met. */
static int
check_ports(const struct parser *p)
{
	if (!(p->given[RULES_PORT0] || p->given[RULES_PORT1]) || !p->given[RULES_PROTO])
		return NM_OK;
	for (size_t i = 0; i < p->line->n_ranges; i++) {
		const struct rules_range *range = &p->line->ranges[i];

		for (size_t j = 0; range->axis == RULES_PROTO && j < N_PROTOS; j++)
			if (protos[j].has_ports && protos[j].first == range->first.low)
				return NM_OK;
	}
	return listfile_complain(p->file,
	                         "a port of a protocol that has none: leave one of them out");
}

/* NAME [ "[" CATEGORY "]" ]. A category may have blanks, so it is not taken by tokens. */
static int
take_name(struct parser *p)
{
	struct rule *rule = &p->line->rule;
	char shown[LISTFILE_QUOTE_MAX];

	if (p->kind != TOKEN_WORD && p->kind != TOKEN_QUOTED)
		return listfile_complain(p->file, "no name behind '=': %s", shape);
	if (!listfile_is_name(p->word, APP_NAME_MAX))
		return listfile_complain(
		    p->file,
		    "\"%s\" is no name: write 1 to %d printable ASCII characters "
		    "without comma and quote",
		    listfile_quote(p->word, shown), APP_NAME_MAX - 1);
	(void)snprintf(rule->name, sizeof(rule->name), "%s", p->word);
	int rc = next(p);
	if (rc != NM_OK || p->kind == TOKEN_END)
		return rc;
	char *close = strchr(p->rest, ']');
	if (!is_mark(p, '[') || !close || *listfile_trim(close + 1))
		return listfile_complain(
		    p->file,
		    "something else than [CATEGORY] behind the name: %s; a name "
		    "with blanks is in quotes",
		    shape);
	*close = '\0';
	const char *category = listfile_trim(p->rest);
	if (!listfile_is_name(category, APP_CATEGORY_MAX))
		return listfile_complain(p->file,
		                         "\"%s\" is no category: write 1 to %d printable ASCII "
		                         "characters without comma and quote",
		                         listfile_quote(category, shown), APP_CATEGORY_MAX - 1);
	(void)snprintf(rule->category, sizeof(rule->category), "%s", category);
	return NM_OK;
}

int
rules_parse(const struct listfile *file, char *text, struct rules_line *line)
{
	struct parser p = { .file = file, .line = line };

	p.rest = text;
	int rc = next(&p);
	line->rule.line = file->line;
	if (rc == NM_OK && is_mark(&p, '='))
		return listfile_complain(file, "no condition in front of '=': %s", shape);
	while (rc == NM_OK && !is_mark(&p, '=')) {
		if (p.kind == TOKEN_END)
			return listfile_complain(file, "no '=' and name at the end: %s", shape);
		rc = take_condition(&p);
		if (rc == NM_OK && p.kind == TOKEN_WORD && strcmp(p.word, "and") == 0)
			rc = next(&p);
	}
	if (rc == NM_OK)
		rc = check_ports(&p);
	if (rc == NM_OK)
		rc = next(&p);
	return rc == NM_OK ? take_name(&p) : rc;
}
