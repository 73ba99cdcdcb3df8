/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The listening side. */
#include "collector/server.h"

#include "lib/err.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_TURN 16 /* connections accepted in one turn */
#define TICK_MS     250
#define SWEEP_TICKS 4  /* each: limits of time are looked at */
#define VAIN_TICK   64 /* connections in a tick that may come to nothing */
#define SILENT_MS \
	20000 /* a probe that is silent for so long makes room; its heartbeats are 5 s apart */
#define HOUR_S          3600
#define DAY_S           86400
#define CERTIFICATES_MS 2000 /* a revoked one counts no longer than that, and promised are 60 s */

struct server {
	struct session_shared *shared;
	struct server_config config;
	int spare; /* given up for a moment to answer a probe when descriptors have run out */
	unsigned n_sessions;
	struct session *sessions;
	struct log_limit full;
	unsigned ticks;
	uint64_t vain; /* connections that had come to nothing when this tick began */
	bool paused;   /* nobody is accepted until the next tick */
	uint32_t
	    end_said_s; /* when it was last said that the own certificate runs out, UTC; 0: never */
};

/* --- accepting -------------------------------------------------------------------------------------------------------- */

/* Tells a probe that there is no room, and closes. What it already sent is thrown away. */
static void
turn_away(struct server *server, int fd, const char *why)
{
	struct frame_hello_ack ack = { .version = FRAME_VERSION, .status = FRAME_STATUS_BUSY };
	uint8_t out[512];
	size_t len;

	server->shared->tallies->sums.turned_away++;
	if (log_allowed(&server->full))
		log_error("a probe was turned away: %s (%u connections, %zu of them by strangers)",
		          why, server->n_sessions, server->shared->strangers.n);
	(void)snprintf(ack.text, sizeof(ack.text), "%s", why);
	/* before TLS there are no words that a probe would believe */
	if (!server->shared->tls && frame_encode_hello_ack(&ack, out, sizeof(out), &len) == NM_OK)
		(void)!send(fd, out, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(fd, SHUT_WR);
	(void)close(fd);
}

static void
format_peer(const struct sockaddr *sa, socklen_t len, char *ret_text, size_t size)
{
	char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";

	(void)getnameinfo(sa, len, host, sizeof(host), port, sizeof(port),
	                  NI_NUMERICHOST | NI_NUMERICSERV);
	(void)snprintf(ret_text, size, "%.60s port %.8s", host, port);
}

static bool
is_short_of_files(void)
{
	return errno == EMFILE || errno == ENFILE;
}

/* Descriptors have run out: the spare one serves to say so, else the connection would wake select() for ever. False when
 * another thread was faster, or the limit was lowered: then there is none. */
static bool
accept_with_spare(struct server *server, int listener)
{
	if (server->spare >= 0)
		(void)close(server->spare);
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		turn_away(server, fd, "the collector has no file descriptor left");
	bool none = fd < 0 && is_short_of_files();
	server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return !none;
}

static void
shed(struct server *server, struct session *s, const char *why)
{
	server->shared->tallies->sums.shed++;
	session_drop(s, why);
}

/* The probe that has been silent longest, if it is long enough; NULL: none. */
static struct session *
most_silent(const struct server *server)
{
	int64_t heard_ms = loop_now_ms(server->shared->loop) - SILENT_MS;
	struct session *found = NULL;

	for (struct session *s = server->sessions; s; s = s->next) {
		if (s->state != SESSION_STREAM || s->blocked || s->heard_ms > heard_ms)
			continue;
		heard_ms = s->heard_ms;
		found = s;
	}
	return found;
}

/* Whether there is room for one more connection from there, if need be in the place of one that says nothing. NULL, or what there is
 * too much of. */
static const char *
make_room(struct server *server, const struct stranger *newcomer)
{
	static const char *const silent = "it is silent, and others wait for its place";
	const struct strangers *strangers = &server->shared->strangers;
	void *stranger;

	if (!strangers_have_room(strangers, newcomer, &stranger))
		return "too many connections do not say who they are";
	if (!stranger && server->n_sessions < server->config.probes_max)
		return NULL;
	struct session *s = stranger ? stranger : strangers_oldest(strangers, newcomer->since_ms);
	if (!s)
		s = most_silent(server);
	if (!s)
		return "the collector serves as many probes as it is allowed to";
	shed(server, s, silent);
	return NULL;
}

static void
adopt(struct server *server, int fd, const struct sockaddr *from, socklen_t from_len)
{
	struct stranger newcomer;
	char peer[80];
	int on = 1;

	stranger_init(&newcomer, from, loop_now_ms(server->shared->loop));
	const char *why = make_room(server, &newcomer);
	if (!why && fd >= FD_SETSIZE)
		why = "the collector has more descriptors than select() holds";
	if (why) {
		turn_away(server, fd, why);
		return;
	}
	format_peer(from, from_len, peer, sizeof(peer));
	struct session *s = session_new(server->shared, fd, peer);
	if (!s) {
		turn_away(server, fd, "the collector is out of memory");
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	strangers_add(&server->shared->strangers, &newcomer, s);
	s->next = server->sessions;
	s->at = &server->sessions;
	if (s->next)
		s->next->at = &s->next;
	server->sessions = s;
	server->n_sessions++;
}

/* Whether other workers have room and this one has not: what waits is left to them, as long as that is so. */
static bool
leaves_to_others(const struct server *server)
{
	return server->n_sessions >= server->config.probes_max &&
	       worker_others_have_room(server->config.worker);
}

static void
note_room(struct server *server)
{
	unsigned max = server->config.probes_max, n = server->n_sessions;

	worker_set_room(server->config.worker, n < max ? max - n : 0);
}

static void
set_accepting(struct server *server, bool on)
{
	server->paused = !on;
	for (size_t i = 0; i < server->config.listeners->n; i++)
		loop_want(server->shared->loop, server->config.listeners->fds[i],
		          on ? LOOP_READ : 0);
}

/* False when nobody waits any more. */
static bool
accept_one(struct server *server, int listener)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	int fd = accept4(listener, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		bool in_vain = errno == ENOBUFS || errno == ENOMEM ||
		               (is_short_of_files() && !accept_with_spare(server, listener));

		/* whoever waits would wake select() at once: not before the next tick */
		if (in_vain)
			set_accepting(server, false);
		return false;
	}
	server->shared->tallies->sums.accepted++;
	adopt(server, fd, (struct sockaddr *)&ss, len);
	return true;
}

/* Connections so far that came to nothing: whoever makes them comes again at once, in crowds, and each costs something. */
static uint64_t
count_vain(const struct server *server)
{
	const struct tally_sums *sums = &server->shared->tallies->sums;

	return sums->turned_away + sums->strangers;
}

static void
on_connection(void *ctx, unsigned flags)
{
	struct server *server = ctx;
	const struct listeners *l = server->config.listeners;

	(void)flags;
	/* which of the few listeners it was does not matter: none of them blocks */
	for (size_t i = 0; i < l->n; i++)
		for (int n = 0;
		     n < ACCEPT_TURN && !leaves_to_others(server) && accept_one(server, l->fds[i]);
		     n++)
			;
	note_room(server);
	if (leaves_to_others(server) || count_vain(server) - server->vain >= VAIN_TICK)
		set_accepting(server, false);
}

/* --- sessions --------------------------------------------------------------------------------------------------------- */

static bool
share_a_link(const struct frame_hello *a, const struct frame_hello *b)
{
	for (size_t i = 0; i < a->n_links; i++)
		for (size_t j = 0; j < b->n_links; j++)
			if (strcmp(a->links[i], b->links[j]) == 0)
				return true;
	return false;
}

/* A probe that comes again while its old connection is not known to be dead yet: the new one counts. The same for another
 * numbering of its name and links; if that is alive, the fence (lib/db_probe.h) is what it finds when it comes again. */
static void
drop_doubles(struct server *server, const struct session *newest)
{
	for (struct session *s = server->sessions; s; s = s->next) {
		if (s->state != SESSION_STREAM || s->greeted >= newest->greeted ||
		    strcmp(s->hello.probe, newest->hello.probe) != 0)
			continue;
		if (s->hello.epoch == newest->hello.epoch)
			session_drop(s, "the same probe connected again");
		else if (share_a_link(&s->hello, &newest->hello))
			session_drop(s, "another numbering of this probe took over its link");
	}
}

static void
reap(struct server *server, struct session *s)
{
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	session_free(s);
	server->n_sessions--;
	note_room(server);
}

static void
tick(void *ctx)
{
	struct server *server = ctx;

	server->vain = count_vain(server);
	if (server->paused && !leaves_to_others(server))
		set_accepting(server, true);
	if (++server->ticks % SWEEP_TICKS)
		return;
	for (struct session *s = server->sessions; s; s = s->next)
		session_check_time(s, server->config.hello_s, server->config.idle_s);
	server->shared->tallies->sums.half_open = server->shared->strangers.n;
}

/* The collector's own certificate: without it no probe is served any more. Noted as of a probe that it serves, once a day. */
static void
warn_of_end(struct server *server)
{
	uint32_t now_s = loop_wall_s(server->shared->loop);
	int64_t days = (tls_end(server->shared->tls) - now_s) / DAY_S;
	struct session *s = server->sessions;
	char text[128];

	while (s && s->state != SESSION_STREAM)
		s = s->next;
	if (!s || days >= TLS_WARN_DAYS ||
	    (server->end_said_s && now_s - server->end_said_s < DAY_S))
		return;
	server->end_said_s = now_s;
	(void)snprintf(text, sizeof(text),
	               "the collector's own certificate expires in %lld days (netmon probe "
	               "collector makes another one)",
	               (long long)days);
	log_warn("%s", text);
	session_note(s, "expiring", text, DAY_S - HOUR_S);
}

/* Certificates are looked at again: files that changed, and, for those that expire, at each look. */
static void
check_certificates(void *ctx)
{
	struct server *server = ctx;
	char err[512];

	int rc = tls_reload(server->shared->tls, err, sizeof(err));
	if (rc < 0)
		log_error("%s: the old certificates stay", err);
	else if (rc > 0)
		log_info("certificates read again");
	warn_of_end(server);
	for (struct session *s = server->sessions; s; s = s->next)
		session_check_certificate(s);
}

/* One that is due. */
static void
attend(struct server *server, struct session *s)
{
	if (s->state == SESSION_CLOSED) {
		reap(server, s);
		return;
	}
	session_continue(s);
	if (s->fresh && s->state == SESSION_STREAM) {
		s->fresh = false;
		drop_doubles(server, s);
	}
}

/* Once a turn: what sessions left over, and the end of those that closed. */
static bool
work(void *ctx)
{
	struct server *server = ctx;
	struct session_shared *shared = server->shared;
	struct session *s = shared->due;

	shared->due = NULL;
	shared->due_end = &shared->due;
	for (struct session *next; s; s = next) {
		next = s->due_next;
		s->due = false;
		attend(server, s);
	}
	if (shared->fatal)
		loop_stop(shared->loop);
	return shared->due != NULL;
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

int
server_new(const struct server_config *config, struct session_shared *shared,
           struct server **ret_server, char *err, size_t err_size)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		(void)snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	server->config = *config;
	server->shared = shared;
	shared->due_end = &shared->due;
	server->full = (struct log_limit){ .burst = 3, .period_s = 60 };
	server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int rc = NM_OK;
	for (size_t i = 0; i < config->listeners->n && rc == NM_OK; i++)
		rc = loop_add(shared->loop, config->listeners->fds[i], LOOP_READ, on_connection,
		              server);
	if (rc == NM_OK)
		rc = loop_timer(shared->loop, TICK_MS, tick, server);
	if (rc == NM_OK && shared->tls)
		rc = loop_timer(shared->loop, CERTIFICATES_MS, check_certificates, server);
	if (rc == NM_OK)
		rc = loop_work(shared->loop, work, server);
	note_room(server);
	if (rc < 0) {
		server_free(server);
		return rc;
	}
	*ret_server = server;
	return NM_OK;
}

void
server_finish(struct server *server)
{
	for (struct session *s = server->sessions; s; s = s->next)
		if (s->ack_due)
			session_continue(s);
}

void
server_free(struct server *server)
{
	while (server->sessions) {
		struct session *s = server->sessions;

		server->sessions = s->next;
		s->due = true; /* nobody looks after it any more */
		session_free(s);
	}
	for (size_t i = 0; i < server->config.listeners->n; i++) {
		loop_remove(server->shared->loop, server->config.listeners->fds[i]);
	}
	if (server->spare >= 0)
		(void)close(server->spare);
	free(server);
}
