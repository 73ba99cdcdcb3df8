#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# More of what is between machines: IPMI (ipmitool to ipmi_sim), rlogin and rsh, RPKI to routers (rtrclient to StayRTR), OpenFlow
# (ovs-ofctl to a controller), Diameter (two freeDiameter), ZeroMQ and Thrift (Python), Graphite's lines, a ping of Mumble's.
. "$(dirname "$0")/../lib.sh"
. "$HERE/tls.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside dia1.example 10.10.2.38 2001:db8:a:2::38
host_add outside node.example 198.51.100.10 2001:db8:f:2::10
host_add outside dia2.example 203.0.113.38 2001:db8:f:3::38
node=198.51.100.10,2001:db8:f:2::10
rule $node udp 623 rmcp
rule $node tcp 513 rlogin
rule $node tcp 514 rsh
# the errors of a command go to a port of the client's
rule 10.10.1.11 tcp 512-1023 rsh 'rsh|unknown'
rule $node tcp 323 rpki-rtr
rule $node tcp 6653 openflow
rule $node tcp 6633 openflow
rule $node tcp 5555 zeromq
rule $node tcp 9090 thrift
rule $node tcp 2003 graphite
rule $node udp 64738 mumble
rule 203.0.113.38 tcp 3868 diameter

# --- IPMI
mkdir -p "$TMP/ipmi"
printf 'name "sim"\nset_working_mc 0x20\n startlan 1\n  addr 0.0.0.0 623\n  priv_limit admin\n  allowed_auths_admin none md2 md5 straight\n  guid a123456789abcdefa123456789abcdef\n endlan\n user 2 true "admin" "secret" admin 10 none md2 md5 straight\n' >"$TMP/ipmi.conf"
printf 'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n' >"$TMP/ipmi.emu"
bg node.example ipmi ipmi_sim -n -c "$TMP/ipmi.conf" -f "$TMP/ipmi.emu" -s "$TMP/ipmi"
# --- remote shells
bg node.example rlogind socat TCP4-LISTEN:513,fork,reuseaddr EXEC:/usr/sbin/in.rlogind,nofork
bg node.example rshd socat TCP4-LISTEN:514,fork,reuseaddr EXEC:/usr/sbin/in.rshd,nofork
# --- RPKI
printf '{"metadata":{"buildtime":"2026-11-21T00:00:00Z"},"roas":[{"asn":65001,"prefix":"192.0.2.0/24","maxLength":24,"ta":"lab"},{"asn":65002,"prefix":"2001:db8::/32","maxLength":48,"ta":"lab"}]}' >"$TMP/rpki.json"
bg node.example rtr stayrtr -bind :323 -metrics.addr 127.0.0.1:1323 -cache "$TMP/rpki.json" -checktime=false
for port in 6653 6633; do bg node.example flow$port ovs-testcontroller --pidfile="$TMP/flow$port.pid" --unixctl="$TMP/flow$port.ctl" ptcp:$port:198.51.100.10; done
# --- ZeroMQ, Thrift
cat >"$TMP/zmq-server.py" <<-END
	import zmq
	socket = zmq.Context().socket(zmq.REP)
	socket.bind("tcp://*:5555")
	while True:
	    socket.send(socket.recv())
END
bg node.example zmq /usr/bin/python3 "$TMP/zmq-server.py"
cat >"$TMP/talk-thrift.py" <<-END
	import sys
	from thrift.protocol import TBinaryProtocol
	from thrift.transport import TSocket, TTransport
	from thrift.Thrift import TMessageType
	def reply(protocol):
	    name, kind, number = protocol.readMessageBegin()
	    protocol.readStructBegin(); protocol.readFieldBegin(); protocol.readStructEnd(); protocol.readMessageEnd()
	    protocol.writeMessageBegin(name, TMessageType.REPLY, number)
	    protocol.writeFieldStop(); protocol.writeMessageEnd(); protocol.trans.flush()
	def call(protocol):
	    protocol.writeMessageBegin("ping", TMessageType.CALL, 1)
	    protocol.writeFieldStop(); protocol.writeMessageEnd(); protocol.trans.flush()
	    protocol.readMessageBegin()
	if sys.argv[1] == "server":
	    server = TSocket.TServerSocket("0.0.0.0", 9090)
	    server.listen()
	    while True:
	        client = server.accept()
	        reply(TBinaryProtocol.TBinaryProtocol(TTransport.TBufferedTransport(client)))
	        client.close()
	transport = TTransport.TBufferedTransport(TSocket.TSocket(sys.argv[1], 9090))
	transport.open()
	call(TBinaryProtocol.TBinaryProtocol(transport))
	transport.close()
