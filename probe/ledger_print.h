/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loss ledger for people: an aligned line for each cause of a link, and a last one that says whether it closes.
 *
 *   link eth0: seen                       1204 packets              903412 octets
 *   link eth0: metered                    1200 packets              880000 octets
 *   link eth0: not-ip                        4 packets                 240 octets
 *   link eth0: late                          2 packets                 120 octets (counted above too)
 *   link eth0: the ledger closes: seen = metered + every cause
 *
 * Causes without packets have no line, but for seen and metered. One thread.
 */
#ifndef NETMON_PROBE_LEDGER_PRINT_H
#define NETMON_PROBE_LEDGER_PRINT_H

#include "probe/meter.h"

/* Prints one link's counts since the start, LEDGER_CAUSE_MAX of them, a line a call of `print`, which is one of the
 * functions of lib/log.h. */
void ledger_print(const char *link, const struct meter_count *counts,
                  void (*print)(const char *fmt, ...));

#endif
