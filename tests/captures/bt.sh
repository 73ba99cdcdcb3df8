# shellcheck shell=bash
# What the BitTorrent scenarios share: a torrent, trackers and four clients. Encryption is off in all of them unless a scenario
# asks for it, and so is everything that looks for peers by itself. A client keeps its files in TMP/HOST.

# bt_torrent SIZE [TRACKER-URL...]: TMP/payload.txt and TMP/payload.torrent.
bt_torrent() {
	local size=$1 url trackers=()
	shift
	for url in "$@"; do trackers+=(-t "$url"); done
	mkdir -p "$TMP/tracker"
	text_file "$TMP/payload.txt" "$size"
	transmission-create -s 16 "${trackers[@]}" -o "$TMP/payload.torrent" "$TMP/payload.txt" >/dev/null
	transmission-show "$TMP/payload.torrent" | sed -n 's/^ *Hash: //p' >"$TMP/tracker/whitelist"
}

# bt_folder HOST seed|leech: where a client keeps its files.
bt_folder() {
	mkdir -p "$TMP/$1"
	[ "$2" = leech ] || cp "$TMP/payload.txt" "$TMP/$1/"
	chmod -R a+rwX "$TMP/$1"
}

# bt_tracker HOST TCP-PORT UDP-PORT: opentracker, for our torrent alone; it changes its root to its folder.
bt_tracker() {
	bg "$1" tracker opentracker -p "$2" -P "$3" -w /whitelist -d "$TMP/tracker" -u nobody
	wait_tcp "$1" "$2"
}

# bt_transmission HOST PORT seed|leech [utp] [crypt] [rate=KB/S] [dht=NODE-ADDRESS,PORT]
bt_transmission() {
	local host=$1 port=$2 option utp=false dht=false crypt=0 limit=false rate=100
	bt_folder "$host" "$3"
	mkdir -p "$TMP/$host.conf" "$TMP/$host.watch"
	for option in "${@:4}"; do
		case $option in
		utp) utp=true ;;
		crypt) crypt=2 ;;
		rate=*) limit=true rate=${option#rate=} ;;
		dht=*) dht=true && echo "${option#dht=}" | tr , ' ' >"$TMP/$host.conf/dht.bootstrap" ;;
		esac
	done
	cat >"$TMP/$host.conf/settings.json" <<-END
		{ "rpc-enabled": false, "port-forwarding-enabled": false, "lpd-enabled": false, "encryption": $crypt,
		"speed-limit-up-enabled": $limit, "speed-limit-up": $rate,
		"dht-enabled": $dht, "utp-enabled": $utp, "peer-port": $port, "download-dir": "$TMP/$host",
		"watch-dir-enabled": true, "watch-dir": "$TMP/$host.watch", "blocklist-enabled": false }
	END
	cp "$TMP/payload.torrent" "$TMP/$host.watch/"
	bg "$host" "$host" transmission-daemon -f -g "$TMP/$host.conf"
	wait_tcp "$host" "$port"
}

# bt_aria2 HOST PORT seed|leech [OPTION...]; its DHT and UDP tracker port is PORT + 1.
bt_aria2() {
	bt_folder "$1" "$3"
	local dht=false
	[[ " ${*:4} " != *dht-entry-point* ]] || dht=true
	bg "$1" "$1" env HOME="$TMP/$1" aria2c --no-conf --seed-time=5 --seed-ratio=0 --dir="$TMP/$1" --listen-port="$2" \
		--dht-listen-port=$(($2 + 1)) --enable-dht=$dht --enable-dht6=false --bt-enable-lpd=false --check-integrity=true \
		--allow-overwrite=true --dht-file-path="$TMP/$1.dht" --file-allocation=none --bt-min-crypto-level=plain \
		--bt-require-crypto=false --disk-cache=0 --summary-interval=0 "${@:4}" "$TMP/payload.torrent"
	wait_tcp "$1" "$2"
}

# bt_rtorrent HOST PORT seed|leech
bt_rtorrent() {
	bt_folder "$1" "$3"
	mkdir -p "$TMP/$1.session"
	bg "$1" "$1" env HOME="$TMP/$1" rtorrent -n -o system.daemon.set=true -o network.port_range.set="$2-$2" \
		-o network.port_random.set=no -o directory.default.set="$TMP/$1" -o session.path.set="$TMP/$1.session" \
		-o dht.mode.set=disable -o protocol.pex.set=no -o protocol.encryption.set=none -o trackers.use_udp.set=yes \
		"$TMP/payload.torrent"
	wait_tcp "$1" "$2"
}

# bt_libtorrent HOST LISTEN seed|leech OPTION...: see tools/bt-client.py.
bt_libtorrent() {
	bt_folder "$1" "$3"
	bg "$1" "$1" /usr/bin/python3 "$HERE/tools/bt-client.py" "$TMP/payload.torrent" "$TMP/$1" "$2" "${@:4}"
}

# bt_rules PORT ADDRESS[,ADDRESS...]: a peer listens there on both transports.
bt_rules() {
	rule "$2" tcp "$1" bittorrent
	rule "$2" udp "$1" bittorrent
}

# bt_complete HOST...: waits until each has the whole payload, 40 s at most.
bt_complete() {
	local host i
	for host in "$@"; do
		for ((i = 0; i < 400; i++)); do
			cmp -s "$TMP/payload.txt" "$TMP/$host/payload.txt" && break
			sleep 0.1
		done
		cmp "$TMP/payload.txt" "$TMP/$host/payload.txt" || die "$host did not get the payload"
	done
}
