/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control socket: lines in, answers out, and no client that keeps the loop waiting. */
#include "collector/control.h"

#include "lib/err.h"
#include "lib/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG    64
#define SWEEP_MS   1000
#define ANSWER_MAX ((size_t)4 << 20) /* a thousand probes take half of it in metrics */
#define MODE       0660

struct client {
	struct control *control;
	int fd;         /* -1: the place is free */
	int64_t due_ms; /* when patience ends */
	bool answering; /* it has asked; nothing more is read */
	size_t in_len;
	size_t out_len;
	size_t out_at; /* how much of it has gone out */
	char *out;
	char in[CONTROL_LINE_MAX + 1];
};

struct command {
	const char *name;
	void (*answer)(void *ctx, const char *argument, FILE *out);
	void *ctx;
};

struct control {
	struct loop *loop;
	int fd;
	dev_t dev; /* of the socket that was made, to know it again */
	ino_t ino;
	size_t n_commands;
	struct command commands[CONTROL_COMMANDS_MAX];
	unsigned n_clients;
	struct client clients[CONTROL_CLIENTS_MAX];
	struct log_limit drops;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

/* What may be asked for as a page, by programs that speak HTTP over a Unix socket: only what changes nothing. */
static const struct page {
	const char *path;
	const char *command;
} pages[] = {
	{ "/metrics", "metrics" },
	{ "/status", "status" },
};

/* --- answers ---------------------------------------------------------------------------------------------------------- */

static void
close_client(struct client *c)
{
	struct control *control = c->control;

	loop_remove(control->loop, c->fd);
	(void)close(c->fd);
	free(c->out);
	*c = (struct client){ .control = control, .fd = -1 };
	control->n_clients--;
	loop_want(control->loop, control->fd, LOOP_READ);
}

/* As much as the client takes; it is closed at the end. */
static void
write_out(struct client *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at,
		                 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0)
			break;
		c->out_at += (size_t)n;
	}
	close_client(c);
}

/* Gives the client what was written to memory, with `head` in front of it. Takes over `text`. */
static void
send_answer(struct client *c, const char *head, char *text, size_t len)
{
	size_t head_len = strlen(head);

	c->answering = true;
	c->due_ms = loop_now_ms(c->control->loop) + CONTROL_PATIENCE_S * 1000;
	c->out = malloc(head_len + len + 1);
	if (!c->out) {
		free(text);
		close_client(c);
		return;
	}
	memcpy(c->out, head, head_len);
	if (len)
		memcpy(c->out + head_len, text, len);
	free(text);
	c->out_len = head_len + len;
	loop_want(c->control->loop, c->fd, LOOP_WRITE);
	write_out(c);
}

static void
send_error(struct client *c, const char *words)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "error: %s\n", words);
	send_answer(c, line, NULL, 0);
}

/* Lets a command write its answer into memory. 0 and *ret_text, to be freed; or NM_ENOTFOUND, NM_ELIMIT, -ENOMEM. */
static int
answer_of(const struct control *control, const char *name, const char *argument, char **ret_text,
          size_t *ret_len)
{
	const struct command *command = NULL;
	char *text = NULL;
	size_t len = 0;

	for (size_t i = 0; i < control->n_commands && !command; i++)
		if (strcmp(control->commands[i].name, name) == 0)
			command = &control->commands[i];
	if (!command)
		return NM_ENOTFOUND;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return -ENOMEM;
	command->answer(command->ctx, argument, out);
	bool failed = ferror(out);
	if (fclose(out) != 0 || failed || len > ANSWER_MAX) {
		free(text);
		return len > ANSWER_MAX ? NM_ELIMIT : -ENOMEM;
	}
	*ret_text = text;
	*ret_len = len;
	return NM_OK;
}

static const char *
answer_error(int code)
{
	if (code == NM_ENOTFOUND)
		return "no such command";
	return code == NM_ELIMIT ? "the answer is too long" : "out of memory";
}

/* "COMMAND [ARGUMENT]" */
static void
answer_line(struct client *c, char *line)
{
	char *argument = line + strcspn(line, " ");
	char *text;
	size_t len;

	if (*argument)
		*argument++ = '\0';
	int rc = answer_of(c->control, line, argument, &text, &len);
	if (rc < 0)
		send_error(c, answer_error(rc));
	else
		send_answer(c, "", text, len);
}

