/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates as people write and read them. */
#include "lib/rate.h"

#include "lib/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
	char letter; /* as it is written; '\0': none */
	const char *name;
	uint64_t factor;
} prefixes[] = {
	{ 'T', "Tbit/s", UINT64_C(1000000000000) },
	{ 'G', "Gbit/s", 1000000000 },
	{ 'M', "Mbit/s", 1000000 },
	{ 'k', "kbit/s", 1000 },
	{ '\0', "bit/s", 1 },
};

#define N_PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

/* The factor of the prefix at *text, which moves behind it; 1 when there is none. */
static uint64_t
take_prefix(const char **text)
{
	for (size_t i = 0; i + 1 < N_PREFIXES; i++) {
		if (**text != prefixes[i].letter)
			continue;
		(*text)++;
		return prefixes[i].factor;
	}
	return 1;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Decimal digits from *text, which moves behind them, appended to *number; false when it grows past RATE_MAX. */
static bool
take_digits(const char **text, uint64_t *number, uint64_t *scale)
{
	for (; is_digit(**text); (*text)++) {
		*number = *number * 10 + (uint64_t)(**text - '0');
		*scale *= 10;
		if (*number > RATE_MAX || *scale > RATE_MAX * 10)
			return false;
	}
	return true;
}

int
rate_parse(const char *text, uint64_t *ret_bps)
{
	uint64_t number = 0, scale = 1, ignored = 1;

	if (!is_digit(*text) || !take_digits(&text, &number, &ignored))
		return NM_EFORMAT;
	if (*text == '.') {
		text++;
		if (!is_digit(*text) || !take_digits(&text, &number, &scale))
			return NM_EFORMAT;
	}
	uint64_t factor = take_prefix(&text);
	if (*text && strcmp(text, "bit/s") != 0 && strcmp(text, "bps") != 0)
		return NM_EFORMAT;
	/* number * factor / scale, ten by ten; only a part of a bit leaves a rest */
	for (; scale > 1; scale /= 10) {
		if (factor >= 10)
			factor /= 10;
		else if (number % 10 == 0)
			number /= 10;
		else
			return NM_EFORMAT;
	}
	if (number > RATE_MAX / factor)
		return NM_EFORMAT;
	*ret_bps = number * factor;
	return NM_OK;
}

const char *
rate_format(uint64_t bps, char *buf, size_t size)
{
	size_t i = 0;

	while (i + 1 < N_PREFIXES && bps < prefixes[i].factor)
		i++;
	uint64_t whole = bps / prefixes[i].factor;
	unsigned milli = (unsigned)(bps % prefixes[i].factor * 1000 / prefixes[i].factor);
	if (prefixes[i].factor == 1 || whole >= 100)
		(void)snprintf(buf, size, "%llu %s", (unsigned long long)whole, prefixes[i].name);
	else if (whole >= 10)
		(void)snprintf(buf, size, "%llu.%u %s", (unsigned long long)whole, milli / 100,
		               prefixes[i].name);
	else
		(void)snprintf(buf, size, "%llu.%02u %s", (unsigned long long)whole, milli / 10,
		               prefixes[i].name);
	return buf;
}
