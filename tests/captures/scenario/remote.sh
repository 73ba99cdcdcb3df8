#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Other people's screens: Telnet (inetutils), VNC (vncsnapshot from x11vnc), X11 (xdpyinfo on Xvfb), RDP (FreeRDP's shadow
# server and client: its own security, TLS, and a refused network-level login), own and other ports, over IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add outside shell.example 192.0.2.23 2001:db8:f:1::23
host_add outside screen.example 198.51.100.59 2001:db8:f:2::59
rule 192.0.2.23,2001:db8:f:1::23 tcp 23 telnet
rule 192.0.2.23,2001:db8:f:1::23 tcp 2323 telnet
screen=198.51.100.59,2001:db8:f:2::59
rule $screen tcp 5900 vnc
rule $screen tcp 15900 vnc
rule $screen tcp 6000-6005 x11
rule $screen tcp 3389 rdp
rule $screen tcp 13389 rdp
rule $screen tcp 3391 rdp

printf '#!/bin/sh\nprintf "login: "\nread name\nprintf "hello %%s\\n$ " "$name"\nwhile read line; do printf "you said %%s\\n$ " "$line"; [ "$line" = exit ] && exit; done\n' >"$TMP/login"
chmod 755 "$TMP/login"
for port in 23 2323; do
	bg shell.example telnetd$port socat TCP6-LISTEN:$port,fork,reuseaddr,ipv6only=0 EXEC:"/usr/sbin/telnetd -h -E $TMP/login"
	wait_tcp shell.example $port
done
bg screen.example xvfb Xvfb :5 -screen 0 320x240x24 -listen tcp -ac
wait_tcp screen.example 6005
export DISPLAY=:5
bg screen.example vnc x11vnc -display :5 -rfbport 5900 -forever -shared -noxdamage -nopw -noipv6
bg screen.example vnc2 x11vnc -display :5 -rfbport 15900 -rfbportv6 15900 -forever -shared -noxdamage -passwd secret
wait_tcp screen.example 5900
wait_tcp screen.example 15900
for mode in 3389:/sec:rdp 13389:/sec:tls 3391:/sec:nla; do
	bg screen.example shadow${mode%%:*} env HOME="$TMP" freerdp-shadow-cli /port:${mode%%:*} /${mode#*:/} -auth
	wait_tcp screen.example "${mode%%:*}"
done

echo "2001:db8:f:2::59 screen6.example" >>"$TMP/hosts"

record_start
type_at() { # HOST PORT
	{ sleep 0.5; echo somebody; sleep 0.3; echo 'is the link up?'; sleep 0.3; echo exit; sleep 0.5; } |
		in_ns desk1 telnet "$1" "$2" >>"$TMP/telnet.log" 2>&1 || true
}
type_at 192.0.2.23 23
type_at 2001:db8:f:1::23 23
type_at 192.0.2.23 2323
in_ns desk1 vncsnapshot -quiet -nocursor 198.51.100.59:0 "$TMP/shot.jpg" >>"$TMP/shot.log" 2>&1
x11vnc -storepasswd secret "$TMP/vncpasswd" >/dev/null 2>&1
in_ns desk1 vncsnapshot -quiet -passwd "$TMP/vncpasswd" 198.51.100.59:10000 "$TMP/shot.jpg" >>"$TMP/shot.log" 2>&1
in_ns desk1 xdpyinfo -display 198.51.100.59:5 >>"$TMP/x.log"
in_ns desk1 xlsclients -display '[2001:db8:f:2::59]:5' >>"$TMP/x.log"
bg desk1 xvfb2 Xvfb :6 -screen 0 320x240x24
sleep 1
look() { # HOST:PORT OPTIONS
	in_ns desk1 env DISPLAY=:6 HOME="$TMP/desk1" timeout 4 xfreerdp /v:"$1" /u:user /p:secret /cert:ignore /size:320x240 /bpp:16 "${@:2}" >>"$TMP/look.log" 2>&1 || true
}
mkdir -p "$TMP/desk1"
look 198.51.100.59:3389 /sec:rdp
look 198.51.100.59:13389 /sec:tls
look 198.51.100.59:3391 /sec:nla
look screen6.example:13389 /sec:tls
record_stop
