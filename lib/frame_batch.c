/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The export protocol: batches, their sections and their checksum. */
#include "lib/checksum.h"
#include "lib/err.h"
#include "lib/frame.h"
#include "lib/frame_io.h"
#include "lib/plant.h"

#define SECTION_HEAD    4  /* u16 link, u16 reserved in front of records */
#define VLAN_SIZE       6  /* u32 record, u16 vlan */
#define TUNNEL_SIZE     8  /* u32 record, u32 chain */
#define SAMPLING_SIZE   6  /* u32 record, u16 one packet in so many */
#define LEDGER_ROW_SIZE 24 /* u32 minute, u16 link, u16 cause, u64 packets, u64 octets */
#define BATCH_HEAD      44 /* crc, epoch, sequence, previous, records, packets, octets */
#define LOST_HEAD       44 /* crc, epoch, first, last, previous, resume, records */
#define VLAN_ID_MAX     4094u
#define COUNT_MAX       (UINT64_C(1) << 48) /* of a ledger row: stores add them up in 63 bits */

/* --- encoding ---------------------------------------------------------------------------------------------------- */

static bool
is_record4(const struct record *r)
{
	return addr_is_v4(&r->saddr) && addr_is_v4(&r->daddr);
}

/* An IPv4 address is the last 4 of its 16 octets. */
#define SKIP4 12

/* A record as it is on the wire, at `p`; `skip` octets of each address are left out. */
static inline void
write_record(uint8_t *p, const struct record *r, size_t skip)
{
	memcpy(p, r->saddr.b + skip, sizeof(r->saddr.b) - skip);
	p += sizeof(r->saddr.b) - skip;
	memcpy(p, r->daddr.b + skip, sizeof(r->daddr.b) - skip);
	p += sizeof(r->daddr.b) - skip;
	p = wireout_at16(p, r->sport);
	p = wireout_at16(p, r->dport);
	p = wireout_at32(p, r->octets);
	p = wireout_at16(p, r->packets);
	p = wireout_at16(p, r->protocol);
	p = wireout_at16(p, record_counts_as(r));
	*p++ = r->start_frac;
	*p++ = r->end_frac;
	p = wireout_at32(p, r->started);
	(void)wireout_at32(p, r->expires);
}

void
frame_put_record4(const struct record *r, uint8_t out[RECORD4_SIZE])
{
	write_record(out, r, SKIP4);
}

void
frame_put_record6(const struct record *r, uint8_t out[RECORD6_SIZE])
{
	write_record(out, r, 0);
}

/* One section: the records from `from` on that share its family and link. Returns the index behind them. */
static size_t
put_run(struct wireout *w, const struct batch *b, size_t from)
{
	const struct record *r = b->records;
	bool v4 = is_record4(&r[from]);
	size_t size = v4 ? RECORD4_SIZE : RECORD6_SIZE;
	size_t at = frame_begin(w, v4 ? FRAME_RECORDS4 : FRAME_RECORDS6);
	size_t i = from;

	wireout_u16(w, r[from].link);
	wireout_u16(w, 0);
	for (; i < b->n_records && r[i].link == r[from].link && is_record4(&r[i]) == v4; i++) {
		uint8_t *p = wireout_take(w, size);

		if (p && v4)
			frame_put_record4(&r[i], p);
		else if (p)
			frame_put_record6(&r[i], p);
	}
	(void)frame_end(w, at, NULL);
	return i;
}

/* What an annotation of this type says of a record; 0: nothing, so that the record is not named in it. */
static inline uint32_t
annotation_of(const struct record *r, enum frame_type type)
{
	switch (type) {
	case FRAME_VLANS:
		return r->vlan;
	case FRAME_TUNNELS:
		return r->tunnel;
	default:
		return r->sampling > 1 ? r->sampling : 0;
	}
}

/* A section of pairs u32 record, value of `size` - 4 octets, which some record has. */
static void
put_annotation(struct wireout *w, const struct batch *b, enum frame_type type, size_t size)
{
	size_t at = frame_begin(w, type);

	for (size_t i = 0; i < b->n_records; i++) {
		uint32_t value = annotation_of(&b->records[i], type);

		if (value == 0)
			continue;
		wireout_u32(w, (uint32_t)i);
		wireout_uint(w, value, size - 4);
	}
	(void)frame_end(w, at, NULL);
}

