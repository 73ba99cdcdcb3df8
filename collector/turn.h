/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose turn it is to write to the store, for the threads of one process: in the order in which they asked. A store's own lock
 * goes to whoever looks when it is free, and who has just had it looks first; so one that writes without a pause kept the others
 * out until their patience ended. Life cycle: turn_new(), turn_take() and turn_give() around each transaction, turn_free(). Any
 * thread.
 */
#ifndef NETMON_COLLECTOR_TURN_H
#define NETMON_COLLECTOR_TURN_H

struct turn;

/* NULL: out of memory. */
struct turn *turn_new(void);
/* When nobody uses it any more; NULL is fine. */
void turn_free(struct turn *turn);

/* Waits until those that asked before have given it back. With NULL both do nothing. */
void turn_take(struct turn *turn);
void turn_give(struct turn *turn);

#endif
