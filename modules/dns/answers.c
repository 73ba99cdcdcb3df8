/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What answers of DNS say of hosts. */
#include "modules/dns/answers.h"

#include <netmon/text.h>

#define TYPE_A      1
#define TYPE_CNAME  5
#define TYPE_AAAA   28
#define CLASS_IN    1
#define RECORDS_MAX 32 /* looked at */
#define JUMPS_MAX   16 /* of one name */
#define NAME_SIZE   256
#define HEADER      12 /* where the question begins */

/* RFC 1035 section 4.1.1: flags of an answer to a query, with no error, cut or not */
#define FLAGS_MASK   0xf80fU
#define FLAGS_ANSWER 0x8000U

/* A name in dotted form, in small letters. */
struct name {
	size_t len;
	uint8_t text[NAME_SIZE];
};

/* Adds a label. False for one that is too long, or has a dot in it, which the dotted form cannot say. */
static bool
add_label(struct name *name, const uint8_t *label, size_t len)
{
	if (name->len + len + 1 > sizeof(name->text))
		return false;
	if (name->len > 0)
		name->text[name->len++] = '.';
	for (size_t i = 0; i < len; i++) {
		if (label[i] == '.')
			return false;
		name->text[name->len++] = text_lower(label[i]);
	}
	return true;
}

/* Reads a name (RFC 1035 sections 3.1 and 4.1.4), of which pointers lead towards the beginning of the message, and moves behind
 * it. Sets the cursor's error for what is none. */
static void
read_name(const struct wire *message, struct wire *w, struct name *ret_name)
{
	struct wire at = *w;
	size_t limit =
	    (size_t)(w->at - message->at); /* where the name, or the part of it, begins */

	ret_name->len = 0;
	for (unsigned jumps = 0; jumps <= JUMPS_MAX;) {
		uint8_t len = wire_u8(&at);

		if ((len & 0xc0) == 0xc0) {
			size_t to = (size_t)(len & 0x3f) << 8 | wire_u8(&at);

			if (jumps++ == 0)
				*w = at;
			if (!wire_ok(&at) || to >= limit)
				break;
			limit = to;
			at = *message;
			wire_skip(&at, to);
			continue;
		}
		const uint8_t *label = wire_take(&at, len);
		if (!label || len > 63)
			break;
		if (len == 0) {
			if (jumps == 0)
				*w = at;
			return;
		}
		if (!add_label(ret_name, label, len))
			break;
	}
	w->failed = true;
}

static bool
same_name(const struct name *a, const struct name *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* RFC 4291 section 2.5.5.2 */
static void
take_address(const uint8_t *bytes, size_t len, uint8_t ret_addr[16])
{
	memset(ret_addr, 0, 10);
	memset(ret_addr + 10, 0xff, 2);
	memcpy(ret_addr + 16 - len, bytes, len);
}

/* What is asked for, and what it is an alias of, as far as the answers went. */
struct chain {
	const struct wire *message;
	const struct name *now; /* one of the following */
	struct name asked;
	struct name alias;
	struct nm_answer answer;
	unsigned reported;
};

/* Is it a record of the name that the chain is at? Moves behind its owner, which most servers write as a pointer to the
 * question. */
static bool
is_of_chain(struct chain *chain, struct wire *w)
{
	struct name owner;

	if (chain->now == &chain->asked && wire_left(w) >= 2 && w->at[0] == 0xc0 &&
	    w->at[1] == HEADER) {
		wire_skip(w, 2);
		return true;
	}
	read_name(chain->message, w, &owner);
	return wire_ok(w) && same_name(&owner, chain->now);
}

/* One record (RFC 1035 section 4.1.3). */
static void
read_record(struct chain *chain, struct wire *w, struct nm_call *call)
{
	bool ours = is_of_chain(chain, w);
	uint16_t type = wire_u16(w);
	uint16_t class = wire_u16(w);
	uint32_t ttl_s = wire_u32(w);
	uint16_t len = wire_u16(w);
	struct wire data = *w;

	wire_skip(w, len);
	if (!wire_ok(w) || class != CLASS_IN || !ours)
		return;
	if (type == TYPE_CNAME) {
		struct name alias;

		read_name(chain->message, &data, &alias);
		if (!wire_ok(&data))
			return;
		chain->alias = alias;
		chain->now = &chain->alias;
	} else if ((type == TYPE_A && len == 4) || (type == TYPE_AAAA && len == 16)) {
		take_address(data.at, len, chain->answer.addr);
		chain->answer.ttl_s = ttl_s;
		call->resolved(call, &chain->answer);
		chain->reported++;
	}
}

void
answers_report(struct wire message, const uint8_t *client, struct nm_call *call)
{
	struct wire w = message;
	struct chain chain;

	wire_skip(&w, 2);
	uint16_t flags = wire_u16(&w);
	uint16_t questions = wire_u16(&w);
	uint16_t answers = wire_u16(&w);
	wire_skip(&w, 4);
	if (!wire_ok(&w) || (flags & FLAGS_MASK) != FLAGS_ANSWER || questions != 1 || answers == 0)
		return;
	read_name(&message, &w, &chain.asked);
	uint16_t type = wire_u16(&w);
	wire_skip(&w, 2);
	if (!wire_ok(&w) || (type != TYPE_A && type != TYPE_AAAA))
		return;
	chain.message = &message;
	chain.now = &chain.asked;
	chain.reported = 0;
	memcpy(chain.answer.client, client, sizeof(chain.answer.client));
	chain.answer.name = chain.asked.text;
	chain.answer.name_len = (uint32_t)chain.asked.len;
	for (unsigned i = 0; i < answers && i < RECORDS_MAX && chain.reported < ANSWERS_MAX; i++) {
		read_record(&chain, &w, call);
		if (!wire_ok(&w))
			return;
	}
}
