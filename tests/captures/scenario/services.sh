#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What servers say to each other and to who looks after them: Zabbix, NRPE, Munin, collectd, iperf 2 and 3, iSCSI (libiscsi to tgt),
# NBD, whois, finger, NATS, WebSocket and STOMP (Python), Modbus (pymodbus), on own and other ports, over IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside noc 10.10.2.61 2001:db8:a:2::61
host_add outside node.example 198.51.100.10 2001:db8:f:2::10
host_add outside disk.example 203.0.113.32 2001:db8:f:3::32
node=198.51.100.10,2001:db8:f:2::10
disk=203.0.113.32,2001:db8:f:3::32
rule $node tcp 10050 zabbix
rule 10.10.2.61,2001:db8:a:2::61 tcp 10051 zabbix
rule $node tcp 5666 nrpe
rule $node tcp 4949 munin
rule 10.10.2.61,2001:db8:a:2::61 udp 25826 collectd
rule $node tcp 5001 iperf
rule $node udp 5001 iperf
rule $node tcp 5201 iperf
rule $node udp 5201 iperf
rule $node tcp 43 whois
rule $node tcp 79 finger
rule $node tcp 4222 nats
rule $node tcp 8765 websocket 'websocket|http'
rule $node tcp 502 modbus
rule $node tcp 1502 modbus
rule $disk tcp 3260 iscsi
rule $disk tcp 10809 nbd
rule $disk tcp 20809 nbd

# --- looking after servers
printf 'LogType=console\nServer=10.10.2.61,2001:db8:a:2::61\nHostname=node\nStartAgents=1\nAllowRoot=1\nPidFile=%s\n' "$TMP/zabbix.pid" >"$TMP/zabbix.conf"
bg node.example zabbix zabbix_agentd -f -c "$TMP/zabbix.conf"
printf 'server_port=5666\nnrpe_user=nobody\nnrpe_group=nogroup\nallowed_hosts=10.10.2.61,2001:db8:a:2::61\npid_file=%s\ncommand[check_users]=/bin/echo OK - 3 users\n' "$TMP/nrpe.pid" >"$TMP/nrpe.cfg"
bg node.example nrpe nrpe -n -c "$TMP/nrpe.cfg" -f
mkdir -p "$TMP/plugins" "$TMP/munin"
printf '#!/bin/sh\n[ "$1" = config ] && printf "graph_title Users\\nusers.label users\\n" || echo users.value 3\n' >"$TMP/plugins/users"
chmod -R a+rx "$TMP/plugins"
printf 'log_file %s\npid_file %s\nbackground 0\nsetsid 0\nuser root\ngroup root\nhost_name node.example\nallow .*\nhost *\nport 4949\n' "$TMP/munin.log" "$TMP/munin.pid" >"$TMP/munin.conf"
bg node.example munin unshare -m sh -c "mount --bind '$TMP/plugins' /etc/munin/plugins && exec munin-node --config '$TMP/munin.conf'"
printf 'Hostname "node"\nFQDNLookup false\nInterval 1\nPIDFile "%s"\nBaseDir "%s"\nTypesDB "/usr/share/collectd/types.db"\nLoadPlugin load\nLoadPlugin network\n<Plugin network>\n Server "10.10.2.61" "25826"\n Server "2001:db8:a:2::61" "25826"\n</Plugin>\n' \
	"$TMP/collectd.pid" "$TMP/munin" >"$TMP/collectd.conf"
bg noc sink25826 socat -u UDP6-RECVFROM:25826,fork,ipv6only=0 OPEN:/dev/null
bg node.example iperf2 iperf -s -p 5001 -V
bg node.example iperf2u iperf -s -u -p 5001 -V
bg node.example iperf3 iperf3 -s -p 5201
printf 'domain: example.org\nholder: somebody\n' >"$TMP/whois"
bg node.example whois socat TCP6-LISTEN:43,fork,reuseaddr,ipv6only=0 SYSTEM:"read question; cat '$TMP/whois'"
bg node.example finger socat TCP6-LISTEN:79,fork,reuseaddr,ipv6only=0 EXEC:"/usr/sbin/in.fingerd"
bg node.example nats nats-server -a :: -p 4222
cat >"$TMP/echo.py" <<-END
	import asyncio, websockets
	async def echo(ws, *_):
	    async for text in ws:
	        await ws.send(text)
	async def main():
	    async with websockets.serve(echo, None, 8765):
	        await asyncio.Future()
	asyncio.run(main())
END
bg node.example websocket /usr/bin/python3 "$TMP/echo.py"
cat >"$TMP/modbus.py" <<-END
	import sys
	from pymodbus.server import StartTcpServer
	from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
	block = ModbusSequentialDataBlock(0, [17] * 100)
	context = ModbusServerContext(slaves=ModbusSlaveContext(di=block, co=block, hr=block, ir=block), single=True)
	StartTcpServer(context=context, address=(sys.argv[1], int(sys.argv[2])))
END
for port in 502 1502; do
	for address in 0.0.0.0 ::; do bg node.example modbus$port /usr/bin/python3 "$TMP/modbus.py" $address $port; done
