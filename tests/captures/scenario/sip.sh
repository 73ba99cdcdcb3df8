#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SIP: two baresip soft-phones talk for some seconds over UDP, with RTP and RTCP; sipp calls sipp over TCP and, with
# IPv6, over UDP, sends a recorded voice and gets it back as an echo.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside phone1 10.10.1.31 2001:db8:a:1::31
host_add inside phone2 10.10.2.32 2001:db8:a:2::32
host_add outside phone.example 203.0.113.60 2001:db8:f:3::60
host_add outside pbx.example 198.51.100.60 2001:db8:f:2::60
rule 203.0.113.60 udp 5060 sip
rule 198.51.100.60 tcp 5070 sip
rule 2001:db8:f:2::60 udp 5060 sip
# media: even ports are RTP, the odd one above each is its RTCP
for port in 17000 17002 17004 17006 17008 17010; do
	rule 203.0.113.60 udp $port rtp
	rule 203.0.113.60 udp $((port + 1)) rtp 'rtp|rtcp'
done
rule 198.51.100.60,2001:db8:f:2::60 udp 6000 rtp

# soft_phone HOST ADDRESS RTP-PORTS [ARGUMENTS...]: a recording as the voice, a file as the ear, GSM on the wire
soft_phone() {
	local host=$1 address=$2 ports=$3
	mkdir -p "$TMP/$host"
	cat >"$TMP/$host/config" <<-END
		sip_listen $address:5060
		audio_player aufile,$TMP/$host/heard.wav
		audio_source aufile,$TMP/voice.wav
		audio_alert aufile,$TMP/$host/alert.wav
		rtp_ports $ports
		jitter_buffer_delay 5-10
		module_path /usr/lib/baresip/modules
		module gsm.so
		module g711.so
		module aufile.so
		module_app account.so
		module_app menu.so
	END
	echo "<sip:$host@$address>;regint=0;answermode=auto;audio_codecs=gsm/8000/1,pcma/8000/1" >"$TMP/$host/accounts"
	bg "$host" "$host" env HOME="$TMP/$host" baresip -4 -f "$TMP/$host" "${@:4}"
	wait_udp "$host" 5060
}

cat >"$TMP/caller.xml" <<'END'
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="call with a voice">
 <send retrans="500"><![CDATA[

  INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
  Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
  From: caller <sip:caller@[local_ip]:[local_port]>;tag=[pid]c[call_number]
  To: service <sip:[service]@[remote_ip]:[remote_port]>
  Call-ID: [call_id]
  CSeq: 1 INVITE
  Contact: sip:caller@[local_ip]:[local_port]
  Max-Forwards: 70
  Content-Type: application/sdp
  Content-Length: [len]

  v=0
  o=caller 53655765 2353687637 IN IP[local_ip_type] [local_ip]
  s=-
  c=IN IP[local_ip_type] [local_ip]
  t=0 0
  m=audio [auto_media_port] RTP/AVP 8
  a=rtpmap:8 PCMA/8000

 ]]></send>
 <recv response="100" optional="true"/>
 <recv response="180" optional="true"/>
 <recv response="200"/>
 <send><![CDATA[

  ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
  Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
  From: caller <sip:caller@[local_ip]:[local_port]>;tag=[pid]c[call_number]
  To: service <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
  Call-ID: [call_id]
  CSeq: 1 ACK
  Contact: sip:caller@[local_ip]:[local_port]
  Max-Forwards: 70
  Content-Length: 0

 ]]></send>
 <nop><action><exec play_pcap_audio="voice.pcap"/></action></nop>
 <pause milliseconds="1800"/>
 <send retrans="500"><![CDATA[

  BYE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
  Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
  From: caller <sip:caller@[local_ip]:[local_port]>;tag=[pid]c[call_number]
  To: service <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
  Call-ID: [call_id]
  CSeq: 2 BYE
  Contact: sip:caller@[local_ip]:[local_port]
  Max-Forwards: 70
  Content-Length: 0

 ]]></send>
 <recv response="200"/>
</scenario>
END
tcpdump -Z root -r /usr/share/sip-tester/g711a.pcap -c 70 -w "$TMP/voice.pcap" 2>/dev/null

# answer ADDRESS PORT MODE: sipp's own answering scenario, with an echo of the voice; call the other side of it
answer() {
	bg pbx.example "answer$2" sh -c "cd '$TMP' && exec sipp -sn uas -i '$1' -mi '$1' -p $2 -t $3 -rtp_echo -mp 6000 -nostdin -m 1"
}
call() { # ADDRESS OWN-ADDRESS PORT MODE
	in_ns phone2 sh -c "cd '$TMP' && sipp -sf caller.xml -s desk '$1' -i '$2' -mi '$2' -p 5060 -t $4 -mp 7000 -nostdin -m 1 -timeout 15" \
		>>"$TMP/call.log" 2>&1
}

/usr/bin/python3 - "$TMP/voice.wav" <<'END'
import math, struct, sys, wave
with wave.open(sys.argv[1], "wb") as out:
    out.setparams((1, 2, 8000, 0, "NONE", ""))
    for n in range(10 * 8000):
        pitch, loud = 180 + 60 * math.sin(n / 3000), 0.5 + 0.5 * math.sin(n / 900)
        out.writeframesraw(struct.pack("<h", int(9000 * loud * math.sin(2 * math.pi * pitch * n / 8000))))
END

soft_phone phone.example 203.0.113.60 17000-17010
record_start
soft_phone phone1 10.10.1.31 18000-18010 -t 7 -e "/dial sip:phone.example@203.0.113.60"
answer 198.51.100.60 5070 t1
wait_tcp pbx.example 5070
call 198.51.100.60:5070 10.10.2.32 5070 t1
sleep 0.5
answer 2001:db8:f:2::60 5060 u1
wait_udp pbx.example 5060
call '[2001:db8:f:2::60]:5060' 2001:db8:a:2::32 5060 u1
sleep 3
record_stop
