/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of services that comes with netmon, beside the applications of its modules. */
#include "lib/err.h"
#include "probe/services.h"
#include "tests/support/all_modules.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

static struct services *shipped;

/* The name of the service that a host's name leads to, "-" for none. */
static const char *
found(const char *host)
{
	const struct service *service = services_find(shipped, host, strlen(host));

	return service ? service->name : "-";
}

static int
load_shipped(void **state)
{
	const char *build = getenv("NETMON_BUILD");
	char path[PATH_MAX + 32], tree[PATH_MAX] = "", err[512] = "";

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/.netmon-build", build ? build : "build");
	FILE *stamp = fopen(path, "re");
	if (!stamp || !fgets(tree, sizeof(tree), stamp))
		return -1;
	(void)fclose(stamp);
	tree[strcspn(tree, "\n")] = '\0';
	(void)snprintf(path, sizeof(path), "%s/etc/services.conf", tree);
	if (services_load(path, &shipped, err, sizeof(err)) == NM_OK)
		return 0;
	print_error("%s\n", err);
	return -1;
}

static int
free_shipped(void **state)
{
	(void)state;
	services_unref(shipped);
	return 0;
}

static void
the_list_has_the_services_that_fill_links(void **state)
{
	static const char *const hosts[][2] = {
		{ "rr3---sn-4g5e6nzz.googlevideo.com", "YouTube" },
		{ "ipv4-c001-fra001-ix.1.oca.nflxvideo.net", "Netflix" },
		{ "mmx-ds.cdn.whatsapp.net", "WhatsApp" },
		{ "scontent-fra3-1.cdninstagram.com", "Instagram" },
		{ "fe2.update.microsoft.com", "Windows Update" },
		{ "outlook.office365.com", "Outlook" },
		{ "gateway.icloud.com", "iCloud" },
		{ "steamcommunity.com", "Steam" },
		{ "de.wikipedia.org", "Wikipedia" },
		{ "chatgpt.com", "ChatGPT" },
	};

	(void)state;
	assert_in_range(services_count(shipped), 150, SERVICES_MAX);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		assert_string_equal(found(hosts[i][0]), hosts[i][1]);
}

/* What has the name of a module's application counts as that application, so it has to be the same thing: a product that has a
 * protocol of its own beside TLS. These are the categories of such; protocols are in others. */
static const char *const categories[] = {
	"Chat",      "Cloud", "Conferencing", "File sharing",    "Games",
	"Messaging", "Music", "Peer-to-peer", "Remote access",   "Remote desktop",
	"Streaming", "Video", "VPN",          "Voice and video",
};

static bool
is_of_products(const char *category)
{
	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		if (strcmp(categories[i], category) == 0)
			return true;
	return false;
}

static void
no_service_of_the_list_has_the_name_of_a_protocol(void **state)
{
	(void)state;
	for (size_t i = 0; all_modules[i]; i++)
		for (size_t j = 0; j < all_modules[i]->n_apps; j++) {
			const struct nm_app *app = &all_modules[i]->apps[j];

			for (size_t k = 0; k < services_count(shipped); k++)
				if (strcasecmp(services_at(shipped, k)->name, app->name) == 0 &&
				    !is_of_products(app->category))
					fail_msg("%s (%s)", app->name, app->category);
		}
}

static void
each_service_of_the_list_says_its_category(void **state)
{
	(void)state;
	for (size_t i = 0; i < services_count(shipped); i++)
		assert_string_not_equal(services_at(shipped, i)->category, "Other");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_has_the_services_that_fill_links),
		cmocka_unit_test(no_service_of_the_list_has_the_name_of_a_protocol),
		cmocka_unit_test(each_service_of_the_list_says_its_category),
	};

	return cmocka_run_group_tests_name("service list", tests, load_shipped, free_shipped);
}
