/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon contact: whom alert rules tell. */
#include "cron/admin/cmd.h"
#include "lib/db_alert.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/opts.h"

#include <stdio.h>
#include <string.h>

static int
run_add(struct cmd_context *ctx, int argc, const char *const *argv)
{
	const char *email = cmd_value(ctx, "email"), *sms = cmd_value(ctx, "sms");
	struct alert_contact contact = { .kind = email ? ALERT_EMAIL : ALERT_SMS };
	int64_t id = 0;

	(void)argc;
	if (!email == !sms)
		opts_usage("name one of --email and --sms");
	if (!alert_name_ok(argv[0]) || strchr(argv[0], ','))
		opts_usage("a contact's name is 1 to %d bytes of text without commas and control"
		           " characters",
		           ALERT_NAME_MAX - 1);
	if (email && !alert_address_ok(ALERT_EMAIL, email))
		opts_usage("--email must be like noc@example.org, not \"%s\"", email);
	if (sms && !alert_address_ok(ALERT_SMS, sms))
		opts_usage("--sms must be 3 to 20 digits, a + may lead, not \"%s\"", sms);
	(void)snprintf(contact.name, sizeof(contact.name), "%s", argv[0]);
	(void)snprintf(contact.address, sizeof(contact.address), "%s", email ? email : sms);
	int rc = db_alert_contact_add(ctx->db, &contact, &id);
	return rc < 0 ? cmd_fail(ctx, argv[0], rc) : 0;
}

static int
list_contact(void *arg, const struct alert_contact *contact)
{
	const char *cells[] = { contact->name, alert_contact_kind_name(contact->kind),
		                contact->address };

	cmd_table_row(arg, cells);
	return 0;
}

static int
run_list(struct cmd_context *ctx, int argc, const char *const *argv)
{
	static const char *const headings[] = { "NAME", "KIND", "ADDRESS" };
	struct cmd_table table;

	(void)argc;
	(void)argv;
	cmd_table_begin(&table, headings, 3);
	int rc = db_alert_contact_each(ctx->db, 0, list_contact, &table);
	cmd_table_end(&table);
	return rc < 0 ? cmd_fail(ctx, "contacts", rc) : 0;
}

static int
run_remove(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct alert_contact contact;
	int rc = db_begin_write(ctx->db), status = 0;

	(void)argc;
	if (rc == NM_OK)
		rc = db_alert_contact_find(ctx->db, argv[0], &contact);
	if (rc == NM_OK)
		rc = db_alert_contact_remove(ctx->db, contact.id);
	if (rc == NM_OK)
		rc = db_commit(ctx->db);
	if (rc == NM_EORDER) {
		log_error("a rule still tells that contact: remove the rule first");
		status = 1;
	} else if (rc < 0) {
		status = cmd_fail(ctx, argv[0], rc);
	}
	if (rc < 0)
		db_rollback(ctx->db);
	return status;
}

static const struct cmd_option add_options[] = {
	{ "email", "ADDR", "tell by mail" },
	{ "sms", "NUMBER", "tell by SMS" },
	{ NULL, NULL, NULL },
};

static const struct cmd_verb verbs[] = {
	{ "add", "NAME", "add a contact", 1, 1, CMD_WRITE, add_options, run_add },
	{ "list", "", "list the contacts", 0, 0, CMD_READ, NULL, run_list },
	{ "remove", "NAME", "remove a contact", 1, 1, CMD_WRITE, NULL, run_remove },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};

const struct cmd cmd_contact = { "contact", "whom alert rules tell", verbs };
