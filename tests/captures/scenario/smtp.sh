#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SMTP: swaks against Postfix on 25 and aiosmtpd on 587: plain, STARTTLS, AUTH, refused recipients, pipelining.
. "$(dirname "$0")/../lib.sh"
. "$HERE/tls.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside relay 10.10.2.25 2001:db8:a:2::25
host_add outside mx.example 203.0.113.25 2001:db8:f:3::25
host_add outside submit.example 198.51.100.58 2001:db8:f:2::58
rule 203.0.113.25,2001:db8:f:3::25 tcp 25 smtp
rule 198.51.100.58,2001:db8:f:2::58 tcp 587 smtp

authority_make
certificate_make mx.example
certificate_make submit.example

# Postfix with a configuration, queue and state of its own, laid over the system's in a mount namespace of its own
mkdir -p "$TMP/etc" "$TMP/spool" "$TMP/lib"
chown postfix "$TMP/lib"
cp /etc/postfix/postfix-files "$TMP/etc/" 2>/dev/null || true
cat >"$TMP/etc/main.cf" <<-END
	compatibility_level = 3.6
	myhostname = mx.example
	mydestination = example.org
	mynetworks = 127.0.0.0/8
	inet_interfaces = all
	inet_protocols = all
	local_recipient_maps =
	default_transport = discard:
	local_transport = discard:
	smtpd_tls_chain_files = $TMP/mx.example.pem
	smtpd_tls_security_level = may
	smtpd_peername_lookup = no
	smtpd_banner = \$myhostname ESMTP Postfix
	maillog_file = /dev/stdout
END
# the daemons that a receiving server needs; not private: its socket lies in the queue's public folder; most: processes
while read -r service type private most command; do
	echo "$service $type $private - n - $most $command"
done >"$TMP/etc/master.cf" <<-END
	smtp inet n - smtpd
	cleanup unix n 0 cleanup
	qmgr unix n 1 qmgr
	postlog unix-dgram n 1 postlogd
	rewrite unix y - trivial-rewrite
	bounce unix y 0 bounce
	defer unix y 0 bounce
	discard unix y - discard
	tlsmgr unix y 1 tlsmgr
	anvil unix y 1 anvil
	proxymap unix y - proxymap
END
bg mx.example postfix unshare -m sh -c "mount --bind '$TMP/etc' /etc/postfix && mount --bind '$TMP/spool' /var/spool/postfix &&
	mount --bind '$TMP/lib' /var/lib/postfix && postfix start-fg"
bg submit.example submit /usr/bin/python3 "$HERE/tools/smtp-server.py" 587 "$TMP/submit.example.pem" user secret
wait_tcp mx.example 25
wait_tcp submit.example 587

text_file "$TMP/letter.txt" 3000
record_start
send() { # HOST SERVER OPTIONS...
	in_ns "$1" swaks --server "$2" --timeout 10 --helo "$1.example" --from "$1@example.com" --to somebody@example.org \
		--header "Subject: minutes" "${@:3}" >>"$TMP/swaks.log" 2>&1
}
for version in -4 -6; do
	send relay mx.example $version --body "@$TMP/letter.txt"
	send relay mx.example $version --tls
	send relay mx.example $version --pipeline --body "short"
	send desk1 submit.example $version -p 587 --auth-user user --auth-password secret
	send desk1 submit.example $version -p 587 --tls --auth PLAIN --auth-user user --auth-password secret
done
send relay mx.example --protocol SMTP --quit-after RCPT
send relay mx.example --to nobody@elsewhere.example && die "an open relay"
send desk1 submit.example -p 587 --auth-user user --auth-password wrong && die "a wrong password was accepted"
record_stop
