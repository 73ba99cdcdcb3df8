#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Tunnels: SOCKS 4, 4a and 5 (curl to microsocks and Dante), OpenVPN by UDP and TCP, with a hidden control channel and without,
# WireGuard (wireguard-go), IKE with ESP in UDP (strongSwan), ESP and AH by themselves, L2TP (xl2tpd) and PPTP (pptp to
# pptpd) with HTTP inside.
. "$(dirname "$0")/../lib.sh"
. "$HERE/tls.sh"
. "$HERE/web.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside desk2 10.10.1.12 2001:db8:a:1::12
host_add inside branch 10.10.2.5 2001:db8:a:2::5
host_add outside proxy.example 203.0.113.108 2001:db8:f:3::108
host_add outside www.example 192.0.2.80 2001:db8:f:1::80
host_add outside vpn.example 198.51.100.94 2001:db8:f:2::94
host_add outside gate.example 192.0.2.50 2001:db8:f:1::50
proxy=203.0.113.108,2001:db8:f:3::108
vpn=198.51.100.94,2001:db8:f:2::94
rule $proxy tcp 1080 socks
rule $proxy tcp 9050 socks
for proto in tcp udp; do
	rule $vpn $proto 1194 openvpn
	rule $vpn $proto 443 openvpn
done
rule $vpn udp 51820 wireguard
rule $vpn udp 123 wireguard
rule 192.0.2.50,2001:db8:f:1::50 udp 500 ipsec
rule 192.0.2.50,2001:db8:f:1::50 udp 4500 ipsec
rule 192.0.2.50,2001:db8:f:1::50 esp 0 ipsec
rule 192.0.2.50,2001:db8:f:1::50 ah 0 ipsec
rule 192.0.2.50,2001:db8:f:1::50 udp 1701 l2tp
rule 192.0.2.50 tcp 1723 pptp
rule 192.0.2.50 gre 0 pptp 'pptp|gre'
rule 10.6.0.1,10.6.1.1 tcp 80 http

# --- proxies, and what they lead to
site_make "$TMP/site"
lighttpd_config "$TMP/www.conf" "$TMP/site" 80
bg www.example www lighttpd -D -f "$TMP/www.conf"
bg proxy.example microsocks microsocks -i :: -p 1080
cat >"$TMP/danted.conf" <<-END
	logoutput: stderr
	internal: eth0 port = 9050
	external: eth0
	clientmethod: none
	socksmethod: none
	user.privileged: root
	user.unprivileged: nobody
	client pass { from: 0/0 to: 0/0 }
	socks pass { from: 0/0 to: 0/0 }
END
bg proxy.example dante danted -f "$TMP/danted.conf"
wait_tcp proxy.example 1080
wait_tcp proxy.example 9050
wait_tcp www.example 80

# --- OpenVPN: two servers, one hides its control channel under a shared key
authority_make
certificate_make vpn.example
certificate_make branch
openvpn --genkey tls-crypt "$TMP/shared.key"
openvpn_end() { # HOST NAME OPTIONS...
	bg "$1" "$2" openvpn --dev tun --ca "$TMP/ca.crt" --verb 3 --ping 2 --disable-dco "${@:3}"
}
server=(--tls-server --dh none --cert "$TMP/vpn.example.crt" --key "$TMP/vpn.example.key")
client=(--tls-client --nobind --cert "$TMP/branch.crt" --key "$TMP/branch.key")
openvpn_end vpn.example openvpn1 "${server[@]}" --proto udp4 --port 1194 --ifconfig 10.8.1.1 10.8.1.2
openvpn_end vpn.example openvpn2 "${server[@]}" --proto tcp4-server --port 1194 --ifconfig 10.8.2.1 10.8.2.2
openvpn_end vpn.example openvpn3 "${server[@]}" --proto udp6 --port 443 --ifconfig 10.8.3.1 10.8.3.2 --tls-crypt "$TMP/shared.key"
openvpn_end vpn.example openvpn4 "${server[@]}" --proto tcp6-server --port 443 --ifconfig 10.8.4.1 10.8.4.2 --tls-crypt "$TMP/shared.key"