static void
put_ledger(struct wireout *w, const struct batch *b)
{
	if (b->n_ledger == 0)
		return;
	size_t at = frame_begin(w, FRAME_LEDGER);
	for (const struct ledger_delta *d = b->ledger; d < b->ledger + b->n_ledger; d++) {
		wireout_u32(w, d->minute);
		wireout_u16(w, d->link);
		wireout_u16(w, d->cause);
		wireout_u64(w, d->packets);
		wireout_u64(w, d->octets);
	}
	(void)frame_end(w, at, NULL);
}

/* What one look at all records tells of them. */
struct sums {
	uint64_t packets;
	uint64_t octets;
	uint32_t vlans; /* not 0: some record has one; so with the next two */
	uint32_t tunnels;
	bool sampled;
};

/* NM_EFORMAT when a field cannot go on the wire. */
static int
sum_records(const struct batch *b, struct sums *ret_sums)
{
	struct sums s = { 0 };

	if (b->n_records > BATCH_RECORDS_MAX || b->n_ledger > BATCH_LEDGER_MAX)
		return NM_EFORMAT;
	for (const struct record *r = b->records; r < b->records + b->n_records; r++) {
		if (r->link >= FRAME_LINKS_MAX || r->vlan > VLAN_ID_MAX)
			return NM_EFORMAT;
		s.packets += r->packets;
		s.octets += r->octets;
		s.vlans |= r->vlan;
		s.tunnels |= r->tunnel;
		s.sampled |= r->sampling > 1;
	}
	for (const struct ledger_delta *d = b->ledger; d < b->ledger + b->n_ledger; d++)
		if (d->link >= FRAME_LINKS_MAX)
			return NM_EFORMAT;
	*ret_sums = s;
	return NM_OK;
}

size_t
frame_batch_size_max(size_t n_records, size_t n_ledger)
{
	/* every record in a section of its own, with every annotation */
	size_t record = FRAME_HEADER_SIZE + SECTION_HEAD + RECORD6_SIZE + VLAN_SIZE + TUNNEL_SIZE +
	                SAMPLING_SIZE;

	return FRAME_HEADER_SIZE + BATCH_HEAD + n_records * record + 4 * FRAME_HEADER_SIZE +
	       n_ledger * LEDGER_ROW_SIZE;
}

/* Ends the frame that began at `at`, at the start of the buffer, and puts the CRC of all behind it into its first field. */
static int
seal(struct wireout *w, size_t at, size_t *ret_len)
{
	size_t body = FRAME_HEADER_SIZE + 4, len;
	int rc = frame_end(w, at, &len);

	if (rc < 0)
		return rc;
	wireout_patch_u32(w, FRAME_HEADER_SIZE, crc32c(w->bytes + body, len - body));
	*ret_len = len;
	return NM_OK;
}

int
frame_encode_batch(const struct batch *batch, uint8_t *out, size_t size, size_t *ret_len)
{
	struct wireout w = wireout_init(out, size);
	struct sums sums;

	int rc = sum_records(batch, &sums);
	if (rc < 0)
		return rc;
	size_t at = frame_begin(&w, FRAME_BATCH);
	wireout_u32(&w, 0);
	wireout_u64(&w, batch->epoch);
	wireout_u64(&w, batch->sequence);
	wireout_u32(&w, batch->previous);
	wireout_u32(&w, (uint32_t)batch->n_records);
	wireout_u64(&w, sums.packets);
	wireout_u64(&w, sums.octets);
	for (size_t i = 0; i < batch->n_records && wireout_ok(&w);)
		i = put_run(&w, batch, i);
	if (sums.vlans)
		put_annotation(&w, batch, FRAME_VLANS, VLAN_SIZE);
	if (sums.tunnels)
		put_annotation(&w, batch, FRAME_TUNNELS, TUNNEL_SIZE);
	if (sums.sampled)
		put_annotation(&w, batch, FRAME_SAMPLING, SAMPLING_SIZE);
	put_ledger(&w, batch);
	return seal(&w, at, ret_len);
}

uint32_t
frame_batch_crc(const uint8_t *frame)
{
	struct wire w = wire_init(frame + FRAME_HEADER_SIZE, 4);

	return wire_u32(&w);
}

int
frame_encode_lost(const struct batch *batch, uint8_t *out, size_t size, size_t *ret_len)
{
	struct wireout w = wireout_init(out, size);
	struct sums sums;
	struct batch ledger = *batch;

	ledger.n_records = 0;
	int rc = sum_records(&ledger, &sums);
	if (rc < 0 || batch->first < 1 || batch->first > batch->sequence)
		return NM_EFORMAT;
	size_t at = frame_begin(&w, FRAME_LOST);
	wireout_u32(&w, 0);
	wireout_u64(&w, batch->epoch);
	wireout_u64(&w, batch->first);
	wireout_u64(&w, batch->sequence);
	wireout_u32(&w, batch->previous);
	wireout_u32(&w, batch->crc);
	wireout_u64(&w, batch->lost);
	put_ledger(&w, batch);
	return seal(&w, at, ret_len);
}

