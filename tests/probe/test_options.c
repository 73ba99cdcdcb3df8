/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options: command line over file over defaults, and one line with status 2 for what is wrong. */
#include "probe/options.h"

#include "lib/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MAX 16

static char config_path[64];

static int
setup(void **state)
{
	(void)state;
	log_init("netmonc", LOG_LEVEL_WARN);
	(void)snprintf(config_path, sizeof(config_path), "/tmp/netmonc-conf-XXXXXX");
	int fd = mkstemp(config_path);
	return fd < 0 ? -1 : close(fd);
}

static int
teardown(void **state)
{
	(void)state;
	return unlink(config_path);
}

static void
write_config(const char *text)
{
	FILE *file = fopen(config_path, "w");

	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

/* Splits `line` at spaces and parses it behind --config. */
static void
parse(const char *line, struct options *ret_options)
{
	char words[512];
	const char *argv[WORDS_MAX + 4] = { "netmonc", "--config", config_path };
	int argc = 3;
	char *rest = words;

	(void)snprintf(words, sizeof(words), "%s", line);
	while (argc < WORDS_MAX + 3) {
		char *word = strsep(&rest, " ");
		if (!word)
			break;
		if (*word)
			argv[argc++] = word;
	}
	options_parse(argc, argv, ret_options);
}

/* Parses in a child. Returns its exit status and what it said. */
static int
refuse(const char *line, char *ret_said, size_t size)
{
	int ends[2], status;
	size_t len = 0;
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct options o;
		(void)dup2(ends[1], STDERR_FILENO);
		parse(line, &o);
		_exit(0);
	}
	(void)close(ends[1]);
	while (len < size - 1 && (n = read(ends[0], ret_said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	ret_said[len] = '\0';
	(void)close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
assert_refused(const char *line, const char *words)
{
	char said[1024];
	int status = refuse(line, said, sizeof(said));

	if (status != 2 || !strstr(said, words) || strchr(said, '\n') != said + strlen(said) - 1)
		fail_msg("\"%s\" ended with %d and said: %s", line, status, said);
}

static void
defaults_fill_what_is_not_given(void **state)
{
	struct options o;

	(void)state;
	parse("-i eth0", &o);
	assert_string_equal(o.host, "localhost");
	assert_int_equal(o.port, 5000);
	assert_null(o.output);
	assert_int_equal(o.active_s, 60);
	assert_int_equal(o.idle_s, 30);
	assert_int_equal(o.max_packets, 1000);
	assert_int_equal(o.max_octets, 1000000);
	assert_int_equal(o.snapshot_ms, 0);
	assert_int_equal(o.sampling, 1);
	assert_int_equal(o.workers, 1);
	assert_int_equal(o.max_fragments, 4096);
	assert_false(o.no_decap);
	assert_false(o.no_sandbox);
	assert_int_equal(o.interfaces.n, 1);
	assert_string_equal(o.links.v[0], "eth0");
	assert_true(strlen(o.probe) > 0);
	assert_non_null(strstr(o.modules, "modules"));
	options_free(&o);
}

static void
short_options_are_those_of_the_original(void **state)
{
	struct options o;

	(void)state;
	parse("-i eth0 -i eth1 -h collector -p 5001 -vv", &o);
	assert_string_equal(o.host, "collector");
	assert_int_equal(o.port, 5001);
	assert_int_equal(o.interfaces.n, 2);
	assert_string_equal(o.links.v[1], "eth1");
	assert_int_equal(o.verbose, 2);
	options_free(&o);
}

static void
the_last_words_are_the_filter(void **state)
{
	struct options o;

	(void)state;
	parse("-r a.pcap -r b.pcap tcp and not port 22", &o);
	assert_string_equal(o.filter, "tcp and not port 22");
	assert_int_equal(o.files.n, 2);
	assert_int_equal(o.links.n, 1);
	assert_string_equal(o.links.v[0], "a.pcap");
	options_free(&o);
}

static void
links_are_named_in_order(void **state)
{
	struct options o;

	(void)state;
	parse("-i eth0 -i eth1 --link uplink", &o);
	assert_int_equal(o.links.n, 2);
	assert_string_equal(o.links.v[0], "uplink");
	assert_string_equal(o.links.v[1], "eth1");
	options_free(&o);
	parse("-r /tmp/x/y.pcap", &o);
	assert_string_equal(o.links.v[0], "y.pcap");
	options_free(&o);
	parse("-r -", &o);
	assert_string_equal(o.links.v[0], "stdin");
	options_free(&o);
}

static void
the_file_sets_what_the_command_line_does_not(void **state)
{
	struct options o;

	(void)state;
	write_config("# a comment\ninterface = {\"eth5\", \"eth6\"}\nhost = \"there\"\n"
	             "active_timeout = 120\nidle_timeout = 15\nfilter = \"tcp\"\n");
	parse("--idle-timeout 20", &o);
	assert_int_equal(o.interfaces.n, 2);
	assert_string_equal(o.interfaces.v[1], "eth6");
	assert_string_equal(o.host, "there");
	assert_int_equal(o.active_s, 120);
	assert_int_equal(o.idle_s, 20);
	assert_string_equal(o.filter, "tcp");
	options_free(&o);
	parse("-i eth0 udp", &o);
	assert_int_equal(o.interfaces.n, 1);
	assert_string_equal(o.filter, "udp");
	options_free(&o);
	parse("-r x.pcap", &o);
	assert_int_equal(o.interfaces.n, 0);
	options_free(&o);
}

static void
the_engine_is_set_on_the_command_line(void **state)
{
	struct options o;

	(void)state;
	parse("-i eth0 --snapshot 100ms --sample 1000 --workers 64 --no-decap --max-fragments 1 "
	      "--no-sandbox",
	      &o);
	assert_int_equal(o.snapshot_ms, 100);
	assert_int_equal(o.sampling, 1000);
	assert_int_equal(o.workers, 64);
	assert_int_equal(o.max_fragments, 1);
	assert_true(o.no_decap);
	assert_true(o.no_sandbox);
	options_free(&o);
	/* whatever cuts a record first, cuts it: no order of times is wrong */
	parse("-i eth0 --snapshot 60s --active-timeout 1 --idle-timeout 1", &o);
	assert_int_equal(o.snapshot_ms, 60000);
	options_free(&o);
}

static void
the_engine_is_set_in_the_file(void **state)
{
	struct options o;

	(void)state;
	write_config("snapshot = 500ms\nsample = 10\nworkers = 4\nno_decap = true\n"
	             "max_fragments = 1048576\nno_sandbox = \"yes\"\n");
	parse("-i eth0", &o);
	assert_int_equal(o.snapshot_ms, 500);
	assert_int_equal(o.sampling, 10);
	assert_int_equal(o.workers, 4);
	assert_int_equal(o.max_fragments, 1048576);
	assert_true(o.no_decap);
	assert_true(o.no_sandbox);
	options_free(&o);
	write_config("no_decap = false\nno_sandbox = off\n");
	parse("-i eth0 --no-sandbox", &o);
	assert_false(o.no_decap);
	assert_true(o.no_sandbox);
	options_free(&o);
}

static void
workers_in_the_file_are_for_interfaces(void **state)
{
	struct options o;

	(void)state;
	write_config("interface = {\"eth0\"}\nworkers = 4\nsample = 10\n");
	parse("-r x.pcap", &o);
	assert_int_equal(o.workers, 1);
	assert_int_equal(o.sampling, 10);
	options_free(&o);
	parse("-r x.pcap --workers 2", &o);
	assert_int_equal(o.workers, 2);
	options_free(&o);
}

/* Prints options to a file and reads it back. */
static void
print_options(const char *line, char *ret_text, size_t size)
{
	struct options o;
	FILE *file = tmpfile();

	assert_non_null(file);
	parse(line, &o);
	(void)fflush(stdout);
	int keep = dup(STDOUT_FILENO);
	assert_true(keep >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
	options_print(&o);
	(void)fflush(stdout);
	assert_true(dup2(keep, STDOUT_FILENO) >= 0);
	(void)close(keep);
	options_free(&o);
	rewind(file);
	ret_text[fread(ret_text, 1, size - 1, file)] = '\0';
	(void)fclose(file);
}

static void
check_says_what_would_run(void **state)
{
	char text[4096];

	(void)state;
	print_options("-i eth0", text, sizeof(text));
	assert_non_null(strstr(text, "\nfragments      at most 4096 datagrams at a time\n"));
	assert_null(strstr(text, "\nsnapshot "));
	assert_null(strstr(text, "\nsampling "));
	assert_null(strstr(text, "\nworkers "));
	assert_null(strstr(text, "\ntunnels "));
	assert_null(strstr(text, "\nsandbox "));
	print_options("-i eth0 --snapshot 2s --sample 100 --workers 3 --no-decap --no-sandbox",
	              text, sizeof(text));
	assert_non_null(strstr(text, "\nsnapshot       all flows are cut every 2000 ms\n"));
	assert_non_null(strstr(text, "\nsampling       one packet in 100 is metered"));
	assert_non_null(strstr(text, "\nworkers        3 threads"));
	assert_non_null(strstr(text, "\ntunnels        by their outer addresses\n"));
	assert_non_null(strstr(text, "\nsandbox        without"));
}

static void
a_wrong_command_line_is_one_line_and_status_2(void **state)
{
	static const char *const lines[][2] = {
		{ "", "-i" },
		{ "-i eth0 -r x", "-i and -r" },
		{ "-i eth0 --nonsense", "unknown option" },
		{ "-i", "missing argument" },
		{ "-i eth0 -p 0", "--port must be a number from 1 to 65535" },
		{ "-i eth0 -p 65536", "--port" },
		{ "-i eth0 -p 50x", "--port" },
		{ "-i eth0 --max-packets 65536", "--max-packets" },
		{ "-i eth0 -o xml", "csv, json, sql or records" },
		{ "-i eth0 no such filter", "filter" },
		{ "-i eth0 --link a --link b", "2 names given with --link for 1 link" },
		{ "-i eth0 --link b\001d", "printable" },
		{ "-i eth0 --probe 1234567890123456789012345678901234567890123456789012345678901234",
		  "1 to 63" },
		{ "-i eth0 --host=", "must not be empty" },
		{ "-i eth0 --snapshot 99ms", "--snapshot must be a time from 100ms to 60s" },
		{ "-i eth0 --snapshot 61s", "--snapshot" },
		{ "-i eth0 --snapshot 500", "--snapshot" },
		{ "-i eth0 --sample 0", "--sample must be a number from 1 to 1000" },
		{ "-i eth0 --sample 1001", "--sample" },
		{ "-i eth0 --workers 0", "--workers must be a number from 1 to 64" },
		{ "-i eth0 --workers 65", "--workers" },
		{ "-i eth0 --max-fragments 0", "--max-fragments" },
		{ "-i eth0 --no-decap=true", "--no-decap" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_refused(lines[i][0], lines[i][1]);
}

static void
a_wrong_file_is_one_line_and_status_2(void **state)
{
	static const char *const files[][2] = {
		{ "colour = \"red\"\n", ":1: " },
		{ "host = \"a\"\nport = 70000\n", "port must be a number from 1 to 65535" },
		{ "host = \n", ":" },
		{ "interface = {\"eth0\"\n", ":" },
		{ "read = {\"x\"}\n", ":1: " },
		{ "snapshot = 5\n", "snapshot must be a time from 100ms to 60s" },
		{ "no_decap = perhaps\n", "no_decap must be true or false" },
		{ "no_decap = \"\"\n", "no_decap must be true or false" },
		{ "workers = 65\n", "workers must be a number from 1 to 64" },
	};
	char place[128];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		write_config(files[i][0]);
		assert_refused("-i eth0", files[i][1]);
		assert_refused("-i eth0", config_path);
	}
	(void)snprintf(place, sizeof(place), "-i eth0 --config %s/none", config_path);
	assert_refused(place, "none");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(defaults_fill_what_is_not_given),
		T(short_options_are_those_of_the_original),
		T(the_last_words_are_the_filter),
		T(links_are_named_in_order),
		T(the_file_sets_what_the_command_line_does_not),
		T(the_engine_is_set_on_the_command_line),
		T(the_engine_is_set_in_the_file),
		T(workers_in_the_file_are_for_interfaces),
		T(check_says_what_would_run),
		T(a_wrong_command_line_is_one_line_and_status_2),
		T(a_wrong_file_is_one_line_and_status_2),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
