# shellcheck shell=bash
# What the HTTP and HTTPS scenarios share: a small site, lighttpd to serve it, Chromium to look at it.

# site_make FOLDER: pages, a style sheet, a script, a download and a CGI program that answers in chunks.
site_make() {
	local root=$1 n
	mkdir -p "$root/cgi"
	text_file "$root/download.txt" 24000
	for n in 1 2 3; do
		text_file "$root/text$n.txt" $((n * 1500))
		printf '<!doctype html><title>Page %d</title><link rel=stylesheet href=style.css><script src=app.js defer></script>
<h1>Page %d</h1><p><img src=logo.svg alt=""> <a href=page%d.html>next</a><pre>%s</pre>\n' \
			$n $n $((n % 3 + 1)) "$(cat "$root/text$n.txt")" >"$root/page$n.html"
	done
	cp "$root/page1.html" "$root/index.html"
	echo 'body { font: 1em sans-serif; margin: 2em }' >"$root/style.css"
	echo 'fetch("cgi/form", { method: "POST", body: "field=value&more=1" }).then(r => r.text()).then(t => { document.title = t });' >"$root/app.js"
	echo '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle cx="20" cy="20" r="18"/></svg>' >"$root/logo.svg"
	# shellcheck disable=SC2016 # the variable is for the CGI program
	printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"\ncat\necho "read by $REQUEST_METHOD"\n' >"$root/cgi/form"
	chmod -R a+rX "$root"
	chmod a+x "$root/cgi/form"
}

# lighttpd_config FILE ROOT PORT [TLS-LINES]: IPv4 and IPv6 on that port.
lighttpd_config() {
	local for_ipv6=
	[ -z "${4:-}" ] || for_ipv6='ssl.engine = "enable"'
	cat >"$1" <<-END
		server.document-root = "$2"
		server.errorlog = "$1.errors"
		server.modules = ( "mod_cgi" )
		server.bind = "0.0.0.0"
		server.port = $3
		server.tag = "lighttpd"
		server.stream-response-body = 1
		index-file.names = ( "index.html" )
		mimetype.assign = ( ".html" => "text/html", ".css" => "text/css", ".js" => "text/javascript",
			".svg" => "image/svg+xml", ".txt" => "text/plain" )
		\$HTTP["url"] =~ "^/cgi/" { cgi.assign = ( "" => "" ) }
		${4:-}
		\$SERVER["socket"] == "[::]:$3" { $for_ipv6 }
	END
}

# browse HOST URL...: headless Chromium opens each page, and nothing else: no look-ups, updates or metrics.
browse() {
	local host=$1 url
	shift
	for url in "$@"; do
		in_ns "$host" env HOME="$TMP/home-$host" chromium --headless=new --no-sandbox --disable-gpu --disable-quic \
			--user-data-dir="$TMP/chromium-$host" --no-first-run --disable-background-networking \
			--disable-component-update --disable-default-apps --disable-domain-reliability --disable-sync \
			--disable-extensions --disable-client-side-phishing-detection --metrics-recording-only --no-pings \
			--disable-features=OptimizationHints,MediaRouter,AsyncDns,DnsOverHttps --ignore-certificate-errors \
			--host-resolver-rules="MAP *.example $(getent_host "$url"), MAP * ~NOTFOUND, EXCLUDE $(getent_host "$url")" \
			--virtual-time-budget=3000 --dump-dom "$url" >>"$TMP/chromium-$host.log" 2>&1
	done
}

# getent_host URL: the address of the URL's host, from the scenario's hosts file.
getent_host() {
	local host=${1#*://}
	host=${host%%[:/]*}
	awk -v h="$host" '$2 == h { print $1; exit }' "$TMP/hosts"
}
