/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The export protocol: control frames. Batches are in frame_batch.c. */
#include "lib/frame.h"

#include "lib/err.h"
#include "lib/frame_io.h"

int
frame_end(struct wireout *w, size_t at, size_t *ret_len)
{
	if (!wireout_ok(w) || w->len - at - FRAME_HEADER_SIZE > FRAME_MAX)
		return NM_ELIMIT;
	wireout_patch_u32(w, at + 4, (uint32_t)(w->len - at - FRAME_HEADER_SIZE));
	if (ret_len)
		*ret_len = w->len;
	return NM_OK;
}

size_t
frame_begin(struct wireout *w, enum frame_type type)
{
	size_t at = w->len;

	wireout_u8(w, (uint8_t)type);
	wireout_u8(w, 0);
	wireout_u16(w, 0);
	wireout_u32(w, 0);
	return at;
}

/* Names and words: only what is safe on a terminal, in a log and in SQL text goes over the wire. */
static bool
printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

/* NM_EFORMAT unless `min` <= length <= `max` and all of it is printable. */
static int
put_string(struct wireout *w, const char *text, size_t min, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len < min || len > max || !printable(text, len))
		return NM_EFORMAT;
	wireout_u8(w, (uint8_t)len);
	wireout_bytes(w, text, len);
	return NM_OK;
}

/* Reads a string of `min`..`max` octets into `ret_text` of max + 1. A cut string shows in the cursor. */
static int
get_string(struct wire *w, size_t min, size_t max, char *ret_text)
{
	size_t len = wire_u8(w);
	const uint8_t *bytes = wire_take(w, len);

	if (!bytes || len < min || !printable((const char *)bytes, len))
		return NM_EFORMAT;
	if (len > max)
		return NM_ELIMIT;
	memcpy(ret_text, bytes, len);
	ret_text[len] = '\0';
	return NM_OK;
}

/* The whole of a frame was read, and nothing is behind it. */
static int
at_end(const struct wire *w)
{
	return wire_ok(w) && wire_left(w) == 0 ? NM_OK : NM_EFORMAT;
}

int
frame_encode_hello(const struct frame_hello *hello, uint8_t *out, size_t size, size_t *ret_len)
{
	struct wireout w = wireout_init(out, size);
	size_t at = frame_begin(&w, FRAME_HELLO);

	if (hello->n_links < 1 || hello->n_links > FRAME_LINKS_MAX)
		return NM_EFORMAT;
	wireout_u32(&w, FRAME_MAGIC);
	wireout_u16(&w, hello->version);
	wireout_u16(&w, hello->features);
	wireout_u64(&w, hello->epoch);
	wireout_u64(&w, hello->first);
	wireout_u64(&w, hello->next);
	wireout_u32(&w, hello->base);
	wireout_u32(&w, hello->labels);
	int rc = put_string(&w, hello->probe, 1, FRAME_NAME_MAX);
	wireout_u16(&w, hello->n_links);
	for (size_t i = 0; i < hello->n_links && rc == NM_OK; i++)
		rc = put_string(&w, hello->links[i], 1, LINK_NAME_MAX - 1);
	return rc < 0 ? rc : frame_end(&w, at, ret_len);
}

int
frame_encode_hello_ack(const struct frame_hello_ack *ack, uint8_t *out, size_t size,
                       size_t *ret_len)
{
	struct wireout w = wireout_init(out, size);
	size_t at = frame_begin(&w, FRAME_HELLO_ACK);

	wireout_u16(&w, ack->version);
	wireout_u16(&w, ack->status);
	wireout_u64(&w, ack->committed);
	wireout_u32(&w, ack->crc);
	int rc = put_string(&w, ack->text, 0, sizeof(ack->text) - 1);
	return rc < 0 ? rc : frame_end(&w, at, ret_len);
}

int
frame_encode_apps(const struct application *apps, size_t n, uint8_t *out, size_t size,
                  size_t *ret_len)
{
	struct wireout w = wireout_init(out, size);
	size_t at = frame_begin(&w, FRAME_APPS);
	int rc = n > FRAME_APPS_MAX ? NM_EFORMAT : NM_OK;

	wireout_u16(&w, (uint16_t)n);
	for (size_t i = 0; i < n && rc == NM_OK; i++) {
		wireout_u16(&w, apps[i].id);
		wireout_u32(&w, apps[i].colour);
		wireout_u32(&w, apps[i].colour_dark);
		rc = put_string(&w, apps[i].name, 1, APP_NAME_MAX - 1);
		if (rc == NM_OK)
			rc = put_string(&w, apps[i].category, 0, APP_CATEGORY_MAX - 1);
	}
	return rc < 0 ? rc : frame_end(&w, at, ret_len);
}