END
bg node.example thrift /usr/bin/python3 "$TMP/talk-thrift.py" server
bg node.example carbon socat -u TCP6-LISTEN:2003,fork,reuseaddr,ipv6only=0 OPEN:/dev/null
mkdir -p "$TMP/mumble"
chmod 777 "$TMP/mumble"
authority_make
printf 'database=%s\nhost=198.51.100.10\nport=64738\nlogfile=\nwelcometext=hello\nusers=5\n' "$TMP/mumble/db" >"$TMP/mumble.ini"
bg node.example mumble murmurd -fg -ini "$TMP/mumble.ini"
# --- Diameter
for end in dia1 dia2; do
	certificate_make $end.example
	[ $end = dia1 ] && other=dia2 || other=dia1
	cat >"$TMP/$end.conf" <<-OUT
		Identity = "$end.example";
		Realm = "example";
		TLS_Cred = "$TMP/$end.example.crt", "$TMP/$end.example.key";
		TLS_CA = "$TMP/ca.crt";
		No_SCTP;
		No_IPv6;
		TwTimer = 6;
		$([ $end = dia1 ] && echo "ConnectPeer = \"$other.example\" { ConnectTo = \"203.0.113.38\"; No_TLS; };" || echo "ConnectPeer = \"$other.example\" { No_TLS; ConnectTo = \"10.10.2.38\"; TcTimer = 60; };")
	OUT
done
openssl dhparam -dsaparam -out "$TMP/dh.pem" 1024 2>/dev/null
bg dia2.example dia2 freeDiameterd -c "$TMP/dia2.conf"
for port in 513 514 323 6653 6633 5555 9090 2003; do wait_tcp node.example $port; done
wait_udp node.example 623
sleep 1

record_start
bg dia1.example dia1 freeDiameterd -c "$TMP/dia1.conf"
in_ns desk1 ipmitool -I lan -H 198.51.100.10 -U admin -P secret mc info >>"$TMP/ipmitool.log" 2>&1 || true
in_ns desk1 ipmitool -I lanplus -C 3 -H 198.51.100.10 -U admin -P secret mc info >>"$TMP/ipmitool.log" 2>&1 || true
in_ns desk1 rmcp_ping -s 1 198.51.100.10 >>"$TMP/ipmitool.log" 2>&1 || true
sleep 1 | in_ns desk1 timeout 3 rsh-redone-rlogin -l nobody 198.51.100.10 >>"$TMP/rlogin.log" 2>&1 || true
in_ns desk1 timeout 3 rsh-redone-rsh -l nobody 198.51.100.10 echo hello >>"$TMP/rlogin.log" 2>&1 || true
for host in 198.51.100.10 2001:db8:f:2::10; do in_ns desk1 timeout 2 rtrclient tcp -p $host 323 >>"$TMP/rtrclient.log" 2>&1 || true; done
in_ns desk1 timeout 3 ovs-ofctl probe tcp:198.51.100.10:6653 >>"$TMP/ofctl.log" 2>&1 || true
in_ns desk1 timeout 3 ovs-ofctl -O OpenFlow13 probe tcp:198.51.100.10:6633 >>"$TMP/ofctl.log" 2>&1 || true
in_ns desk1 /usr/bin/python3 -c "
import zmq
s = zmq.Context().socket(zmq.REQ)
s.connect('tcp://198.51.100.10:5555')
s.send(b'is the link up again?')
print(s.recv())
" >>"$TMP/zmq.log"
in_ns desk1 /usr/bin/python3 "$TMP/talk-thrift.py" 198.51.100.10
for host in 198.51.100.10 '[2001:db8:f:2::10]'; do
	printf 'lab.users 3 1795000000\nlab.load 0.25 1795000000\n' | in_ns desk1 socat -t 1 - "TCP:$host:2003"
done
printf '\0\0\0\0\1\2\3\4\5\6\7\10' | in_ns desk1 socat -t 1 - UDP:198.51.100.10:64738 >>"$TMP/mumble-ping.log" || true
sleep 3
record_stop
