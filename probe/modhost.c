/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opens classifier modules and holds them: the list, the files, the life of a set. */
#include "probe/modhost.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/modcheck.h"
#include "probe/modguard.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define LIST_LINE_MAX 256
#define LOG_LINE_MAX  256
#define LOG_BURST     10 /* lines of one module in LOG_PERIOD_S */
#define LOG_PERIOD_S  60
#define ONCE_PATH_MAX 192 /* of path_for_once() */

struct loaded {
	struct nm_host host; /* first: the module hands its address back to us */
	struct log_limit limit;
	const struct nm_module *module;
	void *ctx;
	void *object; /* of dlopen(); NULL when linked in */
	int fd;       /* open as long as `object`, because its path names it; -1 when linked in */
	struct modguard_name
	    name; /* its digest: of the file's contents; of the name when linked in */
};

struct modset {
	size_t count;
	size_t left_out; /* for what they did before */
	struct loaded loaded[MODHOST_MODULES_MAX];
};

/* The log service of struct nm_host. The text may hold what a packet said. */
static void __attribute__((format(printf, 2, 3)))
log_for_module(const struct nm_host *host, const char *fmt, ...)
{
	/* The host part is the first member of a struct that we own and may change. */
	struct loaded *m = (struct loaded *)(uintptr_t)host;
	char text[LOG_LINE_MAX];
	char safe[LOG_LINE_MAX * 4];
	va_list args;

	if (!log_allowed(&m->limit))
		return;
	va_start(args, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len < 0)
		return;
	log_info("module %s: %s", m->module->name,
	         log_safe(safe, sizeof(safe), text, strlen(text)));
}

/* Opens the module's file and judges it. The descriptor, or -1 after a log line. */
static int
open_file(const char *path)
{
	struct stat st;
	/* a pipe or a device is not waited for, but refused below */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		log_warn("module refused: %s: %s", path, strerror(errno));
		return -1;
	}
	const char *fault = NULL;
	if (fstat(fd, &st) != 0)
		fault = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		fault = "not a regular file";
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		fault = "belongs neither to root nor to the user that runs the probe";
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		fault = "its group or everybody may write it (chmod go-w)";
	if (!fault)
		return fd;
	log_warn("module refused: %s: %s", path, fault);
	(void)close(fd);
	return -1;
}

/* A path to the file behind `fd` that was never used before. For as long as an object is loaded, the loader gives it back
 * for every name that it was opened under, and the number of a descriptor that was closed comes again for another file. So
 * the time is written into the path, in two ways to write "/". */
static void
path_for_once(int fd, char path[ONCE_PATH_MAX])
{
	struct timespec now;
	char slashes[2 * 64 + 1];
	size_t n = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t bits = (uint64_t)now.tv_sec << 30 | (uint64_t)now.tv_nsec;
	for (unsigned i = 0; i < 64; i++) {
		if (bits >> i & 1)
			slashes[n++] = '.';
		slashes[n++] = '/';
	}
	slashes[n] = '\0';
	(void)snprintf(path, ONCE_PATH_MAX, "/proc/self/fd/%s%d", slashes, fd);
}

/* Opens the file behind `fd`, not whatever bears its name by now, and not what bore it before: a reload gets the new file
 * of one that was replaced, and what others hold stays loaded. */
static void *
open_object(int fd, const char *path, const struct modguard_name *name)
{
	char once[ONCE_PATH_MAX];

	path_for_once(fd, once);
	/* its constructors run */
	modguard_ask(name, MODGUARD_LOAD);
	void *object = dlopen(access(once, R_OK) == 0 ? once : path, RTLD_NOW | RTLD_LOCAL);
	modguard_asked();
	if (!object) {
		const char *why = dlerror();

		log_warn("module refused: %s: %s", path, why ? why : "cannot be opened");
	}
	return object;
}

