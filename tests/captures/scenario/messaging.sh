#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Machines talking: MQTT 3.1, 3.1.1 and 5 (Mosquitto, on 1883 and 8000), AMQP 0-9-1 (Python's pika to RabbitMQ, on 5672 and
# 5673), CoAP (libcoap, with a block-wise transfer), over IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside sensor 10.10.2.31 2001:db8:a:2::31
host_add outside broker.example 198.51.100.83 2001:db8:f:2::83
host_add outside things.example 192.0.2.57 2001:db8:f:1::57
broker=198.51.100.83,2001:db8:f:2::83
rule $broker tcp 1883 mqtt
rule $broker tcp 8000 mqtt
rule $broker tcp 5672 amqp
rule $broker tcp 5673 amqp
rule 192.0.2.57,2001:db8:f:1::57 udp 5683 coap

printf 'listener 1883\nlistener 8000\nallow_anonymous true\nuser nobody\n' >"$TMP/mosquitto.conf"
bg broker.example mosquitto mosquitto -c "$TMP/mosquitto.conf"
also_known_as localhost 127.0.0.1 ::1 # where Erlang looks for itself
mkdir -p "$TMP/rabbit"
printf 'listeners.tcp.1 = :::5672\nlisteners.tcp.2 = :::5673\nloopback_users = none\n' >"$TMP/rabbit/rabbitmq.conf"
chown -R rabbitmq "$TMP/rabbit"
bg broker.example rabbit env HOME="$TMP/rabbit" RABBITMQ_BASE="$TMP/rabbit" RABBITMQ_CONFIG_FILE="$TMP/rabbit/rabbitmq.conf" \
	RABBITMQ_MNESIA_BASE="$TMP/rabbit" RABBITMQ_LOG_BASE="$TMP/rabbit" RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_DIST_PORT=25672 \
	RABBITMQ_PID_FILE="$TMP/rabbit/pid" RABBITMQ_ENABLED_PLUGINS_FILE="$TMP/rabbit/plugins" \
	setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups /usr/lib/rabbitmq/bin/rabbitmq-server
bg things.example coap coap-server-notls -A :: -p 5683 -d 10
wait_tcp broker.example 8000
wait_udp things.example 5683
wait_tcp broker.example 5672
wait_tcp broker.example 5673
sleep 2
text_file "$TMP/reading.txt" 2000

record_start
for host in 198.51.100.83 2001:db8:f:2::83; do
	for version in mqttv31 mqttv311 mqttv5; do
		bg desk1 listener mosquitto_sub -V $version -h $host -t 'lab/#' -C 2 -q 1 -i "listener-$version"
		sleep 0.3
		in_ns sensor mosquitto_pub -V $version -h $host -t lab/temperature -m 21.5 -q 1 -i "sensor-$version"
		in_ns sensor mosquitto_pub -V $version -h $host -t lab/fan -m on -q 2 -i "sensor-$version"
	done
	in_ns sensor mosquitto_pub -h $host -p 8000 -t lab/text -f "$TMP/reading.txt" -q 2 -i sensor
	for port in 5672 5673; do
		in_ns sensor /usr/bin/python3 - $host $port <<-END
			import pika, sys
			link = pika.BlockingConnection(pika.ConnectionParameters(sys.argv[1], int(sys.argv[2]), socket_timeout=5))
			channel = link.channel()
			channel.queue_declare("readings", auto_delete=True)
			channel.basic_publish("", "readings", b"21.5")
			channel.basic_get("readings", auto_ack=True)
			link.close()
		END
	done
done
for host in 192.0.2.57 '[2001:db8:f:1::57]'; do
	coap() { in_ns sensor coap-client-notls -B 3 "$@" >>"$TMP/coap-client.log"; }
	coap -m get "coap://$host/"
	coap -m get "coap://$host/.well-known/core"
	coap -m put -e blue "coap://$host/colour"
	coap -m get -N "coap://$host/time"
	coap -m put -b 256 -f "$TMP/reading.txt" "coap://$host/example_data"
	coap -m get -T 77 "coap://$host/none" 2>/dev/null
done
record_stop
