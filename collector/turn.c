/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose turn it is to write: numbers are drawn, and served one after the other. */
#include "collector/turn.h"

#include <pthread.h>
#include <stdlib.h>

struct turn {
	pthread_mutex_t lock;
	pthread_cond_t next;
	unsigned long drawn;  /* numbers */
	unsigned long served; /* of them */
};

struct turn *
turn_new(void)
{
	struct turn *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->next, NULL);
	return t;
}

void
turn_free(struct turn *t)
{
	if (!t)
		return;
	(void)pthread_cond_destroy(&t->next);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

void
turn_take(struct turn *t)
{
	if (!t)
		return;
	(void)pthread_mutex_lock(&t->lock);
	unsigned long mine = t->drawn++;
	while (t->served != mine)
		(void)pthread_cond_wait(&t->next, &t->lock);
	(void)pthread_mutex_unlock(&t->lock);
}

void
turn_give(struct turn *t)
{
	if (!t)
		return;
	(void)pthread_mutex_lock(&t->lock);
	t->served++;
	(void)pthread_cond_broadcast(&t->next);
	(void)pthread_mutex_unlock(&t->lock);
}