done

# --- disks
truncate -s 1M "$TMP/disk"
export TGT_IPC_SOCKET=$TMP/tgtd
bg disk.example tgtd tgtd -f
for port in 10809 20809; do
	[ $port = 10809 ] && address=0.0.0.0 || address=::
	printf '[generic]\n user = root\n listenaddr = %s\n port = %d\n[disk]\n exportname = %s\n' $address $port "$TMP/disk" >"$TMP/nbd$port.conf"
	bg disk.example nbd$port nbd-server -d -C "$TMP/nbd$port.conf" -p "$TMP/nbd$port.pid"
done
for port in 10050 5666 4949 5001 5201 43 79 4222 8765 502 1502; do wait_tcp node.example $port; done
for port in 3260 10809 20809; do wait_tcp disk.example $port; done
target() { in_ns disk.example tgtadm --lld iscsi --tid 1 "$@"; }
target --op new --mode target -T iqn.2026-11.example:disk
target --op new --mode logicalunit --lun 1 -b "$TMP/disk"
target --op bind --mode target -I ALL

record_start
for host in 198.51.100.10 2001:db8:f:2::10; do
	bracketed=$host six=
	[[ $host != *:* ]] || bracketed="[$host]" six=-V
	printf 'ZBXD\1\12\0\0\0\0\0\0\0agent.ping' | in_ns noc socat -t 2 - "TCP:$bracketed:10050" >>"$TMP/zabbix-get.log"
	in_ns noc /usr/lib/nagios/plugins/check_nrpe -H $host -n -c check_users >>"$TMP/nrpe-client.log"
	in_ns noc /usr/lib/nagios/plugins/check_nrpe -H $host -2 -n >>"$TMP/nrpe-client.log"
	printf 'list\nconfig users\nfetch users\nquit\n' | in_ns noc socat -t 2 - "TCP:$bracketed:4949" >>"$TMP/munin-client.log"
	in_ns desk1 iperf -c $host $six -p 5001 -n 6K -l 1K >>"$TMP/iperf.log"
	in_ns desk1 iperf -c $host $six -u -p 5001 -n 3K -l 500 -b 100K >>"$TMP/iperf.log"
	in_ns desk1 iperf3 -c $host -p 5201 -n 6K -l 1K >>"$TMP/iperf.log"
	in_ns desk1 iperf3 -c $host -u -p 5201 -n 3K -l 500 -b 100K >>"$TMP/iperf.log"
	in_ns desk1 whois -h $host example.org >>"$TMP/whois.log"
	in_ns desk1 finger @"$host" >>"$TMP/finger.log" 2>&1 || true
	{ printf 'CONNECT {"verbose":true,"pedantic":false}\r\nSUB lab 1\r\n'; sleep 0.3; printf 'PUB lab 5\r\nhello\r\nPING\r\n'; sleep 0.3; } |
		in_ns desk1 socat -t 1 - "TCP:$bracketed:4222" >>"$TMP/nats.log"
	in_ns desk1 /usr/bin/python3 -W ignore - "$bracketed" $host >>"$TMP/python.log" <<-END
		import asyncio, sys, websockets
		from pymodbus.client import ModbusTcpClient
		async def talk():
		    async with websockets.connect("ws://%s:8765/" % sys.argv[1]) as ws:
		        await ws.send("is the link up again?")
		        print(await ws.recv())
		asyncio.run(talk())
		for port in 502, 1502:
		    client = ModbusTcpClient(sys.argv[2], port=port)
		    client.connect()
		    print(client.read_holding_registers(1, 8, slave=1).registers)
		    client.write_coil(3, True, slave=1)
		    client.read_coils(1, 8, slave=1)
		    client.close()
	END
	disk_host=203.0.113.32
	[[ $host != *:* ]] || disk_host='[2001:db8:f:3::32]'
	in_ns desk1 iscsi-ls -s "iscsi://$disk_host:3260/" >>"$TMP/iscsi.log" 2>&1
done
# without a process for each client, the server serves one
in_ns desk1 nbdinfo --size nbd://203.0.113.32:10809/disk >>"$TMP/nbd.log"
in_ns desk1 nbdinfo --size 'nbd://[2001:db8:f:3::32]:20809/disk' >>"$TMP/nbd.log"
timeout 4 ip netns exec "$PFX-node.example" collectd -f -C "$TMP/collectd.conf" >>"$TMP/collectd.log" 2>&1 || true
for address in 10.10.2.61 2001:db8:a:2::61; do
	bg noc trapper /usr/bin/python3 -c "
import socket, struct, sys
s = socket.create_server((sys.argv[1], 10051), family=socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
c = s.accept()[0]
c.recv(1000)
body = b'{\"response\":\"success\",\"info\":\"processed: 1; failed: 0; total: 1; seconds spent: 0.000055\"}'
c.sendall(b'ZBXD\\1' + struct.pack('<Q', len(body)) + body)
" $address
	sleep 0.5
	in_ns node.example zabbix_sender -z $address -s node -k lab.users -o 3 >>"$TMP/sender.log" || true
done
record_stop
