/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers as people read them. */
#include "web/format.h"

#include <stdio.h>

/* Three digits and a prefix, rounded to the nearest; the rounding may carry into the next prefix (999.6 -> 1.00 k). */
static const char *
format_si(double value, const char *unit, char *buf, size_t size)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T", "P", "E" };
	size_t i = 0;

	while (value >= 999.5 && i + 1 < sizeof(prefixes) / sizeof(prefixes[0])) {
		value /= 1000;
		i++;
	}
	int digits = value >= 99.95 || (i == 0 && value >= 9.995) ? 0 : value >= 9.995 ? 1 : 2;
	if (i == 0)
		digits = 0;
	(void)snprintf(buf, size, "%.*f %s%s", digits, value, prefixes[i], unit);
	return buf;
}

const char *
format_rate(uint64_t octets, unsigned period_s, char *buf, size_t size)
{
	return format_si(period_s ? (double)octets * 8 / period_s : 0, "bit/s", buf, size);
}

const char *
format_volume(uint64_t octets, char *buf, size_t size)
{
	return format_si((double)octets, "B", buf, size);
}

const char *
format_share(uint64_t part, uint64_t whole, char *buf, size_t size)
{
	if (whole)
		(void)snprintf(buf, size, "%.1f %%", 100.0 * (double)part / (double)whole);
	else
		(void)snprintf(buf, size, "–");
	return buf;
}

const char *
format_coverage(uint64_t part, uint64_t whole, char *buf, size_t size)
{
	double hundredths = whole ? 10000.0 * ((double)part / (double)whole) : 0;
	unsigned n = hundredths >= 10000 ? 10000 : (unsigned)hundredths;

	if (whole && part < whole && n == 10000)
		n = 9999;
	(void)snprintf(buf, size, "%u.%02u %%", n / 100, n % 100);
	return buf;
}

const char *
format_age(uint64_t seconds, char *buf, size_t size)
{
	unsigned long long s = seconds;

	if (s < 120)
		(void)snprintf(buf, size, "%llu s", s);
	else if (s < 7200)
		(void)snprintf(buf, size, "%llu min", s / 60);
	else if (s < 2 * 86400)
		(void)snprintf(buf, size, "%llu h", s / 3600);
	else
		(void)snprintf(buf, size, "%llu days", s / 86400);
	return buf;
}
