# shellcheck shell=bash
# Certificates of the scenarios: an authority made for one run, TMP/ca.crt, and what it signs.

authority_make() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=Captures Test Authority' \
		-keyout "$TMP/ca.key" -out "$TMP/ca.crt" 2>/dev/null
}

# certificate_make HOSTNAME: TMP/HOSTNAME.pem holds its key and certificate, TMP/HOSTNAME.key and .crt each alone.
certificate_make() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-addext "subjectAltName=DNS:$1" -keyout "$TMP/$1.key" -out "$TMP/$1.csr" 2>/dev/null
	openssl x509 -req -in "$TMP/$1.csr" -CA "$TMP/ca.crt" -CAkey "$TMP/ca.key" -CAcreateserial -days 3650 \
		-copy_extensions copy -out "$TMP/$1.crt" 2>/dev/null
	cat "$TMP/$1.key" "$TMP/$1.crt" >"$TMP/$1.pem"
}
