/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notices a module that crashes or loops. */
#include "probe/modguard.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/modbad.h"
#include "probe/options.h"
#include "probe/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS     250
#define LOOKS_LOOP  (MODGUARD_LOOP_MS / LOOK_MS)
#define LOOKS_HANG  (MODGUARD_HANG_MS / LOOK_MS)
#define LOOKS_LOAD  (6 * LOOKS_HANG) /* a disk may be slow */
#define LOOP_CPU_NS 1000000000U      /* that a loop of MODGUARD_LOOP_MS has computed at least */
#define STACK_SIZE  (64u << 10)      /* of the handler: its lines, and all registers */
#define THREADS_MAX (OPTIONS_WORKERS_MAX + 1)
#define TEXT_MAX    512
#define NS_PER_MS   1000000

_Thread_local struct modguard_here modguard_here;
static _Thread_local void *stack; /* of this thread's handler */

/* One thread, as the one that looks after loops sees it. */
struct watched {
	struct modguard_here *here; /* NULL: nobody */
	clockid_t cpu;              /* its clock of computing */
	uint64_t calls;             /* what was seen in the last look */
	uint64_t cpu_ns;            /* and when this call was seen first */
	unsigned looks;             /* that saw this call so far */
};

static struct {
	struct modguard_config config;
	int list; /* open to append to, or -1 */
	struct modbad *bad;
	pthread_mutex_t lock; /* of the following */
	struct watched threads[THREADS_MAX];
	pthread_cond_t changed;
	bool ends;
	bool runs;
	pthread_t looker;
	_Atomic bool told; /* somebody ends the process already */
} guard = { .list = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct {
	int number;
	const char *deed;
} signals[] = {
	{ SIGSEGV, "crashed (SIGSEGV)" }, { SIGBUS, "crashed (SIGBUS)" },
	{ SIGFPE, "crashed (SIGFPE)" },   { SIGILL, "crashed (SIGILL)" },
	{ SIGABRT, "crashed (SIGABRT)" },
};
#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* --- telling, in a signal handler -------------------------------------------------------------------------------- */

struct line {
	char text[TEXT_MAX];
	size_t len;
};

static void
add(struct line *l, const char *text)
{
	while (*text && l->len < sizeof(l->text) - 1)
		l->text[l->len++] = *text++;
}

static void
add_where(struct line *l, uint32_t link)
{
	if (link == MODGUARD_LOAD || link == MODGUARD_UNLOAD) {
		add(l, link == MODGUARD_LOAD ? " while it was loaded" : " while it was unloaded");
		return;
	}
	add(l, " on a packet of link ");
	add(l, link < guard.config.n_links ? guard.config.links[link] : "?");
}

static void
put(int fd, const char *text, size_t len)
{
	/* there is nobody left to be told of a failure */
	if (write(fd, text, len) < 0)
		return;
}

/* Names the module, and puts it on the list. */
static void
tell(const struct modguard_name *module, uint32_t link, const char *deed)
{
	struct modbad_row row = { .digest = module->digest };
	struct line line = { .len = 0 };
	char text[MODBAD_LINE_MAX];
	struct timespec now = { 0 };

	add(&line, "netmonc: module ");
	add(&line, module->name);
	add(&line, " ");
	add(&line, deed);
	add_where(&line, link);
	add(&line, guard.list >= 0 ? "; it will be left out" : "");
	add(&line, "\n");
	put(STDERR_FILENO, line.text, line.len);
	if (guard.list < 0)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	row.when_s = (uint64_t)now.tv_sec;
	memcpy(row.name, module->name, sizeof(row.name));
	for (size_t i = 0; deed[i] && i + 1 < sizeof(row.deed); i++)
		row.deed[i] = deed[i];
	put(guard.list, text, modbad_line(&row, text));
}

/* Whether this thread is the first to end the process. Another one waits, so that the first can say all it has to. */
static bool
is_first(void)
{
	const struct timespec wait = { .tv_nsec = 200L * NS_PER_MS };

	if (!atomic_exchange(&guard.told, true))
		return true;
	for (unsigned i = 0; i < 10; i++)
		(void)nanosleep(&wait, NULL);
	return false;
}

/* A signal that another process sent says nothing of what this thread does. */
static bool
is_own(const siginfo_t *info)
{
	return info->si_code > 0 || info->si_pid == getpid();
}

static void
on_crash(int number, siginfo_t *info, void *context)
{
	const struct modguard_name *module =
	    atomic_load_explicit(&modguard_here.module, memory_order_relaxed);
	const struct sigaction as_ever = { .sa_handler = SIG_DFL };

	(void)context;
	if (module && is_own(info) && is_first())
		for (size_t i = 0; i < N_SIGNALS; i++)
			if (signals[i].number == number)
				tell(module, atomic_load(&modguard_here.link), signals[i].deed);
	(void)sigaction(number, &as_ever, NULL);
	/* comes when this handler returns */
	(void)raise(number);
}

/* --- looking after loops ----------------------------------------------------------------------------------------- */

static uint64_t
cpu_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* Whether a thread has been in the same call for too long. Looks are counted, not time: a process that was stopped, or a machine
 * that slept, is looked at once. */
static bool
loops(struct watched *w)
{
	uint64_t calls = atomic_load_explicit(&w->here->calls, memory_order_relaxed);

	if (!atomic_load_explicit(&w->here->module, memory_order_acquire) || calls != w->calls) {
		w->calls = calls;
		w->looks = 0;
		return false;
	}
	if (w->looks++ == 0)
		w->cpu_ns = cpu_ns(w->cpu);
	uint32_t link = atomic_load_explicit(&w->here->link, memory_order_relaxed);
	return w->looks > (link >= MODGUARD_UNLOAD ? LOOKS_LOAD : LOOKS_HANG) ||
	       (w->looks > LOOKS_LOOP && cpu_ns(w->cpu) - w->cpu_ns >= LOOP_CPU_NS);
}

static void
end_for(const struct watched *w)
{
	const struct modguard_name *module =
	    atomic_load_explicit(&w->here->module, memory_order_acquire);
	const struct sigaction as_ever = { .sa_handler = SIG_DFL };

	/* it came back at the last moment */
	if (!module || !is_first())
		return;
	tell(module, atomic_load(&w->here->link), "looped");
	(void)sigaction(SIGABRT, &as_ever, NULL);
	abort();
}

static void *
look(void *arg)
{
	struct timespec next;

	(void)arg;
	(void)pthread_mutex_lock(&guard.lock);
	while (!guard.ends) {
		(void)clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_nsec += (long)LOOK_MS * NS_PER_MS;
		next.tv_sec += next.tv_nsec / 1000000000L;
		next.tv_nsec %= 1000000000L;
		(void)pthread_cond_timedwait(&guard.changed, &guard.lock, &next);
		for (size_t i = 0; i < THREADS_MAX; i++)
			if (guard.threads[i].here && loops(&guard.threads[i]))
				end_for(&guard.threads[i]);
	}
	(void)pthread_mutex_unlock(&guard.lock);
	return NULL;
}

static void
start_looking(void)
{
	pthread_condattr_t attributes;
	sigset_t all, old;

	guard.ends = false;
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&guard.changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	/* signals are for the main thread */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&guard.looker, NULL, look, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	guard.runs = rc == 0;
	if (rc != 0)
		log_warn("modules: nobody looks after loops: %s", strerror(rc));
}

/* --- threads ----------------------------------------------------------------------------------------------------- */

static void
watch(struct modguard_here *here)
{
	clockid_t cpu;

	if (pthread_getcpuclockid(pthread_self(), &cpu) != 0)
		return;
	(void)pthread_mutex_lock(&guard.lock);
	for (size_t i = 0; i < THREADS_MAX; i++)
		if (!guard.threads[i].here) {
			guard.threads[i] = (struct watched){ .here = here, .cpu = cpu };
			break;
		}
	(void)pthread_mutex_unlock(&guard.lock);
}

static void
unwatch(const struct modguard_here *here)
{
	(void)pthread_mutex_lock(&guard.lock);
	for (size_t i = 0; i < THREADS_MAX; i++)
		if (guard.threads[i].here == here)
			guard.threads[i].here = NULL;
	(void)pthread_mutex_unlock(&guard.lock);
}

/* A fault whose signal is blocked ends the process without a word. */
static void
unblock(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < N_SIGNALS; i++)
		(void)sigaddset(&set, signals[i].number);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int
modguard_enter_thread(void)
{
	unblock();
	watch(&modguard_here);
	if (SANDBOX_SANITIZED)
		return NM_OK;
	void *memory =
	    mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const stack_t mine = { .ss_sp = memory, .ss_size = STACK_SIZE };
	if (memory == MAP_FAILED || sigaltstack(&mine, NULL) < 0) {
		log_warn("modules: a stack that overflows will not be named: %s", strerror(errno));
		if (memory != MAP_FAILED)
			(void)munmap(memory, STACK_SIZE);
		return -ENOMEM;
	}
	stack = memory;
	return NM_OK;
}

void
modguard_leave_thread(void)
{
	const stack_t none = { .ss_flags = SS_DISABLE };

	unwatch(&modguard_here);
	if (!stack)
		return;
	(void)sigaltstack(&none, NULL);
	(void)munmap(stack, STACK_SIZE);
	stack = NULL;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

static void
take_signals(void)
{
	struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (SANDBOX_SANITIZED)
		return;
	(void)sigfillset(&action.sa_mask);
	for (size_t i = 0; i < N_SIGNALS; i++)
		(void)sigaction(signals[i].number, &action, NULL);
}

static void
give_signals_back(void)
{
	const struct sigaction as_ever = { .sa_handler = SIG_DFL };

	if (SANDBOX_SANITIZED)
		return;
	for (size_t i = 0; i < N_SIGNALS; i++)
		(void)sigaction(signals[i].number, &as_ever, NULL);
}

/* The line that is appended begins a line, whatever stands before it. */
static void
end_torn_line(int fd)
{
	char last;
	off_t size = lseek(fd, 0, SEEK_END);

	if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n')
		put(fd, "\n", 1);
}

static void
open_list(void)
{
	if (guard.config.folder < 0 || guard.config.read_only)
		return;
	guard.list =
	    openat(guard.config.folder, MODBAD_NAME,
	           O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (guard.list < 0)
		log_warn("%s/%s: %s: a module that fails will not be left out",
		         guard.config.state_dir, MODBAD_NAME, strerror(errno));
	else
		end_torn_line(guard.list);
}

void
modguard_begin(const struct modguard_config *config)
{
	guard.config = *config;
	atomic_store(&guard.told, false);
	open_list();
	modguard_read_list();
	(void)modguard_enter_thread();
	take_signals();
	start_looking();
}

void
modguard_end(void)
{
	if (guard.runs) {
		(void)pthread_mutex_lock(&guard.lock);
		guard.ends = true;
		(void)pthread_cond_signal(&guard.changed);
		(void)pthread_mutex_unlock(&guard.lock);
		(void)pthread_join(guard.looker, NULL);
		(void)pthread_cond_destroy(&guard.changed);
		guard.runs = false;
	}
	give_signals_back();
	modguard_leave_thread();
	modbad_free(guard.bad);
	guard.bad = NULL;
	if (guard.list >= 0)
		(void)close(guard.list);
	guard.list = -1;
	guard.config = (struct modguard_config){ .folder = -1 };
}

/* --- the list ---------------------------------------------------------------------------------------------------- */

void
modguard_read_list(void)
{
	struct modbad *bad;

	if (!guard.config.state_dir || guard.config.folder < 0)
		return;
	int rc = modbad_read(guard.config.folder, &bad);
	if (rc < 0) {
		log_warn("%s/%s: %s: no module is left out because of it", guard.config.state_dir,
		         MODBAD_NAME, nm_strerror(rc));
		return;
	}
	modbad_free(guard.bad);
	guard.bad = bad;
}

bool
modguard_leaves_out(const struct modguard_name *name)
{
	const struct modbad_row *row = modbad_find(guard.bad, name->name, name->digest);
	char when[32] = "?";
	struct tm tm;

	if (!row)
		return false;
	time_t when_s = (time_t)row->when_s;
	if (gmtime_r(&when_s, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	log_warn("module %s left out: on %s it %s: replace it, or delete its lines in %s/%s",
	         name->name, when, row->deed, guard.config.state_dir, MODBAD_NAME);
	return true;
}
