/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A classifier module with faults, for tests of what becomes of it and of the probe. A UDP packet "FAULT deed" makes it do that
 * deed; the environment variable FAULTY_LOAD, or FAULTY_UNLOAD, makes it do that while it is loaded or unloaded. Packets
 * "FINE" it calls Faulty. Never installed.
 */
#define _GNU_SOURCE
#include <netmon/module.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STACK_STEP 4096

static void
touch_nothing(void)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 1;
}

/* Deeper than any stack. */
static int
recurse(volatile char *above)
{
	volatile char here[STACK_STEP];

	here[0] = *above;
	return here[0] ? 0 : recurse(here) + here[0];
}

static void
overflow(void)
{
	volatile char first = 0;

	(void)recurse(&first);
}

static void
loop(void)
{
	for (volatile unsigned i = 0;; i++)
		;
}

/* Waits for what never comes. */
static void
hang(void)
{
	for (;;)
		(void)sleep(1);
}

/* Takes long, but not too long. */
static void
take_time(void)
{
	const struct timespec wait = { .tv_sec = 1 };

	(void)nanosleep(&wait, NULL);
}

static void
divide(void)
{
	(void)raise(SIGFPE);
}

static void
run_illegal(void)
{
	__builtin_trap();
}

static void
bus(void)
{
	(void)raise(SIGBUS);
}

static const struct {
	const char *name;
	void (*act)(void);
} deeds[] = {
	{ "segv", touch_nothing }, { "overflow", overflow }, { "loop", loop },
	{ "hang", hang },          { "slow", take_time },    { "abort", abort },
	{ "fpe", divide },         { "ill", run_illegal },   { "bus", bus },
};

static void
act(const char *name)
{
	for (size_t i = 0; name && i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (strcmp(deeds[i].name, name) == 0)
			deeds[i].act();
}

static const struct nm_app apps[] = {
	{ 1998, "Faulty", "Test", 0x888888, 0xaaaaaa },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_UDP, 7, "FAULT "),
	NM_MATCH_TEXT(NM_UDP, 4, "FINE"),
};

static int
load(const struct nm_host *host, void **ret_ctx)
{
	(void)host;
	*ret_ctx = NULL;
	act(getenv("FAULTY_LOAD"));
	return 0;
}

static void
unload(void *ctx)
{
	(void)ctx;
	act(getenv("FAULTY_UNLOAD"));
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	char name[32];

	(void)ctx;
	(void)call;
	if (memcmp(pkt->payload, "FINE", 4) == 0) {
		*verdict = (struct nm_verdict){ 1998, NM_CONF_SIGNATURE, NM_EV_SIGNATURE, 0 };
		return NM_MATCH;
	}
	(void)snprintf(name, sizeof(name), "%.*s", (int)pkt->len - 6,
	               (const char *)pkt->payload + 6);
	act(name);
	return NM_NO;
}

NM_MODULE(faulty) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "faulty",
	.summary = "fails when a packet says so",
	.n_apps = 1,
	.n_matches = 2,
	.apps = apps,
	.matches = matches,
	.load = load,
	.unload = unload,
	.classify = classify,
};