/* --- decoding ---------------------------------------------------------------------------------------------------- */

static void
get_record(struct wire *w, size_t skip, struct record *ret)
{
	static const struct addr v4_prefix = { .b = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } };

	memset(ret, 0, sizeof(*ret));
	if (skip)
		ret->saddr = ret->daddr = v4_prefix;
	wire_copy(w, ret->saddr.b + skip, sizeof(ret->saddr.b) - skip);
	wire_copy(w, ret->daddr.b + skip, sizeof(ret->daddr.b) - skip);
	ret->sport = wire_u16(w);
	ret->dport = wire_u16(w);
	ret->octets = wire_u32(w);
	ret->packets = wire_u16(w);
	uint16_t protocol = wire_u16(w);
	ret->protocol = (uint8_t)protocol;
	if (protocol > 255)
		w->failed = true;
	ret->application = wire_u16(w);
	ret->start_frac = wire_u8(w);
	ret->end_frac = wire_u8(w);
	ret->started = wire_u32(w);
	ret->expires = wire_u32(w);
}

static int
get_records(struct wire *w, size_t record_size, size_t skip, struct batch *b)
{
	uint16_t link = wire_u16(w);

	wire_skip(w, 2);
	size_t n = wire_left(w) / record_size;
	if (!wire_ok(w) || wire_left(w) % record_size != 0 || link >= FRAME_LINKS_MAX)
		return NM_EFORMAT;
	if (n > BATCH_RECORDS_MAX - b->n_records)
		return NM_ELIMIT;
	for (size_t i = 0; i < n; i++) {
		struct record *r = &b->records[b->n_records++];
		get_record(w, skip, r);
		r->link = link;
		b->packets += r->packets;
		b->octets += r->octets;
	}
	return wire_ok(w) ? NM_OK : NM_EFORMAT;
}

static int
get_records4(struct wire *w, struct batch *b)
{
	return get_records(w, RECORD4_SIZE, SKIP4, b);
}

static int
get_records6(struct wire *w, struct batch *b)
{
	return get_records(w, RECORD6_SIZE, 0, b);
}

static int
get_vlans(struct wire *w, struct batch *b)
{
	if (wire_left(w) % VLAN_SIZE != 0)
		return NM_EFORMAT;
	while (wire_left(w) > 0) {
		uint32_t record = wire_u32(w);
		uint16_t vlan = wire_u16(w);

		if (record >= b->n_records || vlan == VLAN_NONE || vlan > VLAN_ID_MAX)
			return NM_EFORMAT;
		b->records[record].vlan = vlan;
	}
	return NM_OK;
}

static int
get_tunnels(struct wire *w, struct batch *b)
{
	if (wire_left(w) % TUNNEL_SIZE != 0)
		return NM_EFORMAT;
	while (wire_left(w) > 0) {
		uint32_t record = wire_u32(w);
		uint32_t tunnel = wire_u32(w);

		/* an encapsulation that this version does not know is one nevertheless */
		if (record >= b->n_records || tunnel == 0)
			return NM_EFORMAT;
		b->records[record].tunnel = tunnel;
	}
	return NM_OK;
}

static int
get_sampling(struct wire *w, struct batch *b)
{
	if (wire_left(w) % SAMPLING_SIZE != 0)
		return NM_EFORMAT;
	while (wire_left(w) > 0) {
		uint32_t record = wire_u32(w);
		uint16_t sampling = wire_u16(w);

		if (record >= b->n_records || sampling < 2)
			return NM_EFORMAT;
		b->records[record].sampling = sampling;
	}
	return NM_OK;
}

static int
get_ledger(struct wire *w, struct batch *b)
{
	if (wire_left(w) % LEDGER_ROW_SIZE != 0)
		return NM_EFORMAT;
	if (wire_left(w) / LEDGER_ROW_SIZE > BATCH_LEDGER_MAX - b->n_ledger)
		return NM_ELIMIT;
	while (wire_left(w) > 0) {
		struct ledger_delta *d = &b->ledger[b->n_ledger++];

		d->minute = wire_u32(w);
		d->link = wire_u16(w);
		d->cause = wire_u16(w);
		d->packets = wire_u64(w);
		d->octets = wire_u64(w);
		if (d->link >= FRAME_LINKS_MAX || (d->packets | d->octets) > COUNT_MAX)
			return NM_EFORMAT;
	}
	return NM_OK;
}

