#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What keeps a network in order: NTP (chrony), SNMP 1, 2c and 3 (net-snmp, with traps), syslog (logger to rsyslog: both
# formats, UDP and TCP), NetFlow 5 and 9 and IPFIX (softflowd to nfcapd), TFTP (tftpd-hpa), over IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside switch 10.10.2.2 2001:db8:a:2::2
host_add outside time.example 192.0.2.123 2001:db8:f:1::123
host_add outside noc.example 203.0.113.161 2001:db8:f:3::161
rule 192.0.2.123,2001:db8:f:1::123 udp 123 ntp
noc=203.0.113.161,2001:db8:f:3::161
rule $noc udp 161 snmp
rule $noc udp 162 snmp
rule $noc udp 1161 snmp
for port in 514 1514; do
	rule $noc udp $port syslog
	rule $noc tcp $port syslog
done
rule $noc udp 2055 netflow
rule $noc udp 9995 netflow
rule $noc udp 4739 netflow
# the server answers from a port of its own, which the client's port is the other end of
rule $noc udp 69 tftp
for host in noc.example desk1; do in_ns $host sysctl -qw net.ipv4.ip_local_port_range="40000 49999"; done
rule $noc udp 50000-50099 tftp

cat >"$TMP/chrony.conf" <<-END
	local stratum 3
	allow all
	cmdport 0
	pidfile $TMP/chrony.pid
	bindcmdaddress /
END
bg time.example chrony chronyd -x -d -f "$TMP/chrony.conf"
cat >"$TMP/snmpd.conf" <<-END
	agentaddress udp:161,udp6:161,udp:1161
	rocommunity public
	rocommunity6 public
	createUser reader SHA secretsecret AES secretsecret
	rouser reader
	sysLocation lab
END
mkdir -p "$TMP/snmp"
bg noc.example snmpd env MIBS= SNMP_PERSISTENT_DIR="$TMP/snmp" snmpd -f -Lo -C -c "$TMP/snmpd.conf" -I -smux -p "$TMP/snmp/pid"
cat >"$TMP/rsyslog.conf" <<-END
	global(workDirectory="$TMP")
	module(load="imudp")
	module(load="imtcp")
	input(type="imudp" port="514")
	input(type="imudp" port="1514")
	input(type="imtcp" port="514")
	input(type="imtcp" port="1514")
	*.* $TMP/messages
END
bg noc.example rsyslog rsyslogd -n -f "$TMP/rsyslog.conf" -i "$TMP/rsyslog.pid"
for port in 2055 9995 4739; do
	mkdir -p "$TMP/flows$port"
	six=
	[ $port != 4739 ] || six=-6
	bg noc.example nfcapd$port nfcapd -p $port -w "$TMP/flows$port" ${six:+"$six"}
	wait_udp noc.example $port
done
mkdir -p "$TMP/tftp"
text_file "$TMP/tftp/firmware.txt" 3000
chmod -R a+rwX "$TMP/tftp"
bg noc.example tftpd in.tftpd -L -c -p -R 50000:50099 -s "$TMP/tftp"
bg noc.example traps env MIBS= SNMP_PERSISTENT_DIR="$TMP/snmp" snmptrapd -f -Lo -C --disableAuthorization=yes -p "$TMP/snmp/trapid" udp:162 udp6:162
wait_udp time.example 123
wait_udp noc.example 161
wait_udp noc.example 162
wait_udp noc.example 69
wait_tcp noc.example 1514
sleep 1

record_start
for host in 192.0.2.123 2001:db8:f:1::123; do
	in_ns desk1 chronyd -x -Q -t 8 "server $host iburst maxsamples 2" >>"$TMP/clock.log" 2>&1
done
for host in 203.0.113.161 'udp6:[2001:db8:f:3::161]'; do
	snmp() { in_ns switch env MIBS= SNMP_PERSISTENT_DIR="$TMP/snmp" "$1" -t 2 -r 1 "${@:2}" >>"$TMP/snmp.log" 2>&1; }
	snmp snmpget -v1 -c public $host 1.3.6.1.2.1.1.6.0
	snmp snmpwalk -v2c -c public $host 1.3.6.1.2.1.1
	snmp snmpbulkget -v2c -c public $host 1.3.6.1.2.1.2
	snmp snmpget -v3 -u reader -l authPriv -a SHA -A secretsecret -x AES -X secretsecret $host 1.3.6.1.2.1.1.5.0
	snmp snmpget -v2c -c wrong $host 1.3.6.1.2.1.1.6.0 && die "a wrong community was accepted"
	snmp snmptrap -v2c -c public $host:162 '' 1.3.6.1.6.3.1.1.5.3
	snmp snmpinform -v2c -c public $host:162 '' 1.3.6.1.6.3.1.1.5.4
done
snmp snmpget -v2c -c public 203.0.113.161:1161 1.3.6.1.2.1.1.1.0
for host in 203.0.113.161 2001:db8:f:3::161; do
	log() { in_ns switch logger -n $host -t switch "$@"; }
	log --rfc3164 -d -P 514 "link 1 went down"
	log --rfc5424 -d -P 1514 "link 1 came up"
	log --rfc3164 -T -P 514 "link 2 went down"
	log --rfc5424 -T --octet-count -P 1514 "link 2 came up"
	log --rfc5424 -T -P 1514 -p kern.crit "a fan failed"
done
flows() { # CAPTURE VERSION COLLECTOR: what softflowd makes of another capture
	in_ns switch softflowd -d -r "$HERE/$1.pcap" -v "$2" -n "$3" >>"$TMP/softflowd.log" 2>&1
}
flows dns 5 203.0.113.161:2055
flows dns 9 203.0.113.161:9995
flows dns 10 '[2001:db8:f:3::161]:4739'
for host in 203.0.113.161 '[2001:db8:f:3::161]'; do
	in_ns desk1 curl -sS -g --max-time 10 -o "$TMP/got" "tftp://$host/firmware.txt"
	cmp "$TMP/got" "$TMP/tftp/firmware.txt"
	in_ns desk1 curl -sS -g --max-time 10 -o "$TMP/got" --tftp-no-options "tftp://$host/firmware.txt"
	in_ns desk1 curl -sS -g --max-time 10 -T "$TMP/tftp/firmware.txt" "tftp://$host/copy.txt"
done
in_ns desk1 curl -sS --max-time 10 tftp://203.0.113.161/missing 2>/dev/null && die "what is not there was sent"
record_stop
