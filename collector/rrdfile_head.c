/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an RRD file says of itself. */
#include "collector/rrdfile_head.h"

#include "lib/err.h"
#include "netmon/wire.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* the structs of the format */
#define RRD_EXPORT_DEPRECATED 1
#include <rrd.h>

#define SOURCES_MAX 64
#define ROWS_MAX    1000000u /* in a ring, and steps in a row: far beyond any file's */
#define STEP_MAX    86400u
#define VERSION_MIN 3 /* before, the live part was another */
#define VERSION_MAX 5

static bool
is_within(uint64_t value, uint64_t min, uint64_t max)
{
	return value >= min && value <= max;
}

static bool
is_known(const stat_head_t *stat)
{
	static const char zeros[] = "000";

	return memcmp(stat->cookie, RRD_COOKIE, sizeof(RRD_COOKIE)) == 0 &&
	       memcmp(stat->version, zeros, sizeof(zeros) - 1) == 0 &&
	       is_within((uint64_t)stat->version[3], '0' + VERSION_MIN, '0' + VERSION_MAX) &&
	       stat->float_cookie == FLOAT_COOKIE && is_within(stat->ds_cnt, 1, SOURCES_MAX) &&
	       is_within(stat->rra_cnt, 1, RRD_HEAD_RRAS_MAX) &&
	       is_within(stat->pdp_step, 1, STEP_MAX);
}

static bool
read_definitions(struct wire *w, struct rrd_head *head)
{
	for (size_t i = 0; i < head->n_rras; i++) {
		rra_def_t def = { .row_cnt = 0 };

		wire_copy(w, &def, sizeof(def));
		if (!is_within(def.row_cnt, 1, ROWS_MAX) || !is_within(def.pdp_cnt, 1, ROWS_MAX))
			return false;
		head->rras[i].n_rows = def.row_cnt;
		head->rras[i].steps = def.pdp_cnt;
	}
	return true;
}

/* The pointers of the rings, which are the last of the header, and where the rings lie. False when they do not fit. */
static bool
read_pointers(struct wire *w, uint64_t file_len, struct rrd_head *head)
{
	uint64_t offset = head->rows_offset;

	for (size_t i = 0; i < head->n_rras; i++) {
		struct rrd_head_rra *rra = &head->rras[i];
		rra_ptr_t ptr = { .cur_row = 0 };

		wire_copy(w, &ptr, sizeof(ptr));
		if (ptr.cur_row >= rra->n_rows)
			return false;
		rra->cur_row = ptr.cur_row;
		rra->offset = offset;
		offset += rra->n_rows * head->row_size;
	}
	return offset <= file_len;
}

int
rrd_head_parse(const uint8_t *bytes, size_t len, uint64_t file_len, struct rrd_head *ret_head)
{
	struct wire w = wire_init(bytes, len);
	stat_head_t stat;
	live_head_t live = { .last_up = 0 };

	memset(&stat, 0, sizeof(stat));
	wire_copy(&w, &stat, sizeof(stat));
	if (!wire_ok(&w) || !is_known(&stat))
		return NM_EFORMAT;
	struct rrd_head head = { .step_s = (uint32_t)stat.pdp_step,
		                 .row_size = stat.ds_cnt * sizeof(rrd_value_t),
		                 .n_rras = stat.rra_cnt };
	wire_skip(&w, stat.ds_cnt * sizeof(ds_def_t));
	if (!read_definitions(&w, &head))
		return NM_EFORMAT;
	head.live_offset = len - wire_left(&w);
	wire_copy(&w, &live, sizeof(live));
	wire_skip(&w, stat.ds_cnt * sizeof(pdp_prep_t));
	wire_skip(&w, stat.ds_cnt * stat.rra_cnt * sizeof(cdp_prep_t));
	head.rows_offset = len - wire_left(&w) + head.n_rras * sizeof(rra_ptr_t);
	if (!wire_ok(&w) || live.last_up <= 0 || live.last_up > (time_t)UINT32_MAX)
		return NM_EFORMAT;
	head.last_s = (uint32_t)live.last_up;
	if (!read_pointers(&w, file_len, &head) || !wire_ok(&w))
		return NM_EFORMAT;
	*ret_head = head;
	return NM_OK;
}

int
rrd_head_read(int fd, uint8_t ret_bytes[RRD_HEAD_MAX], struct rrd_head *ret_head)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	ssize_t n = pread(fd, ret_bytes, RRD_HEAD_MAX, 0);
	if (n < 0)
		return -errno;
	return rrd_head_parse(ret_bytes, (size_t)n, (uint64_t)st.st_size, ret_head);
}