/* "GET /PAGE HTTP/1.1": what curl and scrapers of metrics send (RFC 9112 section 3). */
static void
answer_page(struct client *c, char *path)
{
	const char *name = "";
	char *text = NULL;
	size_t len = 0;
	char head[256];

	path[strcspn(path, " ?")] = '\0';
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(path, pages[i].path) == 0)
			name = pages[i].command;
	int rc = answer_of(c->control, name, "", &text, &len);
	(void)snprintf(head, sizeof(head),
	               "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	               "Content-Length: %zu\r\nConnection: close\r\n\r\n",
	               rc == NM_OK          ? "200 OK"
	               : rc == NM_ENOTFOUND ? "404 Not Found"
	                                    : "503 Service Unavailable",
	               len);
	send_answer(c, head, text, len);
}

/* --- questions -------------------------------------------------------------------------------------------------------- */

static bool
is_page(const struct client *c)
{
	return strncmp(c->in, "GET /", 5) == 0;
}

/* Answers when the request is whole: a line, or for a page all lines up to the empty one, since a client that still
 * writes when we close gets an error in place of its answer. */
static void
take_request(struct client *c, bool at_end)
{
	const char *end = strstr(c->in, is_page(c) ? "\r\n\r\n" : "\n");

	if (!end && !at_end) {
		if (c->in_len == CONTROL_LINE_MAX)
			send_error(c, "the request is too long");
		return;
	}
	c->in[strcspn(c->in, "\r\n")] = '\0';
	if (is_page(c))
		answer_page(c, c->in + 4);
	else
		answer_line(c, c->in);
}

static void
read_in(struct client *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, CONTROL_LINE_MAX - c->in_len, MSG_DONTWAIT);

	if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	/* a NUL would hide what is behind it */
	if (n < 0 || (n == 0 && c->in_len == 0) ||
	    (n > 0 && memchr(c->in + c->in_len, 0, (size_t)n))) {
		close_client(c);
		return;
	}
	c->in_len += (size_t)n;
	c->in[c->in_len] = '\0';
	take_request(c, n == 0);
}

static void
on_client(void *ctx, unsigned flags)
{
	struct client *c = ctx;

	(void)flags;
	if (c->answering)
		write_out(c);
	else
		read_in(c);
}

static void
adopt(struct control *control, int fd)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *c = &control->clients[i];

		if (c->fd >= 0)
			continue;
		if (loop_add(control->loop, fd, LOOP_READ, on_client, c) < 0)
			break;
		c->fd = fd;
		c->due_ms = loop_now_ms(control->loop) + CONTROL_PATIENCE_S * 1000;
		control->n_clients++;
		return;
	}
	(void)close(fd);
}

/* Stops to listen while all places are taken, and when no descriptor is left, which the sweep tries again. */
static void
on_connection(void *ctx, unsigned flags)
{
	struct control *control = ctx;

	(void)flags;
	int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		adopt(control, fd);
	if (control->n_clients == CONTROL_CLIENTS_MAX ||
	    (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED))
		loop_want(control->loop, control->fd, 0);
}

static void
sweep(void *ctx)
{
	struct control *control = ctx;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *c = &control->clients[i];

		if (c->fd < 0 || loop_now_ms(control->loop) < c->due_ms)
			continue;
		if (log_allowed(&control->drops))
			log_warn("control socket: a client was dropped that did not %s within %d s",
			         c->answering ? "read" : "ask", CONTROL_PATIENCE_S);
		close_client(c);
	}
	if (control->n_clients < CONTROL_CLIENTS_MAX)
		loop_want(control->loop, control->fd, LOOP_READ);
}

/* --- the socket ------------------------------------------------------------------------------------------------------- */

/* Whether somebody answers at the address. 0: nobody; NM_EEXISTS: yes; -errno: not to be known. */
static int
somebody_listens(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int rc = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ? 0 : errno;
	(void)close(fd);
	if (rc == ECONNREFUSED || rc == ENOENT)
		return NM_OK;
	return rc == 0 || rc == EAGAIN ? NM_EEXISTS : -rc;
}

