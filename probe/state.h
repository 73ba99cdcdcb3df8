/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What outlives a restart of netmonc, in a folder of its own (--state-dir): the tags. Life cycle: state_open() inside the sandbox,
 * state_load() once the modules are there, state_start(); state_learn_words() each time they were loaded anew, while no worker
 * runs; state_stop() when all flows are metered; state_close(). All in the main thread.
 *
 * Tags are saved each minute and at each reload by a thread of its own, and by state_stop(). What goes wrong with them is one log
 * line, never a failure: a probe without memory still meters.
 */
#ifndef NETMON_PROBE_STATE_H
#define NETMON_PROBE_STATE_H

#include "probe/tag_file.h"

#include <stdbool.h>

struct classifier;
struct tag_table;
struct state;

struct state_config {
	const char *folder;     /* NULL: nothing is kept; outlives the state */
	struct tag_table *tags; /* same */
	bool packet_time;       /* tags have the time of a capture file, not the clock's */
};

/* Opens the folder for this process alone. *ret_state is NULL when there is none to open. 0, or a negative code after a log line
 * that says what to do: the caller must then end. */
int state_open(const struct state_config *config, struct state **ret_state);

/* The folder's descriptor, -1 for none; the state's. */
int state_folder(const struct state *s);

/* Takes what the numbers in tags mean, from a classifier that nobody changes meanwhile. Asks for a save when it is not the first
 * time. */
void state_learn_words(struct state *s, const struct classifier *c);

/* Fills the tag table with what was saved. */
void state_load(struct state *s);

/* Starts the thread that saves. */
void state_start(struct state *s);

/* Puts what another process has saved in a folder, which may be at work, into a table of one's own. 0, or a negative code with words
 * in ret->fault; -ENOENT when nothing is there. */
int state_read(const char *folder, const struct classifier *c, struct tag_table *t,
               struct tag_file_result *ret);

/* Ends that thread and saves for the last time. */
void state_stop(struct state *s);

/* Everywhere: NULL is fine. Without state_stop() nothing is saved. */
void state_close(struct state *s);

#endif
