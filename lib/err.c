/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for error codes. */
#include "lib/err.h"

#include <stddef.h>
#include <string.h>

static const struct {
	int code;
	const char *text;
} texts[] = {
	{ NM_OK, "success" },
	{ NM_EFORMAT, "malformed" },
	{ NM_EVERSION, "unsupported version" },
	{ NM_ELIMIT, "limit reached" },
	{ NM_ENOTFOUND, "not found" },
	{ NM_EEXISTS, "exists already" },
	{ NM_ESTORE, "store error" },
	{ NM_EORDER, "out of order" },
	{ NM_EFENCED, "another probe has gone on with this numbering" },
};

const char *
nm_strerror(int code)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].code == code)
			return texts[i].text;
	/* strerrordesc_np() is thread-safe, unlike strerror() */
	const char *text = strerrordesc_np(-code);
	return text ? text : "unknown error";
}