/* A name that has passed modcheck_name(), or will not. */
static void
copy_name(const char *name, char to[MODHOST_NAME_MAX])
{
	(void)snprintf(to, MODHOST_NAME_MAX, "%s", name);
}

static struct modguard_name
name_of_linked(const char *name)
{
	struct modguard_name it = { .digest = XXH3_64bits(name, strlen(name)) };

	copy_name(name, it.name);
	return it;
}

/* Of the file's contents, by its descriptor, which is not moved. */
static uint64_t
digest_file(int fd)
{
	uint8_t bytes[16384];
	uint64_t digest = 0;
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		digest = XXH3_64bits_withSeed(bytes, (size_t)n, digest);
		at += n;
	}
	return digest;
}

/* Checks the descriptor and calls load(). On success the set owns the module. */
static int
take_in(struct modset *set, const struct nm_module *module, const struct modguard_name *name)
{
	struct loaded *m = &set->loaded[set->count];
	const struct nm_module *held[MODHOST_MODULES_MAX];
	char fault[MODCHECK_FAULT_MAX];

	for (size_t i = 0; i < set->count; i++)
		held[i] = set->loaded[i].module;
	if (modcheck(module, name->name, held, set->count, fault) != 0) {
		log_warn("module refused: %s: %s", name->name, fault);
		return NM_EFORMAT;
	}
	*m = (struct loaded){
		.host = { .size = sizeof(struct nm_host), .log = log_for_module },
		.limit = { .burst = LOG_BURST, .period_s = LOG_PERIOD_S },
		.module = module,
		.fd = -1,
		.name = *name,
	};
	modguard_ask(&m->name, MODGUARD_LOAD);
	int rc = module->load ? module->load(&m->host, &m->ctx) : 0;
	modguard_asked();
	if (rc != 0) {
		log_warn("module refused: %s: its load function failed", name->name);
		return NM_EFORMAT;
	}
	set->count++;
	return 0;
}

/* One module of the list. What is wrong with it is logged and leaves it out. */
static void
open_module(struct modset *set, const char *dir, const char *name)
{
	char path[PATH_MAX];

	int len = snprintf(path, sizeof(path), "%s/%s.so", dir, name);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		log_warn("module refused: %s: the path is too long", name);
		return;
	}
	int fd = open_file(path);
	if (fd < 0)
		return;
	struct modguard_name guarded = { .digest = digest_file(fd) };
	copy_name(name, guarded.name);
	if (modguard_leaves_out(&guarded)) {
		set->left_out++;
		(void)close(fd);
		return;
	}
	void *object = open_object(fd, path, &guarded);
	if (!object)
		goto fail;
	const struct nm_module *module = (const struct nm_module *)dlsym(object, NM_MODULE_SYMBOL);
	if (!module) {
		log_warn("module refused: %s: no symbol " NM_MODULE_SYMBOL, path);
		goto fail;
	}
	if (take_in(set, module, &guarded) != 0)
		goto fail;
	set->loaded[set->count - 1].object = object;
	set->loaded[set->count - 1].fd = fd;
	log_info("module %s: %s", name, module->summary);
	return;
fail:
	if (object)
		(void)dlclose(object);
	(void)close(fd);
}

/* The name on a line: comment and white space cut off in place. NULL when there is none. */
static char *
name_on(char *line)
{
	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	size_t len = strlen(line);
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		line[--len] = '\0';
	return len > 0 ? line : NULL;
}

static int
read_list(FILE *file, const char *list, const char *dir, struct modset *set, char *err,
          size_t err_size)
{
	char line[LIST_LINE_MAX];
	char safe[LIST_LINE_MAX * 4];

	for (unsigned number = 1; fgets(line, sizeof(line), file); number++) {
		bool whole = strchr(line, '\n') || feof(file);
		char *name = name_on(line);

		if (!whole) {
			(void)snprintf(err, err_size, "%s:%u: line too long", list, number);
			return NM_EFORMAT;
		}
		if (!name)
			continue;
		if (!modcheck_name(name)) {
			(void)snprintf(err, err_size, "%s:%u: \"%s\" is no module name", list,
			               number, log_safe(safe, sizeof(safe), name, strlen(name)));
			return NM_EFORMAT;
		}
		if (set->count == MODHOST_MODULES_MAX) {
			(void)snprintf(err, err_size, "%s:%u: more than %d modules", list, number,
			               MODHOST_MODULES_MAX);
			return NM_EFORMAT;
		}
		open_module(set, dir, name);
	}
	return 0;
}

