/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walking elements of type, length and value, one behind the other, through the cursor of wire.h: options, attributes,
 * information elements, objects. That they fill a message to its end says much about whose message it is. Header-only, usable
 * from modules; any thread.
 */
#ifndef NETMON_TLV_H
#define NETMON_TLV_H

#include <netmon/wire.h>

/* Elements that are looked at: what comes behind so many is taken to be right. */
#define TLV_MAX 64

/* What an element looks like. */
struct tlv_form {
	uint8_t before; /* octets in front of the length: the type, flags */
	uint8_t length; /* octets of the length itself, 1 to 4, in network byte order */
	uint8_t behind; /* octets between the length and the value */
	bool whole;     /* the length counts these too, not only the value */
	uint8_t align;  /* elements are padded to a multiple of this; 0 or 1: they are not */
};

/* A number of 1 to 4 octets in network byte order; 0, and the error set, when they are not there. */
static inline uint32_t
tlv_number(struct wire *w, unsigned octets)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < octets; i++)
		value = value << 8 | wire_u8(w);
	return wire_ok(w) ? value : 0;
}

/* Octets of the value, by its length field. UINT64_MAX for a length that is less than the head. */
static inline uint64_t
tlv_value(const struct tlv_form *form, uint32_t length)
{
	uint64_t head = (uint64_t)form->before + form->length + form->behind;

	if (!form->whole)
		return length;
	return length < head ? UINT64_MAX : length - head;
}

/* Octets that pad an element with a value so long. */
static inline uint64_t
tlv_padding(const struct tlv_form *form, uint64_t value)
{
	uint64_t align = form->align > 1 ? form->align : 1;
	uint64_t all = (uint64_t)form->before + form->length + form->behind + value;

	return (align - all % align) % align;
}

/* How many elements fill what is left, at most TLV_MAX; 0 when they do not, and when nothing is left. The padding of the last
 * one may be missing. `open`: the end of what is left is not the end of the message (the capture was cut, or a segment ended),
 * so that the last element may be behind it, or reach there. */
static inline unsigned
tlv_count(struct wire w, const struct tlv_form *form, bool open)
{
	unsigned n = 0;

	while (n < TLV_MAX && wire_left(&w) > 0) {
		wire_skip(&w, form->before);
		uint32_t length = tlv_number(&w, form->length);
		wire_skip(&w, form->behind);
		if (!wire_ok(&w))
			return open ? n : 0;
		uint64_t value = tlv_value(form, length);
		if (value == UINT64_MAX)
			return 0;
		if (value > wire_left(&w))
			return open ? n + 1 : 0;
		uint64_t all = value + tlv_padding(form, value);
		wire_skip(&w, all < wire_left(&w) ? (size_t)all : wire_left(&w));
		n++;
	}
	return n;
}

#endif