/* Sections by type and by the pass that reads them: annotations refer to records, which may stand behind them. */
static const struct {
	enum frame_type type;
	int pass;
	int (*get)(struct wire *w, struct batch *b);
} sections[] = {
	{ FRAME_RECORDS4, 0, get_records4 }, { FRAME_RECORDS6, 0, get_records6 },
	{ FRAME_LEDGER, 0, get_ledger },     { FRAME_VLANS, 1, get_vlans },
	{ FRAME_TUNNELS, 1, get_tunnels },   { FRAME_SAMPLING, 1, get_sampling },
};

static int
get_section(uint8_t type, int pass, struct wire w, struct batch *b)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (sections[i].type == type && sections[i].pass == pass)
			return sections[i].get(&w, b);
	return NM_OK; /* not of this pass, or of a later version: skipped by its length */
}

/* `w` is a copy: each pass reads all sections from the first. */
static int
get_sections(struct wire w, int pass, struct batch *b)
{
	while (wire_left(&w) > 0) {
		struct frame_header header;
		const uint8_t *head = wire_take(&w, FRAME_HEADER_SIZE);

		if (!head || frame_decode_header(head, &header) < 0)
			return NM_EFORMAT;
		const uint8_t *bytes = wire_take(&w, header.length);
		if (!bytes)
			return NM_EFORMAT;
		int rc = get_section(header.type, pass, wire_init(bytes, header.length), b);
		if (rc < 0)
			return rc;
	}
	return NM_OK;
}

/* A frame that begins with the CRC of all behind it: the cursor stands behind the CRC, which *ret_crc gets. */
static int
check_crc(const uint8_t *bytes, size_t len, size_t head, struct wire *ret_w, uint32_t *ret_crc)
{
	*ret_w = wire_init(bytes, len);
	*ret_crc = wire_u32(ret_w);
	if (len < head || len > FRAME_MAX)
		return NM_EFORMAT;
	return crc32c(bytes + 4, len - 4) != *ret_crc && !PLANTED("crc-skipped") ? NM_EFORMAT
	                                                                         : NM_OK;
}

int
frame_decode_batch(const uint8_t *bytes, size_t len, struct batch *ret)
{
	struct wire w;
	int rc = check_crc(bytes, len, BATCH_HEAD, &w, &ret->crc);

	if (rc < 0)
		return rc;
	ret->epoch = wire_u64(&w);
	ret->first = ret->sequence = wire_u64(&w);
	ret->previous = wire_u32(&w);
	uint32_t n_records = wire_u32(&w);
	uint64_t packets = wire_u64(&w);
	uint64_t octets = wire_u64(&w);
	ret->packets = ret->octets = ret->lost = 0;
	ret->n_records = ret->n_ledger = 0;
	rc = get_sections(w, 0, ret);
	if (rc == NM_OK)
		rc = get_sections(w, 1, ret);
	if (rc < 0)
		return rc;
	if (ret->sequence < 1 || ret->sequence >= INT64_MAX)
		return NM_EFORMAT; /* stores keep sequences in 63 bits */
	if (ret->n_records != n_records || ret->packets != packets || ret->octets != octets)
		return NM_EFORMAT;
	return NM_OK;
}

int
frame_decode_lost(const uint8_t *bytes, size_t len, struct batch *ret)
{
	struct wire w;
	uint32_t crc;
	int rc = check_crc(bytes, len, LOST_HEAD, &w, &crc);

	if (rc < 0)
		return rc;
	ret->epoch = wire_u64(&w);
	ret->first = wire_u64(&w);
	ret->sequence = wire_u64(&w);
	ret->previous = wire_u32(&w);
	ret->crc = wire_u32(&w);
	ret->lost = wire_u64(&w);
	ret->packets = ret->octets = 0;
	ret->n_records = ret->n_ledger = 0;
	if (ret->first < 1 || ret->first > ret->sequence || ret->sequence >= INT64_MAX)
		return NM_EFORMAT; /* stores keep sequences in 63 bits */
	/* whoever adds these up must not come around */
	if (ret->lost > COUNT_MAX || ret->sequence - ret->first > COUNT_MAX)
		return NM_EFORMAT;
	rc = get_sections(w, 0, ret);
	return rc == NM_OK && ret->n_records > 0 ? NM_EFORMAT : rc;
}
