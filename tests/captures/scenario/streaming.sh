#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Streams: RTSP with RTP beside it and inside it (GStreamer and ffmpeg from GStreamer's server), Icecast (ffmpeg as source, by
# PUT and by the old SOURCE, curl as listener), RTMP (ffmpeg to and from nginx), each on its own port and on another.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside studio 10.10.2.41 2001:db8:a:2::41
host_add outside camera.example 203.0.113.55 2001:db8:f:3::55
host_add outside radio.example 198.51.100.80 2001:db8:f:2::80
host_add outside live.example 192.0.2.193 2001:db8:f:1::193
rule 203.0.113.55,2001:db8:f:3::55 tcp 554 rtsp
rule 203.0.113.55 tcp 8554 rtsp
for port in 17000 17002 17004 17006 17008 17010 17100 17102 17200 17202; do
	rule 203.0.113.55,2001:db8:f:3::55 udp $port rtp
	rule 203.0.113.55,2001:db8:f:3::55 udp $((port + 1)) rtp 'rtp|rtcp'
done
rule 198.51.100.80,2001:db8:f:2::80 tcp 8000 icecast
rule 198.51.100.80,2001:db8:f:2::80 tcp 80 icecast
rule 192.0.2.193,2001:db8:f:1::193 tcp 1935 rtmp
rule 192.0.2.193,2001:db8:f:1::193 tcp 8080 rtmp

sound() { ffmpeg -hide_banner -loglevel error -y -f lavfi -i "sine=frequency=440:duration=${1}" -ar 8000 -ac 1 -b:a "$2" "${@:3}"; }
sound 4 8k -c:a libvorbis "$TMP/tone.ogg" 2>>"$TMP/sound.log" || die "no sound"
sound 4 8k -c:a libmp3lame "$TMP/tone.mp3" 2>>"$TMP/sound.log" || die "no sound"

rtsp() { bg camera.example rtsp$2 /usr/bin/python3 "$HERE/tools/rtsp-server.py" "$1" "$2" "$3"; }
rtsp 203.0.113.55 554 17000-17011
rtsp 2001:db8:f:3::55 554 17100-17103
rtsp 203.0.113.55 8554 17200-17203
cat >"$TMP/icecast.xml" <<-END
	<icecast>
	 <limits><clients>20</clients><sources>4</sources><burst-size>2000</burst-size></limits>
	 <authentication><source-password>secret</source-password><admin-user>admin</admin-user><admin-password>secret</admin-password></authentication>
	 <hostname>radio.example</hostname>
	 <listen-socket><port>8000</port></listen-socket>
	 <listen-socket><port>80</port></listen-socket>
	 <paths><logdir>$TMP</logdir><webroot>/usr/share/icecast2/web</webroot><adminroot>/usr/share/icecast2/admin</adminroot></paths>
	 <logging><accesslog>-</accesslog><errorlog>-</errorlog></logging>
	 <security><chroot>0</chroot><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>
	</icecast>
END
chmod 777 "$TMP"
bg radio.example icecast icecast2 -c "$TMP/icecast.xml"
cat >"$TMP/nginx.conf" <<-END
	load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
	daemon off;
	master_process off;
	pid $TMP/nginx.pid;
	error_log stderr;
	events { }
	rtmp {
	  server {
	    listen 1935;
	    listen [::]:8080 ipv6only=on;
	    application live {
	      live on;
	    }
	  }
	}
END
bg live.example nginx nginx -c "$TMP/nginx.conf" -e stderr
wait_tcp camera.example 554
wait_tcp camera.example 8554
wait_tcp radio.example 8000
wait_tcp live.example 1935
sleep 1

record_start
watch() { in_ns desk1 timeout 1.5 gst-launch-1.0 -q rtspsrc location="$1" protocols="$2" latency=0 ! fakesink >>"$TMP/watch.log" 2>&1 || true; }
watch rtsp://203.0.113.55:554/tone udp
watch rtsp://203.0.113.55:554/tone tcp
watch 'rtsp://[2001:db8:f:3::55]:554/tone' udp
in_ns desk1 timeout 10 ffmpeg -hide_banner -loglevel error -y -rtsp_transport udp -i rtsp://203.0.113.55:8554/tone -t 0.5 "$TMP/got.wav" 2>>"$TMP/watch.log" || true
source_() { in_ns studio ffmpeg -hide_banner -loglevel error -re -i "$TMP/tone.$1" -c copy -f "$1" "${@:2}" >>"$TMP/source.log" 2>&1; }
listen() { in_ns desk1 curl -sS -g --max-time 2 -o "$TMP/got" "$@" 2>/dev/null || true; }
source_ ogg -content_type application/ogg -password secret icecast://source@198.51.100.80:8000/tone.ogg &
sleep 1
listen http://198.51.100.80:8000/tone.ogg
wait
source_ mp3 -content_type audio/mpeg -password secret -legacy_icecast 1 -ice_name Tone 'icecast://source@[2001:db8:f:2::80]:80/tone.mp3' &
sleep 1
listen -H 'Icy-MetaData: 1' -A player/1.0 'http://[2001:db8:f:2::80]:80/tone.mp3'
wait
for server in 192.0.2.193:1935 '[2001:db8:f:1::193]:8080'; do
	in_ns studio ffmpeg -hide_banner -loglevel error -re -i "$TMP/tone.mp3" -t 0.8 -ar 11025 -b:a 8k -f flv "rtmp://$server/live/tone" >>"$TMP/publish.log" 2>&1 &
	sleep 0.5
	in_ns desk1 timeout 6 ffmpeg -hide_banner -loglevel error -y -i "rtmp://$server/live/tone" -t 0.3 "$TMP/got.wav" >>"$TMP/view.log" 2>&1 || true
	wait
done
record_stop