int
frame_encode_ack(const struct frame_ack *ack, uint8_t *out, size_t size, size_t *ret_len)
{
	struct wireout w = wireout_init(out, size);
	size_t at = frame_begin(&w, FRAME_ACK);

	wireout_u64(&w, ack->epoch);
	wireout_u64(&w, ack->sequence);
	return frame_end(&w, at, ret_len);
}

int
frame_encode_labels(uint32_t labels, uint8_t *out, size_t size, size_t *ret_len)
{
	struct wireout w = wireout_init(out, size);
	size_t at = frame_begin(&w, FRAME_LABELS);

	wireout_u32(&w, labels);
	return frame_end(&w, at, ret_len);
}

int
frame_encode_heartbeat(uint8_t *out, size_t size, size_t *ret_len)
{
	struct wireout w = wireout_init(out, size);

	return frame_end(&w, frame_begin(&w, FRAME_HEARTBEAT), ret_len);
}

int
frame_decode_header(const uint8_t bytes[FRAME_HEADER_SIZE], struct frame_header *ret)
{
	struct wire w = wire_init(bytes, FRAME_HEADER_SIZE);

	ret->type = wire_u8(&w);
	wire_skip(&w, 3);
	ret->length = wire_u32(&w);
	return ret->length > FRAME_MAX ? NM_ELIMIT : NM_OK;
}

/* The part in front of the names, whose layout every version keeps up to `version`. */
static int
get_hello_numbers(struct wire *w, struct frame_hello *ret)
{
	if (wire_u32(w) != FRAME_MAGIC)
		return NM_EFORMAT;
	ret->version = wire_u16(w);
	if (wire_ok(w) && ret->version != FRAME_VERSION)
		return NM_EVERSION;
	ret->features = wire_u16(w);
	ret->epoch = wire_u64(w);
	ret->first = wire_u64(w);
	ret->next = wire_u64(w);
	ret->base = wire_u32(w);
	ret->labels = wire_u32(w);
	if (!wire_ok(w) || ret->first < 1 || ret->first > ret->next || ret->next > INT64_MAX)
		return NM_EFORMAT; /* stores keep sequences in 63 bits */
	return NM_OK;
}

int
frame_decode_hello(const uint8_t *bytes, size_t len, struct frame_hello *ret)
{
	struct wire w = wire_init(bytes, len);
	int rc = get_hello_numbers(&w, ret);

	if (rc == NM_OK)
		rc = get_string(&w, 1, FRAME_NAME_MAX, ret->probe);
	if (rc < 0)
		return rc;
	ret->n_links = wire_u16(&w);
	if (ret->n_links > FRAME_LINKS_MAX)
		return NM_ELIMIT;
	if (ret->n_links == 0)
		return NM_EFORMAT;
	for (size_t i = 0; i < ret->n_links && rc == NM_OK; i++)
		rc = get_string(&w, 1, LINK_NAME_MAX - 1, ret->links[i]);
	return rc < 0 ? rc : at_end(&w);
}

int
frame_decode_hello_ack(const uint8_t *bytes, size_t len, struct frame_hello_ack *ret)
{
	struct wire w = wire_init(bytes, len);

	ret->version = wire_u16(&w);
	ret->status = wire_u16(&w);
	ret->committed = wire_u64(&w);
	ret->crc = wire_u32(&w);
	int rc = get_string(&w, 0, sizeof(ret->text) - 1, ret->text);
	return rc < 0 ? rc : at_end(&w);
}

static int
get_app(struct wire *w, struct application *ret)
{
	ret->id = wire_u16(w);
	ret->colour = wire_u32(w);
	ret->colour_dark = wire_u32(w);
	if (ret->colour > 0xffffffu || ret->colour_dark > 0xffffffu)
		return NM_EFORMAT;
	int rc = get_string(w, 1, APP_NAME_MAX - 1, ret->name);
	return rc < 0 ? rc : get_string(w, 0, APP_CATEGORY_MAX - 1, ret->category);
}

int
frame_decode_apps(const uint8_t *bytes, size_t len, struct application *ret_apps, size_t max,
                  size_t *ret_n)
{
	struct wire w = wire_init(bytes, len);
	size_t n = wire_u16(&w);

	if (n > max || n > FRAME_APPS_MAX)
		return NM_ELIMIT;
	for (size_t i = 0; i < n; i++) {
		int rc = get_app(&w, &ret_apps[i]);
		if (rc < 0)
			return rc;
	}
	*ret_n = n;
	return at_end(&w);
}

int
frame_decode_labels(const uint8_t *bytes, size_t len, uint32_t *ret_labels)
{
	struct wire w = wire_init(bytes, len);

	*ret_labels = wire_u32(&w);
	return at_end(&w);
}

int
frame_decode_ack(const uint8_t *bytes, size_t len, struct frame_ack *ret)
{
	struct wire w = wire_init(bytes, len);

	ret->epoch = wire_u64(&w);
	ret->sequence = wire_u64(&w);
	return at_end(&w);
}