# --- WireGuard in user space; each end has a folder of its own for its control socket
wireguard() { # HOST INTERFACE PORT ADDRESS OWN-KEY PEER-KEY [ENDPOINT]
	bg "$1" "$2" unshare -m sh -c "mount -t tmpfs none /run && wireguard-go -f $2 & sleep 1
		echo '$5' >'$TMP/$2.key'; wg set $2 listen-port $3 private-key '$TMP/$2.key' peer '$6' allowed-ips 10.9.0.0/16 ${7:+endpoint $7}
		ip addr add $4/24 dev $2; ip link set $2 up; wait"
}
private=("$(wg genkey)" "$(wg genkey)")
public=("$(wg pubkey <<<"${private[0]}")" "$(wg pubkey <<<"${private[1]}")")
wireguard vpn.example wg0 51820 10.9.1.1 "${private[0]}" "${public[1]}"
wireguard vpn.example wg1 123 10.9.2.1 "${private[0]}" "${public[1]}"

# --- strongSwan in user space, a folder of its own for each end
swan() { # HOST LOCAL REMOTE LOCAL-NET REMOTE-NET COMMANDS
	mkdir -p "$TMP/swan-$1"
	cat >"$TMP/swan-$1/strongswan.conf" <<-END
		charon {
		  load = random nonce aes sha1 sha2 hmac kdf gmp curve25519 openssl gcm kernel-libipsec kernel-netlink socket-default vici
		  install_routes = yes
		  filelog { stderr { default = 1 } }
		  plugins { vici { socket = unix://$TMP/swan-$1/vici } }
		}
	END
	cat >"$TMP/swan-$1/swanctl.conf" <<-END
		connections { gate {
		  local_addrs = $2
		  remote_addrs = $3
		  proposals = aes128-sha256-curve25519
		  local { auth = psk }
		  remote { auth = psk }
		  children { net { local_ts = $4
		    remote_ts = $5
		    esp_proposals = aes128gcm16 } }
		} }
		secrets { ike-gate { secret = "shared" } }
	END
	bg "$1" "swan-$1" unshare -m sh -c "mount -t tmpfs none /run && STRONGSWAN_CONF='$TMP/swan-$1/strongswan.conf' exec /usr/lib/ipsec/charon"
	wait_for "charon of $1" test -S "$TMP/swan-$1/vici"
	in_ns "$1" swanctl --load-all --noprompt --uri "unix://$TMP/swan-$1/vici" --file "$TMP/swan-$1/swanctl.conf" >>"$TMP/swanctl.log" 2>&1
}
swan gate.example 192.0.2.50 10.10.2.5 10.7.1.1/32 10.7.2.1/32
swan branch 10.10.2.5 192.0.2.50 10.7.2.1/32 10.7.1.1/32
ip -n "$PFX-gate.example" addr add 10.7.1.1/32 dev lo
ip -n "$PFX-branch" addr add 10.7.2.1/32 dev lo

# --- L2TP and PPTP; there is no PPP in this kernel, so it is a stand-in for pppd that speaks it; HTTP goes through both
mkdir -p "$TMP/l2tp"
printf '[global]\nport = 1701\n[lns default]\nip range = 10.6.0.2-10.6.0.9\nlocal ip = 10.6.0.1\nrequire authentication = no\n' >"$TMP/lns.conf"
printf '[global]\nport = 1701\n[lac gate]\nlns = 192.0.2.50\nautodial = yes\nredial = no\nlocal ip = 10.6.0.2\nremote ip = 10.6.0.1\nrequire authentication = no\n' >"$TMP/lac.conf"
l2tp() { # HOST NAME
	bg "$1" "$2" unshare -m sh -c "mount --bind '$HERE/tools/ppp-end.py' /usr/sbin/pppd && exec xl2tpd -D -c '$TMP/$2.conf' -p '$TMP/l2tp/$2.pid' -C '$TMP/l2tp/$2'"
}
l2tp gate.example lns
printf 'ppp %s\nlocalip 10.6.1.1\nremoteip 10.6.1.2-9\nnoipparam\n' "$HERE/tools/ppp-end.py" >"$TMP/pptpd.conf"
bg gate.example pptpd pptpd -f -c "$TMP/pptpd.conf" -p "$TMP/l2tp/pptpd.pid"
bg gate.example www2 lighttpd -D -f "$TMP/www.conf"
wait_tcp gate.example 1723
wait_udp gate.example 1701
wait_udp vpn.example 51820
wait_udp vpn.example 123
wait_tcp vpn.example 443
sleep 1

record_start
through() { in_ns desk1 curl -sS --max-time 10 -o "$TMP/got" "$@"; }
for host in 203.0.113.108 '[2001:db8:f:3::108]'; do
	through --socks5 "$host:1080" http://192.0.2.80/text1.txt
	through --socks5-hostname "$host:1080" http://www.example/page1.html
done
through --socks4 203.0.113.108:9050 http://192.0.2.80/text1.txt
through --socks4a 203.0.113.108:9050 http://www.example/text1.txt 2>/dev/null && die "Dante knows version 4a now"
through --socks5 203.0.113.108:9050 http://192.0.2.80/text1.txt
openvpn_end branch open1 "${client[@]}" --proto udp4 --remote 198.51.100.94 1194 --ifconfig 10.8.1.2 10.8.1.1
openvpn_end branch open2 "${client[@]}" --proto tcp4-client --remote 198.51.100.94 1194 --ifconfig 10.8.2.2 10.8.2.1
openvpn_end branch open3 "${client[@]}" --proto udp6 --remote 2001:db8:f:2::94 443 --ifconfig 10.8.3.2 10.8.3.1 --tls-crypt "$TMP/shared.key"
openvpn_end branch open4 "${client[@]}" --proto tcp6-client --remote 2001:db8:f:2::94 443 --ifconfig 10.8.4.2 10.8.4.1 --tls-crypt "$TMP/shared.key"
wireguard desk2 wg2 40001 10.9.1.2 "${private[1]}" "${public[0]}" 198.51.100.94:51820
wireguard desk2 wg3 40002 10.9.2.2 "${private[1]}" "${public[0]}" '[2001:db8:f:2::94]:123'
for n in 1 2 3 4; do wait_for "OpenVPN number $n" grep -q 'Initialization Sequence Completed' "$TMP/open$n.log"; done
for n in 1 2 3 4; do in_ns branch ping -q -c 3 -i 0.2 -W 2 10.8.$n.1 >>"$TMP/ping.log"; done
for n in 1 2; do in_ns desk2 ping -q -c 3 -i 0.2 -W 2 10.9.$n.1 >>"$TMP/ping.log"; done
in_ns branch swanctl --initiate --child net --uri "unix://$TMP/swan-branch/vici" >>"$TMP/swanctl.log" 2>&1
in_ns branch ping -q -c 4 -i 0.2 -W 2 -I 10.7.2.1 10.7.1.1 >>"$TMP/ping.log"
in_ns branch swanctl --terminate --ike gate --uri "unix://$TMP/swan-branch/vici" >>"$TMP/swanctl.log" 2>&1
in_ns branch /usr/bin/python3 "$HERE/tools/esp-send.py" 10.10.2.5 192.0.2.50
in_ns branch /usr/bin/python3 "$HERE/tools/esp-send.py" 2001:db8:a:2::5 2001:db8:f:1::50
l2tp branch lac
bg desk1 pptp socat EXEC:"pptp 192.0.2.50 --nolaunchpppd",pty,raw,echo=0 EXEC:"$HERE/tools/ppp-end.py 10.6.1.2\\:10.6.1.1",pty,raw,echo=0
reaches() { in_ns "$1" ping -q -c 1 -W 1 "$2"; }
wait_for "PPP in PPTP" reaches desk1 10.6.1.1
through http://10.6.1.1/text1.txt
wait_for "PPP in L2TP" reaches branch 10.6.0.1
in_ns branch curl -sS --max-time 10 -o "$TMP/got" http://10.6.0.1/text1.txt
record_stop
