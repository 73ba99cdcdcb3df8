#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# People talking: IRC (ii and a raw client to ngIRCd), XMPP (slixmpp to Prosody, in the clear and with STARTTLS), NNTP (Python's
# client to leafnode), and Messenger, of which no server is left: there a dialogue is played.
. "$(dirname "$0")/../lib.sh"
. "$HERE/tls.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside desk2 10.10.1.12 2001:db8:a:1::12
host_add outside irc.example 192.0.2.66 2001:db8:f:1::66
host_add outside chat.example 198.51.100.52 2001:db8:f:2::52
host_add outside news.example 203.0.113.119 2001:db8:f:3::119
host_add outside msn.example 203.0.113.186 2001:db8:f:3::186
rule 192.0.2.66,2001:db8:f:1::66 tcp 6667 irc
rule 192.0.2.66,2001:db8:f:1::66 tcp 7000 irc
rule 198.51.100.52,2001:db8:f:2::52 tcp 5222 xmpp
rule 203.0.113.119,2001:db8:f:3::119 tcp 119 nntp
rule 203.0.113.186,2001:db8:f:3::186 tcp 1863 msn
rule 203.0.113.186,2001:db8:f:3::186 tcp 443 msn

authority_make
certificate_make chat.example
printf '[Global]\nName = irc.example\nInfo = a server\nAdminInfo1 = lab\nAdminInfo2 = lab\nAdminEMail = admin@irc.example\n[Options]\nIdent = no\nDNS = no\nPAM = no\n[Global]\nPorts = 6667, 7000\nServerUID = nobody\nListen = ::,0.0.0.0\nMotdPhrase = hello\n' >"$TMP/ngircd.conf"
bg irc.example ngircd ngircd -n -f "$TMP/ngircd.conf"

mkdir -p "$TMP/prosody"
cp "$TMP/chat.example.crt" "$TMP/chat.example.key" "$TMP/prosody/"
cat >"$TMP/prosody.cfg.lua" <<-END
	modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "register_ibr" }
	modules_disabled = { "s2s" }
	data_path = "$TMP/prosody"
	certificates = "$TMP/prosody"
	pidfile = "$TMP/prosody/pid"
	c2s_require_encryption = false
	allow_unencrypted_plain_auth = true
	authentication = "internal_plain"
	log = "*console"
	VirtualHost "chat.example"
END
chown -R prosody "$TMP/prosody"
for name in desk1 desk2; do
	PROSODY_CONFIG=$TMP/prosody.cfg.lua prosodyctl --config "$TMP/prosody.cfg.lua" register $name chat.example secret >>"$TMP/prosodyctl.log" 2>&1 || true
done
bg chat.example prosody setpriv --reuid=prosody --regid=prosody --clear-groups prosody -F --config "$TMP/prosody.cfg.lua"

# leafnode with a spool of its own, laid over the system's in a mount namespace of its own
mkdir -p "$TMP/news"
cp -a /var/spool/news/. "$TMP/news/" 2>/dev/null || true
printf 'server = localhost\nexpire = 20\nhostname = news.campus.lan\nallowSTRANGERS = 42\n' >"$TMP/leafnode.conf"
chown -R news:news "$TMP/news" "$TMP/leafnode.conf"
bg news.example leafnode unshare -m sh -c "mount --bind '$TMP/news' /var/spool/news && mount --bind '$TMP/leafnode.conf' /etc/news/leafnode/config &&
	exec socat TCP6-LISTEN:119,fork,reuseaddr,ipv6only=0 EXEC:'setpriv --reuid=news --regid=news --clear-groups /usr/sbin/leafnode'"
for address in 203.0.113.186 2001:db8:f:3::186; do
	bg msn.example notification /usr/bin/python3 "$HERE/tools/dialogue.py" server $address 1863 "$HERE/dialogues/msn-notification.txt"
	bg msn.example switchboard /usr/bin/python3 "$HERE/tools/dialogue.py" server $address 443 "$HERE/dialogues/msn-switchboard.txt"
done
wait_tcp irc.example 7000
wait_tcp chat.example 5222
wait_tcp news.example 119
wait_tcp msn.example 443

record_start
bg desk1 ii1 ii -s 192.0.2.66 -n desk1 -i "$TMP/ii"
wait_for "ii to connect" test -p "$TMP/ii/192.0.2.66/in"
sleep 1
echo "/j #lab" >"$TMP/ii/192.0.2.66/in"
wait_for "ii to join" test -p "$TMP/ii/192.0.2.66/#lab/in"
echo "is the link up again?" >"$TMP/ii/192.0.2.66/#lab/in"
for host in 192.0.2.66:7000 '[2001:db8:f:1::66]:6667'; do
	{ printf 'NICK desk2\r\nUSER desk2 0 * :Desk Two\r\n'; sleep 0.5; printf 'JOIN #lab\r\nPRIVMSG #lab :it is, since ten\r\nPING :1\r\n'; sleep 0.5
		printf 'QUIT :bye\r\n'; } | in_ns desk2 socat -t 1 - "TCP:$host" >>"$TMP/irc.log" || true # the server hangs up first
done
talk() { # HOST starttls|plain ADDRESS
	in_ns "$1" /usr/bin/python3 "$HERE/tools/xmpp-client.py" "$1@chat.example" secret "$2" "$3" >>"$TMP/xmpp.log" 2>&1
}
talk desk1 plain 198.51.100.52
talk desk2 starttls 198.51.100.52
talk desk1 starttls 2001:db8:f:2::52
talk desk2 plain 2001:db8:f:2::52
for host in 203.0.113.119 2001:db8:f:3::119; do
	in_ns desk1 /usr/bin/python3 -W ignore - $host >>"$TMP/nntp.log" <<-END
		import nntplib, sys
		news = nntplib.NNTP(sys.argv[1], readermode=True, timeout=10)
		news.capabilities() if news.nntp_version > 1 else news.help()
		print(news.list())
		news.date()
		news.quit()
	END
	for part in notification:1863 switchboard:443; do
		[[ $host = *.* ]] && address=203.0.113.186 || address=2001:db8:f:3::186
		in_ns desk2 /usr/bin/python3 "$HERE/tools/dialogue.py" client $address ${part#*:} "$HERE/dialogues/msn-${part%:*}.txt"
	done
done
record_stop
