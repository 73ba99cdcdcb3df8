/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose turn it is to write. */
#include "collector/turn.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define WAITING 3

/* Threads that note in which order they had their turns. */
struct order {
	struct turn *turn;
	unsigned n; /* in its turn only */
	char names[WAITING + 1];
};

struct one {
	struct order *order;
	pthread_t thread;
	atomic_bool asks;
	char name;
};

static void *
take_one(void *ctx)
{
	struct one *one = ctx;

	atomic_store(&one->asks, true);
	turn_take(one->order->turn);
	one->order->names[one->order->n++] = one->name;
	turn_give(one->order->turn);
	return NULL;
}

static void
nap(void)
{
	const struct timespec t = { .tv_nsec = 50000000 };

	(void)nanosleep(&t, NULL);
}

static void
turns_come_in_the_order_in_which_they_were_asked_for(void **state)
{
	struct order order = { .turn = turn_new() };
	struct one ones[WAITING];

	(void)state;
	assert_non_null(order.turn);
	turn_take(order.turn);
	for (int i = 0; i < WAITING; i++) {
		ones[i].order = &order;
		ones[i].name = (char)('a' + i);
		atomic_init(&ones[i].asks, false);
		assert_int_equal(pthread_create(&ones[i].thread, NULL, take_one, &ones[i]), 0);
		while (!atomic_load(&ones[i].asks))
			nap();
		nap(); /* it waits now */
	}
	/* who has it and asks again comes behind those that wait */
	turn_give(order.turn);
	turn_take(order.turn);
	assert_string_equal(order.names, "abc");
	turn_give(order.turn);
	for (int i = 0; i < WAITING; i++)
		(void)pthread_join(ones[i].thread, NULL);
	turn_free(order.turn);
}

static void
without_a_turn_nobody_waits(void **state)
{
	(void)state;
	turn_take(NULL);
	turn_take(NULL);
	turn_give(NULL);
	turn_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_come_in_the_order_in_which_they_were_asked_for),
		cmocka_unit_test(without_a_turn_nobody_waits),
	};

	return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