int
modhost_open(const char *list, const char *dir, char *err, size_t err_size, struct modset **ret_set)
{
	struct modset *set = calloc(1, sizeof(*set));
	FILE *file = fopen(list, "re");
	int rc = 0;

	modguard_read_list();
	if (!set || !file) {
		rc = !set ? -ENOMEM : -errno;
		(void)snprintf(err, err_size, "%s: %s", list, strerror(-rc));
		goto out;
	}
	rc = read_list(file, list, dir, set, err, err_size);
	if (rc == 0 && ferror(file)) {
		rc = -EIO;
		(void)snprintf(err, err_size, "%s: cannot be read", list);
	}
	if (rc == 0) {
		*ret_set = set;
		set = NULL;
	}
out:
	if (file)
		(void)fclose(file);
	modhost_close(set);
	return rc;
}

int
modhost_adopt(const struct nm_module *const *modules, size_t n, struct modset **ret_set)
{
	struct modset *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	for (size_t i = 0; i < n && set->count < MODHOST_MODULES_MAX; i++) {
		const struct modguard_name name = name_of_linked(modules[i]->name);

		(void)take_in(set, modules[i], &name);
	}
	*ret_set = set;
	return 0;
}

/* Opens the file behind a descriptor once more, so that the object stays as long as the copy. */
static int
copy_module(const struct loaded *from, struct modset *set)
{
	if (from->fd < 0)
		return take_in(set, from->module, &from->name);
	int fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	void *object = open_object(fd, from->name.name, &from->name);
	int rc = object ? take_in(set, from->module, &from->name) : NM_EFORMAT;
	if (rc != 0) {
		if (object)
			(void)dlclose(object);
		(void)close(fd);
		return rc;
	}
	set->loaded[set->count - 1].object = object;
	set->loaded[set->count - 1].fd = fd;
	return 0;
}

int
modhost_copy(const struct modset *from, struct modset **ret_set)
{
	struct modset *set = calloc(1, sizeof(*set));
	int rc = set ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < from->count; i++)
		rc = copy_module(&from->loaded[i], set);
	if (rc != 0) {
		modhost_close(set);
		return rc;
	}
	*ret_set = set;
	return 0;
}

void
modhost_close(struct modset *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++) {
		struct loaded *m = &set->loaded[i];

		modguard_ask(&m->name, MODGUARD_UNLOAD);
		if (m->module->unload)
			m->module->unload(m->ctx);
		if (m->object)
			(void)dlclose(m->object);
		modguard_asked();
		if (m->fd >= 0)
			(void)close(m->fd);
	}
	free(set);
}

size_t
modset_count(const struct modset *set)
{
	return set->count;
}

const struct nm_module *
modset_module(const struct modset *set, size_t i)
{
	return set->loaded[i].module;
}

void *
modset_ctx(const struct modset *set, size_t i)
{
	return set->loaded[i].ctx;
}

const struct modguard_name *
modset_name(const struct modset *set, size_t i)
{
	return &set->loaded[i].name;
}

size_t
modset_left_out(const struct modset *set)
{
	return set->left_out;
}

uint64_t
modset_digest(const struct modset *set)
{
	uint64_t digest = set->count;

	for (size_t i = 0; i < set->count; i++)
		digest = XXH3_64bits_withSeed(&set->loaded[i].name.digest,
		                              sizeof(set->loaded[i].name.digest), digest);
	return digest;
}
