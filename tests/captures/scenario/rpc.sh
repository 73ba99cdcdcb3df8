#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# DCE/RPC (rpcclient to Samba): the end point mapper on 135, which leads to interfaces on ports of their own, and the same
# interfaces through SMB's pipes, which stay SMB.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add outside share.example 198.51.100.45 2001:db8:f:2::45
share=198.51.100.45,2001:db8:f:2::45
rule $share tcp 135 dcerpc
rule $share tcp 49152-49200 dcerpc
rule $share tcp 445 smb
in_ns share.example sysctl -qw net.ipv4.ip_local_port_range="40000 49000"

mkdir -p "$TMP/samba" "$TMP/client"
{
	printf '[global]\nworkgroup = LAB\nnetbios name = SHARE\nsmb ports = 445\nlog level = 0\nmap to guest = Bad User\nguest account = nobody\n'
	printf 'rpc start on demand helpers = no\nrpc server dynamic port range = 49152-49200\nload printers = no\nlogging = file\n'
	for kind in 'private dir' 'lock directory' 'state directory' 'cache directory' 'pid directory' 'ncalrpc dir'; do
		printf '%s = %s\n' "$kind" "$TMP/samba"
	done
} >"$TMP/smb.conf"
sed "s|$TMP/samba|$TMP/client|" "$TMP/smb.conf" >"$TMP/client.conf"
bg share.example smbd smbd -F --no-process-group -s "$TMP/smb.conf" --debug-stdout
bg share.example rpcd /usr/libexec/samba/samba-dcerpcd --libexec-rpcds -F -s "$TMP/smb.conf" --debug-stdout
wait_tcp share.example 445
wait_tcp share.example 135
sleep 1

record_start
for host in 198.51.100.45 '2001:db8:f:2::45'; do
	ask() { in_ns desk1 timeout 8 rpcclient -s "$TMP/client.conf" -U% "$@" >>"$TMP/ask.log" 2>&1 || true; }
	ask "ncacn_ip_tcp:$host" -c srvinfo
	ask "ncacn_ip_tcp:$host" -c enumdomains
	ask "ncacn_ip_tcp:${host}[135]" -c epmmap
	ask "ncacn_np:$host" -c srvinfo
done
record_stop
