#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Fetching and submitting mail: curl and Python's clients against Dovecot, POP3 (110), IMAP (143), both with STARTTLS,
# POP3S (995), IMAPS (993), IMAP on another port; swaks against aiosmtpd, SMTPS (465) and submission (587).
. "$(dirname "$0")/../lib.sh"
. "$HERE/tls.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside desk2 10.10.1.12 2001:db8:a:1::12
host_add outside mail.example 203.0.113.143 2001:db8:f:3::143
host_add outside submit.example 198.51.100.58 2001:db8:f:2::58
mail=203.0.113.143,2001:db8:f:3::143
rule $mail tcp 110 pop3
rule $mail tcp 143 imap
rule $mail tcp 1143 imap
rule $mail tcp 993 imaps
rule $mail tcp 995 pop3s
rule 198.51.100.58,2001:db8:f:2::58 tcp 587 smtp
rule 198.51.100.58,2001:db8:f:2::58 tcp 465 smtps

authority_make
certificate_make mail.example
certificate_make submit.example
mkdir -p "$TMP/run" "$TMP/mail/cur" "$TMP/mail/new" "$TMP/mail/tmp"
for number in 1 2; do
	text_file "$TMP/text" $((number * 700))
	{
		printf 'From: somebody@example.org\r\nTo: user@example.com\r\nSubject: minutes %d\r\n\r\n' $number
		fold -s -w 76 "$TMP/text"
	} >"$TMP/mail/new/$number.host"
done
chown -R nobody:nogroup "$TMP/mail"
cat >"$TMP/dovecot.conf" <<-END
	base_dir = $TMP/run
	protocols = imap pop3
	log_path = /dev/stderr
	ssl_cert = <$TMP/mail.example.crt
	ssl_key = <$TMP/mail.example.key
	disable_plaintext_auth = no
	mail_location = maildir:$TMP/mail
	first_valid_uid = 1
	passdb {
	  driver = static
	  args = password=secret
	}
	userdb {
	  driver = static
	  args = uid=nobody gid=nogroup home=$TMP/mail
	}
	service imap-login {
	  inet_listener imap {
	    port = 143
	  }
	  inet_listener other {
	    port = 1143
	  }
	}
END
bg mail.example dovecot dovecot -F -c "$TMP/dovecot.conf"
bg submit.example submit /usr/bin/python3 "$HERE/tools/smtp-server.py" 587 "$TMP/submit.example.pem" user secret
bg submit.example smtps /usr/bin/python3 "$HERE/tools/smtp-server.py" 465 "$TMP/submit.example.pem" user secret
wait_tcp mail.example 995
wait_tcp mail.example 143
wait_tcp submit.example 587
wait_tcp submit.example 465

record_start
fetch() { in_ns "$1" curl -sS --max-time 10 --cacert "$TMP/ca.crt" -u user:secret -o "$TMP/got" "${@:2}"; }
for version in -4 -6; do
	fetch desk1 $version pop3://mail.example/
	fetch desk1 $version --ssl-reqd pop3://mail.example/1
	fetch desk1 $version pop3s://mail.example/2
	fetch desk1 $version "imap://mail.example/INBOX;MAILINDEX=1"
	fetch desk1 $version --ssl-reqd "imap://mail.example/INBOX;MAILINDEX=2"
	fetch desk1 $version imaps://mail.example/ -X 'STATUS INBOX (MESSAGES)'
	fetch desk1 $version --tls-max 1.2 imaps://mail.example/
	fetch desk1 $version imap://mail.example:1143/ -X 'EXAMINE INBOX'
	in_ns desk1 swaks $version --server submit.example -p 465 --tls-on-connect --timeout 10 --helo desk1.example --auth-user user \
		--auth-password secret --from user@example.com --to somebody@example.org >>"$TMP/swaks.log" 2>&1
	in_ns desk1 swaks $version --server submit.example -p 587 --tls --timeout 10 --helo desk1.example --auth-user user \
		--auth-password secret --from user@example.com --to somebody@example.org >>"$TMP/swaks.log" 2>&1
done
fetch desk1 -u user:wrong pop3://mail.example/ && die "a wrong password was accepted"
in_ns desk2 /usr/bin/python3 - <<-END
	import imaplib, poplib
	box = imaplib.IMAP4("mail.example")
	box.login("user", "secret")
	box.select()
	box.search(None, "ALL")
	box.fetch("1:*", "(FLAGS BODY[HEADER])")
	box.store("1", "+FLAGS", r"(\\Seen)")
	box.append("INBOX", None, None, b"Subject: a note\r\n\r\nto myself\r\n")
	box.close()
	box.logout()
	old = poplib.POP3("mail.example")
	old.capa()
	old.user("user")
	old.pass_("secret")
	old.stat()
	old.uidl()
	old.retr(1)
	old.dele(1)
	old.quit()
END
record_stop
