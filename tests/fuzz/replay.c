/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Replays a seed corpus through a libFuzzer target without libFuzzer: each file of the folder is one TAP case. Sanitizers
 * abort the program on a finding, which prove reports.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SEED_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The seed is copied to a block of its exact size, so that a read behind its end is seen. */
static int
replay_file(const char *path)
{
	static uint8_t buf[SEED_MAX];
	FILE *file = fopen(path, "rbe");

	if (!file)
		return -1;
	size_t len = fread(buf, 1, sizeof(buf), file);
	(void)fclose(file);
	uint8_t *exact = malloc(len ? len : 1);
	if (!exact)
		return -1;
	for (size_t i = 0; i < len; i++)
		exact[i] = buf[i];
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 0;
}

int
main(int argc, char **argv)
{
	struct dirent **names;
	unsigned cases = 0;

	int n = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
	if (n < 0) {
		(void)fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < n; i++) {
		char path[4096];

		(void)snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			printf("%s %u - replays %s\n", replay_file(path) == 0 ? "ok" : "not ok",
			       ++cases, names[i]->d_name);
		(void)fflush(stdout);
		free(names[i]);
	}
	free(names);
	printf("1..%u\n", cases);
	return 0;
}
