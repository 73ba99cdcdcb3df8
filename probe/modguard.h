/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Notices a module that crashes or loops, names it, writes it into the list of modules that failed (modbad.h), and lets the process
 * end as it would have. Whoever starts it again gets a probe without that module.
 *
 * Life cycle: modguard_begin() in the main thread before the first module is opened, modguard_enter_thread() first and
 * modguard_leave_thread() last in each other thread that calls modules, modguard_ask() and modguard_asked() around each call,
 * modguard_end() when all modules are closed.
 *
 * A crash is told by a handler of SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT on a stack of its own, a loop by a thread that looks
 * at the others four times a second. A signal says nothing of who it is for, so what the handler needs is in variables of the
 * process, and of each thread. Builds with sanitizers keep the sanitizers' handlers: only loops are noticed there.
 */
#ifndef NETMON_PROBE_MODGUARD_H
#define NETMON_PROBE_MODGUARD_H

#include "probe/modhost.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A call that takes so long and computes meanwhile loops, and so does one that takes so long whatever it waits for; to be loaded,
 * from a disk that may be slow, a module may take six times as long. */
#define MODGUARD_LOOP_MS 2000
#define MODGUARD_HANG_MS 10000
/* In place of a link: what the module is asked to do. */
#define MODGUARD_LOAD   UINT32_MAX
#define MODGUARD_UNLOAD (UINT32_MAX - 1)

/* A module, as it is named when it fails. */
struct modguard_name {
	char name[MODHOST_NAME_MAX];
	uint64_t digest; /* of its file */
};

/* What a thread does just now. */
struct modguard_here {
	_Atomic(const struct modguard_name *) module; /* that is asked, or NULL */
	_Atomic uint32_t link;                        /* of the packet, or MODGUARD_LOAD, _UNLOAD */
	_Atomic uint64_t calls;                       /* so far */
};

extern _Thread_local struct modguard_here modguard_here;

/* Around each call into a module: a few stores to the thread's own memory. `name` must live as long as the call. */
static inline void
modguard_ask(const struct modguard_name *name, uint32_t link)
{
	uint64_t calls = atomic_load_explicit(&modguard_here.calls, memory_order_relaxed);

	atomic_store_explicit(&modguard_here.calls, calls + 1, memory_order_relaxed);
	atomic_store_explicit(&modguard_here.link, link, memory_order_relaxed);
	atomic_store_explicit(&modguard_here.module, name, memory_order_release);
}

static inline void
modguard_asked(void)
{
	atomic_store_explicit(&modguard_here.module, NULL, memory_order_release);
}

struct modguard_config {
	const char *const *links; /* their names, as long as modules are asked */
	size_t n_links;
	const char *state_dir; /* for words; NULL: nothing is kept */
	int folder;            /* it, open; -1 for none. The caller's */
	bool read_only;        /* only reads the list there (netmonc --check) */
};

/* Takes the signals over, opens the list of modules that failed and starts the thread that looks after loops. After the sandbox.
 * What cannot be had (memory, the list) is a log line: modules are then less well guarded. */
void modguard_begin(const struct modguard_config *config);
void modguard_end(void);

/* 0 or -ENOMEM after a log line: the thread then calls modules without a guard. */
int modguard_enter_thread(void);
void modguard_leave_thread(void);

/* Reads the list of modules that failed once more, for the next modguard_leaves_out()s. Main thread. */
void modguard_read_list(void);

/* Whether the module has failed with this file before; then with a log line that says what to do. Main thread. */
bool modguard_leaves_out(const struct modguard_name *name);

#endif
