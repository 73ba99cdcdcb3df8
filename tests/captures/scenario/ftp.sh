#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# FTP: curl and lftp against vsftpd on 21 and pyftpdlib on 2121: PORT, PASV, EPRT, EPSV, over IPv4 and IPv6, lists,
# downloads, uploads, a refused login. Data ports are ranges set here, so that the truth needs no look at the control
# connections; the client's ephemeral ports are kept away from them.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside desk3 10.10.1.13 2001:db8:a:1::13
host_add inside lab2 10.10.2.22 2001:db8:a:2::22
host_add outside ftp.example 192.0.2.21 2001:db8:f:1::21
host_add outside mirror.example 198.51.100.21 2001:db8:f:2::21
for host in desk1 desk3 lab2 ftp.example mirror.example; do
	in_ns $host sysctl -qw net.ipv4.ip_local_port_range="32768 49999"
done
rule 192.0.2.21,2001:db8:f:1::21 tcp 21 ftp
rule 192.0.2.21,2001:db8:f:1::21 tcp 20 ftp-data
rule 192.0.2.21,2001:db8:f:1::21 tcp 51000-51099 ftp-data
rule 198.51.100.21,2001:db8:f:2::21 tcp 2121 ftp
rule 198.51.100.21,2001:db8:f:2::21 tcp 52000-52099 ftp-data
# the ports that clients offer to pyftpdlib, which calls back from any port
rule 10.10.1.13,10.10.2.22,2001:db8:a:1::13,2001:db8:a:2::22 tcp 53000-53099 ftp-data

mkdir -p "$TMP/ftp/incoming" "$TMP/empty"
text_file "$TMP/ftp/report.txt" 6000
text_file "$TMP/ftp/small.txt" 900
text_file "$TMP/upload.txt" 3000
chown ftp "$TMP/ftp/incoming"

vsftpd_config() { # FILE LINES...: IPv6 sockets take IPv4 clients too
	printf '%s\n' listen_ipv6=YES background=NO anonymous_enable=YES local_enable=NO write_enable=YES \
		anon_upload_enable=YES anon_umask=022 "anon_root=$TMP/ftp" connect_from_port_20=YES xferlog_enable=NO \
		pasv_min_port=51000 pasv_max_port=51099 "secure_chroot_dir=$TMP/empty" seccomp_sandbox=NO ftp_username=ftp >"$1"
}
vsftpd_config "$TMP/vsftpd.conf"
bg ftp.example vsftpd vsftpd "$TMP/vsftpd.conf"
bg mirror.example mirror /usr/bin/python3 -m pyftpdlib -i :: -p 2121 -w -d "$TMP/ftp" -r 52000-52099 -V
wait_tcp ftp.example 21
wait_tcp mirror.example 2121

record_start
get() { in_ns "$1" curl -sS --max-time 10 -o "$TMP/got" "${@:2}"; }
in_lftp() { # HOST COMMANDS
	in_ns "$1" env HOME="$TMP" lftp --norc -c "set net:max-retries 1; set net:timeout 8; set dns:order 'inet6 inet'; set ftp:use-mdtm no;
		set ftp:port-range 53000-53099; $2" >>"$TMP/lftp.log" 2>&1
}
v4=192.0.2.21
v6='[2001:db8:f:1::21]'
m4=198.51.100.21:2121
m6='[2001:db8:f:2::21]:2121'
# extended passive, plain passive and active mode with curl
get desk1 ftp://$v4/report.txt
get desk1 --disable-epsv ftp://$v4/
get desk1 -P - --disable-eprt ftp://$v4/small.txt
get desk1 -P - ftp://$v4/small.txt
get desk1 -T "$TMP/upload.txt" "ftp://$v4/incoming/upload4.txt"
get lab2 -g "ftp://$v6/report.txt"
get lab2 -g -P - "ftp://$v6/"
get desk3 --disable-epsv ftp://$m4/report.txt
get desk3 -g "ftp://$m6/small.txt"
get desk3 -P 10.10.1.13:53000-53049 --disable-eprt ftp://$m4/small.txt
get desk3 -g -P '[2001:db8:a:1::13]:53050-53099' "ftp://$m6/report.txt"
get desk3 -u nobody:wrong ftp://$v4/ && die "a wrong password was accepted"
# several transfers on one control connection with lftp
in_lftp lab2 "set ftp:passive-mode on; open ftp://$m4; ls; cat small.txt; put -O incoming $TMP/upload.txt; quit"
in_lftp lab2 "set ftp:passive-mode on; set ftp:prefer-epsv on; open ftp://$m6; ls; cat small.txt; quit"
in_lftp lab2 "set ftp:passive-mode off; open ftp://$m4; ls; cat small.txt; quit"
cmp "$TMP/upload.txt" "$TMP/ftp/incoming/upload4.txt"
cmp "$TMP/upload.txt" "$TMP/ftp/incoming/upload.txt"
record_stop