/* Whether the path may be taken: nothing is there, or a socket that nobody listens to. */
static int
check_place(const struct sockaddr_un *at, char *err, size_t err_size)
{
	struct stat st;

	if (lstat(at->sun_path, &st) < 0 && errno == ENOENT)
		return NM_OK;
	if (lstat(at->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		(void)snprintf(err, err_size,
		               "control socket: %s is there and is no socket; name another path",
		               at->sun_path);
		return NM_EEXISTS;
	}
	int rc = somebody_listens(at);
	if (rc == NM_EEXISTS)
		(void)snprintf(err, err_size,
		               "control socket: another program listens on %s; is netmond running?",
		               at->sun_path);
	else if (rc < 0)
		(void)snprintf(err, err_size, "control socket: %s: %s", at->sun_path,
		               strerror(-rc));
	return rc;
}

/* Listens under a name of its own first, which then takes the path: whoever finds the socket there has its mode to pass, and
 * gets an answer. */
static int
listen_at(struct control *control, const struct sockaddr_un *at)
{
	struct sockaddr_un fresh = { .sun_family = AF_UNIX };
	struct stat st;

	(void)snprintf(fresh.sun_path, sizeof(fresh.sun_path), "%.*s.new",
	               (int)(sizeof(fresh.sun_path) - sizeof(".new")), at->sun_path);
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (control->fd < 0)
		return -errno;
	if (lstat(fresh.sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(fresh.sun_path);
	if (bind(control->fd, (const struct sockaddr *)&fresh, sizeof(fresh)) < 0)
		return -errno;
	if (chmod(fresh.sun_path, MODE) == 0 && listen(control->fd, BACKLOG) == 0 &&
	    lstat(fresh.sun_path, &st) == 0 && rename(fresh.sun_path, at->sun_path) == 0) {
		control->dev = st.st_dev;
		control->ino = st.st_ino;
		return NM_OK;
	}
	int rc = -errno;
	(void)unlink(fresh.sun_path);
	return rc;
}

static int
make_socket(struct control *control, char *err, size_t err_size)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	memcpy(at.sun_path, control->path, sizeof(at.sun_path));
	int rc = check_place(&at, err, err_size);
	if (rc < 0)
		return rc;
	rc = listen_at(control, &at);
	if (rc < 0)
		(void)snprintf(err, err_size, "control socket: %s: %s", control->path,
		               strerror(-rc));
	return rc;
}

int
control_new(const char *path, struct loop *loop, struct control **ret_control, char *err,
            size_t err_size)
{
	struct control *control = calloc(1, sizeof(*control));

	(void)snprintf(err, err_size, "out of memory");
	if (!control)
		return -ENOMEM;
	control->loop = loop;
	control->fd = -1;
	control->drops = (struct log_limit){ .burst = 5, .period_s = 60 };
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		control->clients[i] = (struct client){ .control = control, .fd = -1 };
	int rc = NM_ELIMIT;
	if (strlen(path) + sizeof(".new") > sizeof(control->path)) {
		(void)snprintf(err, err_size, "control socket: the path is longer than %zu: %s",
		               sizeof(control->path) - sizeof(".new"), path);
		goto fail;
	}
	(void)snprintf(control->path, sizeof(control->path), "%s", path);
	rc = make_socket(control, err, err_size);
	if (rc < 0)
		goto fail;
	rc = loop_add(loop, control->fd, LOOP_READ, on_connection, control);
	if (rc == NM_OK)
		rc = loop_timer(loop, SWEEP_MS, sweep, control);
	if (rc == NM_OK) {
		*ret_control = control;
		return NM_OK;
	}
	(void)snprintf(err, err_size, "control socket: %s", nm_strerror(rc));
fail:
	control_free(control);
	return rc;
}

void
control_free(struct control *control)
{
	struct stat st;

	if (!control)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i].fd >= 0)
			close_client(&control->clients[i]);
	/* another netmond may have taken the path meanwhile */
	if (control->ino && lstat(control->path, &st) == 0 && st.st_dev == control->dev &&
	    st.st_ino == control->ino)
		(void)unlink(control->path);
	if (control->fd >= 0) {
		loop_remove(control->loop, control->fd);
		(void)close(control->fd);
	}
	free(control);
}

int
control_command(struct control *control, const char *name,
                void (*answer)(void *ctx, const char *argument, FILE *out), void *ctx)
{
	if (control->n_commands == CONTROL_COMMANDS_MAX)
		return NM_ELIMIT;
	control->commands[control->n_commands++] = (struct command){ name, answer, ctx };
	return NM_OK;
}
