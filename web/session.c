/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session cookies without a table. */
#include "web/session.h"

#include "lib/err.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(crypto_auth_KEYBYTES == USER_SESSION_KEY_SIZE, "the store's key signs cookies");

#define MAC_VARIANT   sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define MAC_TEXT_SIZE sodium_base64_ENCODED_LEN(crypto_auth_BYTES, MAC_VARIANT)

int
session_make(const struct db_user *user, int64_t now_s, const uint8_t key[USER_SESSION_KEY_SIZE],
             char *ret_text, size_t size)
{
	unsigned char mac[crypto_auth_BYTES];
	char text[SESSION_TEXT_MAX], mac_text[MAC_TEXT_SIZE];

	int n = snprintf(text, sizeof(text), "1.%" PRId64 ".%" PRId64 ".%" PRId64, user->id,
	                 user->sessions, now_s + SESSION_LIFE_S);
	(void)crypto_auth(mac, (const unsigned char *)text, (unsigned long long)n, key);
	(void)sodium_bin2base64(mac_text, sizeof(mac_text), mac, sizeof(mac), MAC_VARIANT);
	n = snprintf(ret_text, size, "%s.%s", text, mac_text);
	return n < 0 || (size_t)n >= size ? NM_ELIMIT : NM_OK;
}

int
session_check(const char *text, int64_t now_s, const uint8_t key[USER_SESSION_KEY_SIZE],
              struct session *ret_session)
{
	unsigned char mac[crypto_auth_BYTES];
	const char *dot = strrchr(text, '.');
	struct session s;
	size_t mac_len = 0;

	if (!dot || sodium_base642bin(mac, sizeof(mac), dot + 1, strlen(dot + 1), NULL, &mac_len,
	                              NULL, MAC_VARIANT) != 0)
		return NM_EFORMAT;
	if (mac_len != sizeof(mac) ||
	    crypto_auth_verify(mac, (const unsigned char *)text, (unsigned long long)(dot - text),
	                       key) != 0)
		return NM_EFORMAT;
	/* signed by us, so the numbers are as we wrote them */
	if (sscanf(text, "1.%" SCNd64 ".%" SCNd64 ".%" SCNd64, &s.user, &s.sessions, /* NOLINT */
	           &s.expires_s) != 3)
		return NM_EFORMAT;
	if (s.expires_s <= now_s)
		return NM_ENOTFOUND;
	*ret_session = s;
	return NM_OK;
}

int
session_set_cookie(const char *text, const char *base, bool secure, char *ret_header, size_t size)
{
	/* Lax, not Strict: a link in an alert's mail must find the reader signed in */
	int n = snprintf(ret_header, size, "%s=%s; Path=%s/; Max-Age=%d; HttpOnly; SameSite=Lax%s",
	                 SESSION_COOKIE, text, base, *text ? SESSION_LIFE_S : 0,
	                 secure ? "; Secure" : "");

	return n < 0 || (size_t)n >= size ? NM_ELIMIT : NM_OK;
}
