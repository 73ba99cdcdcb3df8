/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The module host: the list, the files and the descriptors that it refuses. Modules are built here with cc. */
#include "probe/modhost.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/classify.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

extern char **environ;

static char dir[] = "/tmp/netmon-modhost-XXXXXX";
static char source_tree[PATH_MAX]; /* where the headers are */
static char err[512];

static const char *
in_dir(const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
write_file(const char *name, const char *text)
{
	FILE *file = fopen(in_dir(name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
run_compiler(const char *define, const char *source, const char *object)
{
	char include_lib[PATH_MAX + 32];
	char include_probe[PATH_MAX + 32];
	pid_t pid;
	int status;

	(void)snprintf(include_lib, sizeof(include_lib), "-I%s/lib/include", source_tree);
	(void)snprintf(include_probe, sizeof(include_probe), "-I%s/probe/include", source_tree);
	const char *argv[] = { "cc",        "-shared",     "-fPIC", "-fvisibility=hidden",
		               include_lib, include_probe, define,  "-o",
		               object,      source,        NULL };
	assert_int_equal(posix_spawnp(&pid, "cc", NULL, NULL, (char **)(uintptr_t)argv, environ),
	                 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Builds NAME.so from this template, with changes that macros make. */
static const char template[] =
    "#include <netmon/module.h>\n"
    "#ifndef ABI\n#define ABI NM_ABI_VERSION\n#endif\n"
    "#ifndef SIZE\n#define SIZE sizeof(struct nm_module)\n#endif\n"
    "#ifndef APP\n#define APP 2000\n#endif\n"
    "#ifndef TITLE\n#define TITLE \"Test\"\n#endif\n"
    "#ifndef LOAD\n#define LOAD 0\n#endif\n"
    "static const struct nm_app apps[] = { { APP, TITLE, \"Tests\", 1, 2 } };\n"
    "static const struct nm_match matches[] = { { .transport = NM_TCP, .len = 2, .pattern = \"ok\" } };\n"
    "static int load(const struct nm_host *host, void **ctx) { host->log(host, \"hi\"); *ctx = 0; return LOAD; }\n"
    "static enum nm_result classify(void *c, const struct nm_packet *p, struct nm_call *l, struct nm_verdict *v)\n"
    "{ (void)c; (void)p; (void)l; v->app = APP; v->confidence = 90; v->evidence = NM_EV_SIGNATURE; return NM_MATCH; }\n"
    "#ifndef NOSYMBOL\n"
    "NM_MODULE(x) = { .abi_version = ABI, .size = SIZE, .name = NAME, .summary = \"s\", .n_apps = 1,\n"
    "  .n_matches = 1, .apps = apps, .matches = matches, .load = load, .classify = classify };\n"
    "#else\nint unrelated(void);\nint unrelated(void) { return 0; }\n#endif\n";

static void
build(const char *name, const char *changes)
{
	char text[sizeof(template) + 256];
	char source[PATH_MAX];
	char object[PATH_MAX];

	(void)snprintf(text, sizeof(text), "#define NAME \"%s\"\n%s\n%s", name, changes, template);
	write_file("module.c", text);
	(void)snprintf(source, sizeof(source), "%s/module.c", dir);
	(void)snprintf(object, sizeof(object), "%s/%s.so", dir, name);
	(void)unlink(object);
	run_compiler("-DX", source, object);
	assert_int_equal(chmod(object, 0644), 0);
}

/* How many modules of a list are taken; -1 when the list itself is refused. */
static int
taken(const char *list)
{
	struct modset *set = NULL;
	char path[PATH_MAX];

	write_file("modules", list);
	(void)snprintf(path, sizeof(path), "%s/modules", dir);
	err[0] = '\0';
	if (modhost_open(path, dir, err, sizeof(err), &set) != NM_OK)
		return -1;
	int n = (int)modset_count(set);
	modhost_close(set);
	return n;
}

static int
set_up(void **state)
{
	const char *build_dir = getenv("NETMON_BUILD");
	FILE *stamp = NULL;
	char path[PATH_MAX];

	(void)state;
	log_init("test", LOG_LEVEL_ERROR);
	/* The build folder's stamp says where the tree is; without one this is run from the tree. */
	(void)snprintf(path, sizeof(path), "%s/.netmon-build", build_dir ? build_dir : "build");
	stamp = fopen(path, "re");
	if (!stamp || !fgets(source_tree, sizeof(source_tree), stamp))
		(void)snprintf(source_tree, sizeof(source_tree), ".");
	if (stamp)
		(void)fclose(stamp);
	source_tree[strcspn(source_tree, "\n")] = '\0';
	assert_non_null(mkdtemp(dir));
	build("good", "");
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "good", "bad", "other", "again",
		                             "one",  "two", "often", "pipe" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char object[64];

		(void)snprintf(object, sizeof(object), "%s.so", names[i]);
		(void)unlink(in_dir(object));
	}
	(void)unlink(in_dir("module.c"));
	(void)unlink(in_dir("modules"));
	return rmdir(dir);
}

static void
a_list_may_have_comments_blank_lines_and_no_newline_at_its_end(void **state)
{
	(void)state;
	assert_int_equal(taken("# all of it\n\n  good\t # the good one\n"), 1);
	assert_int_equal(taken("good"), 1);
	assert_int_equal(taken("# nothing\n"), 0);
}

static void
a_line_that_is_no_name_refuses_the_list_with_its_number(void **state)
{
	static const char *const lists[] = { "good\n../evil\n",
		                             "good\n/etc/x\n",
		                             "good\ngood.so\n",
		                             "good\nGood\n",
		                             "good\nabcdefghijklmnopqrstuvwxyzabcdefgh\n",
		                             "good\ntwo words\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		assert_int_equal(taken(lists[i]), -1);
		assert_non_null(strstr(err, "/modules:2: "));
	}
}

static void
a_list_that_is_not_there_is_an_error(void **state)
{
	struct modset *set = NULL;

	(void)state;
	assert_int_equal(modhost_open("/nonexistent/modules", dir, err, sizeof(err), &set),
	                 -ENOENT);
	assert_non_null(strstr(err, "/nonexistent/modules"));
	assert_null(set);
}

static void
a_module_that_is_not_there_is_left_out(void **state)
{
	(void)state;
	assert_int_equal(taken("missing\ngood\n"), 1);
}

static void
a_module_listed_twice_is_taken_once(void **state)
{
	(void)state;
	assert_int_equal(taken("good\ngood\n"), 1);
}

static void
a_descriptor_that_does_not_fit_is_refused(void **state)
{
	static const char *const changes[] = {
		"#define ABI (NM_ABI_VERSION + 1)",
		"#define SIZE (sizeof(struct nm_module) - 8)",
		"#undef NAME\n#define NAME \"another\"",
		"#define NOSYMBOL",
		"#define APP 0",
		"#define APP 65535",
		"#define TITLE \"\"",
		"#define TITLE \"a,b\"",
		"#define TITLE \"a\\nb\"",
		"#define TITLE \"Unknown\"",
		"#define LOAD -1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		build("bad", changes[i]);
		if (taken("bad\ngood\n") != 1)
			fail_msg("%s", changes[i]);
	}
}

static void
an_application_belongs_to_the_first_that_names_it(void **state)
{
	(void)state;
	build("other", "#define TITLE \"Another name\"");
	assert_int_equal(taken("good\nother\n"), 1);
	build("other", "#define APP 2001");
	assert_int_equal(taken("good\nother\n"), 1);
	/* the same one under the same name may come from two modules */
	build("other", "");
	assert_int_equal(taken("good\nother\n"), 2);
}

static void
a_file_that_others_may_write_is_refused(void **state)
{
	(void)state;
	build("bad", "");
	assert_int_equal(taken("bad\n"), 1);
	assert_int_equal(chmod(in_dir("bad.so"), 0664), 0);
	assert_int_equal(taken("bad\n"), 0);
	assert_int_equal(chmod(in_dir("bad.so"), 0646), 0);
	assert_int_equal(taken("bad\n"), 0);
}

static void
a_file_of_another_user_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give files away */
	build("bad", "");
	assert_int_equal(chown(in_dir("bad.so"), 65534, 65534), 0);
	assert_int_equal(taken("bad\n"), 0);
}

static void
a_pipe_is_refused_without_waiting_for_a_writer(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(in_dir("pipe.so"), 0644), 0);
	assert_int_equal(taken("pipe\ngood\n"), 1);
}

static void
what_is_no_shared_object_is_refused(void **state)
{
	(void)state;
	(void)unlink(in_dir("bad.so"));
	write_file("bad.so", "not an object\n");
	assert_int_equal(taken("bad\ngood\n"), 1);
	assert_int_equal(unlink(in_dir("bad.so")), 0);
	assert_int_equal(mkdir(in_dir("bad.so"), 0755), 0);
	assert_int_equal(taken("bad\ngood\n"), 1);
	assert_int_equal(rmdir(in_dir("bad.so")), 0);
}

static struct classify_state
classify_ok(struct classifier *c)
{
	struct packet pkt = { .protocol = NM_TCP,
		              .sport = 1,
		              .dport = 2,
		              .payload = (const uint8_t *)"ok",
		              .payload_len = 2,
		              .payload_wire_len = 2 };
	struct classify_state st = { 0 };

	classify_packet(c, &pkt, true, &st);
	return st;
}

static void
a_reload_takes_a_file_that_was_replaced_and_keeps_verdicts(void **state)
{
	struct classifier *c;
	char list[PATH_MAX];

	(void)state;
	build("again", "#define APP 2100\n#define TITLE \"Before\"");
	write_file("modules", "again\n");
	(void)snprintf(list, sizeof(list), "%s/modules", dir);
	assert_int_equal(classify_new(NULL, &c), NM_OK);
	assert_int_equal(
	    classify_load(c, &(struct classify_files){ .modules = list, .module_dir = dir }, err,
	                  sizeof(err)),
	    NM_OK);
	uint32_t before = classify_labels(c);
	struct classify_state st = classify_ok(c);
	assert_string_equal(classify_app_name(c, st.app), "Before");
	assert_string_equal(classify_reason(c, st.reason), "again signature");

	build("again", "#define APP 2101\n#define TITLE \"After\"");
	assert_int_equal(
	    classify_load(c, &(struct classify_files){ .modules = list, .module_dir = dir }, err,
	                  sizeof(err)),
	    NM_OK);
	assert_int_not_equal(classify_labels(c), before);
	assert_string_equal(classify_app_name(c, st.app), "Before");
	struct classify_state fresh = classify_ok(c);
	assert_string_equal(classify_app_name(c, fresh.app), "After");

	/* a list that does not parse changes nothing */
	write_file("modules", "again\n!\n");
	assert_int_equal(
	    classify_load(c, &(struct classify_files){ .modules = list, .module_dir = dir }, err,
	                  sizeof(err)),
	    NM_EFORMAT);
	fresh = classify_ok(c);
	assert_string_equal(classify_app_name(c, fresh.app), "After");
	classify_free(c);
}

/* The loader knows what is loaded by the names that it was ever opened under, and descriptors' numbers come again. */
static void
modules_are_told_apart_however_often_the_list_is_read(void **state)
{
	static const char *const lists[] = { "one\ntwo\n", "two\none\n" };
	struct classifier *c, *follower;
	struct classify_stats stats;
	char list[PATH_MAX];

	(void)state;
	build("one", "#define APP 2110\n#define TITLE \"One\"");
	build("two", "#define APP 2111\n#define TITLE \"Two\"");
	(void)snprintf(list, sizeof(list), "%s/modules", dir);
	assert_int_equal(classify_new(NULL, &c), NM_OK);
	assert_int_equal(classify_new(NULL, &follower), NM_OK);
	for (unsigned i = 0; i < 20; i++) {
		write_file("modules", lists[i / 2 % 2]);
		assert_int_equal(
		    classify_load(c, &(struct classify_files){ .modules = list, .module_dir = dir },
		                  err, sizeof(err)),
		    NM_OK);
		classify_get_stats(c, &stats);
		assert_int_equal(stats.modules, 2);
		if (i < 10)
			continue;
		assert_int_equal(classify_follow(follower, c), NM_OK);
		assert_int_equal(classify_ok(follower).app, i / 2 % 2 ? 2111 : 2110);
	}
	classify_free(c);
	/* what it holds stays, whatever others gave back */
	assert_int_not_equal(classify_ok(follower).app, APP_UNKNOWN);
	classify_free(follower);
}

static void
a_file_that_is_replaced_is_taken_after_any_number_of_reloads(void **state)
{
	struct classifier *c;
	char list[PATH_MAX], changes[128];

	(void)state;
	write_file("modules", "often\n");
	(void)snprintf(list, sizeof(list), "%s/modules", dir);
	assert_int_equal(classify_new(NULL, &c), NM_OK);
	for (unsigned i = 0; i < 6; i++) {
		(void)snprintf(changes, sizeof(changes),
		               "#define APP %u\n#define TITLE \"Often %u\"", 2120 + i, i);
		build("often", changes);
		for (unsigned reloads = 0; reloads <= i; reloads++)
			assert_int_equal(
			    classify_load(
				c, &(struct classify_files){ .modules = list, .module_dir = dir },
				err, sizeof(err)),
			    NM_OK);
		assert_int_equal(classify_ok(c).app, 2120 + i);
	}
	classify_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_may_have_comments_blank_lines_and_no_newline_at_its_end),
		cmocka_unit_test(a_line_that_is_no_name_refuses_the_list_with_its_number),
		cmocka_unit_test(a_list_that_is_not_there_is_an_error),
		cmocka_unit_test(a_module_that_is_not_there_is_left_out),
		cmocka_unit_test(a_module_listed_twice_is_taken_once),
		cmocka_unit_test(a_descriptor_that_does_not_fit_is_refused),
		cmocka_unit_test(an_application_belongs_to_the_first_that_names_it),
		cmocka_unit_test(a_file_that_others_may_write_is_refused),
		cmocka_unit_test(a_file_of_another_user_is_refused),
		cmocka_unit_test(a_pipe_is_refused_without_waiting_for_a_writer),
		cmocka_unit_test(what_is_no_shared_object_is_refused),
		cmocka_unit_test(a_reload_takes_a_file_that_was_replaced_and_keeps_verdicts),
		cmocka_unit_test(modules_are_told_apart_however_often_the_list_is_read),
		cmocka_unit_test(a_file_that_is_replaced_is_taken_after_any_number_of_reloads),
	};

	return cmocka_run_group_tests_name("modhost", tests, set_up, tear_down);
}
