/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What outlives a restart. */
#include "probe/state.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/classify.h"
#include "probe/tag_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define SAVE_EACH_S 60

/* Words of one load of modules; the texts of reasons stay where they are. */
struct learned {
	struct tag_words words;
	struct application *apps;
	const char **reasons;
};

struct state {
	struct state_config config;
	int folder;
	bool told;            /* of a save that failed; one line until the next that works */
	pthread_mutex_t lock; /* of the following; never held while something is written */
	pthread_cond_t changed;
	struct learned *learned; /* NULL before the first ones, and while a save has them */
	bool knows;              /* there were some */
	bool wanted;             /* a save */
	bool ends;
	bool runs;
	pthread_t saver;
};

/* --- folder ------------------------------------------------------------------------------------------------------ */

static int
open_folder(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		int error = errno;
		log_error("state folder %s: %s", path, nm_strerror(-error));
		return -error;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int error = errno;
		if (error == EWOULDBLOCK)
			log_error("state folder %s: another netmonc uses it: give each one a "
			          "folder of its own with --state-dir",
			          path);
		else
			log_error("state folder %s: it cannot be locked: %s", path,
			          nm_strerror(-error));
		(void)close(fd);
		return -error;
	}
	*ret_fd = fd;
	return NM_OK;
}

int
state_open(const struct state_config *config, struct state **ret_state)
{
	pthread_condattr_t attributes;

	*ret_state = NULL;
	if (!config->folder)
		return NM_OK;
	struct state *s = calloc(1, sizeof(*s));
	if (!s) {
		log_error("state: %s", nm_strerror(-ENOMEM));
		return -ENOMEM;
	}
	s->config = *config;
	int rc = open_folder(config->folder, &s->folder);
	if (rc < 0) {
		free(s);
		return rc;
	}
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	*ret_state = s;
	return NM_OK;
}

int
state_folder(const struct state *s)
{
	return s ? s->folder : -1;
}

/* The wall clock, or 0 where packets bring their own time. */
static uint64_t
now_s(const struct state *s)
{
	struct timespec now = { 0 };

	if (!s->config.packet_time)
		(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

/* --- words ------------------------------------------------------------------------------------------------------- */

static void
free_learned(struct learned *l)
{
	if (!l)
		return;
	free(l->apps);
	free(l->reasons);
	free(l);
}

static struct learned *
learn(const struct classifier *c)
{
	const struct application *apps;
	size_t n_apps = classify_apps(c, &apps);
	size_t n_reasons = classify_reasons(c);
	struct learned *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->apps = calloc(n_apps, sizeof(*l->apps));
	l->reasons = calloc(n_reasons, sizeof(*l->reasons));
	if (!l->apps || !l->reasons) {
		free_learned(l);
		return NULL;
	}
	memcpy(l->apps, apps, n_apps * sizeof(*l->apps));
	for (size_t i = 0; i < n_reasons; i++)
		l->reasons[i] = classify_reason(c, (uint16_t)i);
	l->words = (struct tag_words){ l->apps, n_apps, l->reasons, n_reasons };
	return l;
}

void
state_learn_words(struct state *s, const struct classifier *c)
{
	struct learned *fresh = s ? learn(c) : NULL;

	/* without memory the old ones are still right for what they know */
	if (!fresh)
		return;
	(void)pthread_mutex_lock(&s->lock);
	struct learned *old = s->learned;
	s->learned = fresh;
	s->wanted = s->knows;
	s->knows = true;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
	free_learned(old);
}

/* --- tags -------------------------------------------------------------------------------------------------------- */

void
state_load(struct state *s)
{
	struct tag_file_result result = { .tags = 0 };

	if (!s || !s->learned)
		return;
	int rc = tag_file_load(s->folder, &s->learned->words, now_s(s), s->config.tags, &result);
	if (rc == -ENOENT)
		log_info("tags: none are saved in %s yet", s->config.folder);
	else if (rc < 0)
		log_warn("%s/%s: %s: begun without tags", s->config.folder, TAG_FILE_NAME,
		         result.fault);
	else
		log_info("tags: %zu taken from %s/%s, saved %" PRIu64 " s ago; left out: %zu too "
		         "old, %zu of no module, %zu for want of room",
		         result.tags, s->config.folder, TAG_FILE_NAME, result.age_s, result.over,
		         result.unknown, result.no_room);
}

int
state_read(const char *folder, const struct classifier *c, struct tag_table *t,
           struct tag_file_result *ret)
{
	struct learned *l = learn(c);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = !l ? -ENOMEM : fd < 0 ? -errno : NM_OK;

	if (rc < 0)
		(void)snprintf(ret->fault, sizeof(ret->fault), "%s", nm_strerror(rc));
	else
		rc = tag_file_load(fd, &l->words, (uint64_t)time(NULL), t, ret);
	if (fd >= 0)
		(void)close(fd);
	free_learned(l);
	return rc;
}

static void
write_tags(struct state *s, const struct tag_words *words)
{
	struct tag_file_result result = { .tags = 0 };
	int rc = tag_file_save(s->folder, s->config.tags, words, now_s(s), &result);

	if (rc < 0 && !s->told)
		log_warn("%s/%s: tags are not saved: %s", s->config.folder, TAG_FILE_NAME,
		         result.fault);
	if (rc == NM_OK && s->told)
		log_warn("%s/%s: tags are saved again", s->config.folder, TAG_FILE_NAME);
	s->told = rc < 0;
	if (rc == NM_OK)
		log_debug("tags: %zu saved, %zu for which the file has no room", result.tags,
		          result.no_room);
}

/* Called with the lock, which is free meanwhile: who learns words does not wait for a disk. */
static void
save(struct state *s)
{
	struct learned *mine = s->learned;

	if (!mine)
		return;
	s->learned = NULL;
	(void)pthread_mutex_unlock(&s->lock);
	write_tags(s, &mine->words);
	(void)pthread_mutex_lock(&s->lock);
	if (s->learned)
		free_learned(mine);
	else
		s->learned = mine;
}

/* Waits a minute, or until something is wanted. */
static void
wait_for_turn(struct state *s)
{
	struct timespec end;
	int rc = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += SAVE_EACH_S;
	while (!s->wanted && !s->ends && rc == 0)
		rc = pthread_cond_timedwait(&s->changed, &s->lock, &end);
	s->wanted = false;
}

static void *
save_each_minute(void *arg)
{
	struct state *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	while (!s->ends) {
		wait_for_turn(s);
		if (!s->ends)
			save(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

void
state_start(struct state *s)
{
	sigset_t all, old;

	if (!s)
		return;
	/* signals are for the main thread */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&s->saver, NULL, save_each_minute, s);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	s->runs = rc == 0;
	if (rc != 0)
		log_warn("state: tags are saved at the end only: %s", strerror(rc));
}

static void
end_saver(struct state *s)
{
	if (!s->runs)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->ends = true;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
	(void)pthread_join(s->saver, NULL);
	s->runs = false;
}

void
state_stop(struct state *s)
{
	if (!s)
		return;
	end_saver(s);
	(void)pthread_mutex_lock(&s->lock);
	save(s);
	(void)pthread_mutex_unlock(&s->lock);
}

void
state_close(struct state *s)
{
	if (!s)
		return;
	end_saver(s);
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->lock);
	(void)close(s->folder);
	free_learned(s->learned);
	free(s);
}
