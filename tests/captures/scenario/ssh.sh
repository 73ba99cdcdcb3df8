#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SSH: OpenSSH on 22 and 2222: a command, copies by SFTP and by the old protocol, a refused key.
. "$(dirname "$0")/../lib.sh"
. "$HERE/servers.sh"

net_up
host_add inside desk2 10.10.1.12 2001:db8:a:1::12
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add outside shell.example 192.0.2.22 2001:db8:f:1::22
host_add outside git.example 203.0.113.22 2001:db8:f:3::22
rule 192.0.2.22,2001:db8:f:1::22 tcp 22 ssh
rule 203.0.113.22,2001:db8:f:3::22 tcp 2222 ssh

ssh_keys
sshd_start shell.example 22
sshd_start git.example 2222
text_file "$TMP/notes.txt" 4000

record_start
for version in -4 -6; do
	in_ns desk2 ssh $version "${SSH_OPTIONS[@]}" -i "$TMP/user" shell.example "echo hello from the other side" >/dev/null
	in_ns lab1 ssh $version "${SSH_OPTIONS[@]}" -i "$TMP/user" -p 2222 git.example "seq 1 200" >/dev/null
	in_ns desk2 scp -q $version "${SSH_OPTIONS[@]}" -i "$TMP/user" -P 2222 "$TMP/notes.txt" "git.example:$TMP/copy.txt"
done
in_ns lab1 scp -q -O "${SSH_OPTIONS[@]}" -i "$TMP/user" "shell.example:$TMP/notes.txt" "$TMP/copy2.txt"
in_ns lab1 ssh "${SSH_OPTIONS[@]}" -i "$TMP/stranger" shell.example true 2>/dev/null && die "a stranger was let in"
in_ns lab1 ssh-keyscan -t ed25519 shell.example >/dev/null 2>&1
cmp "$TMP/notes.txt" "$TMP/copy.txt"
cmp "$TMP/notes.txt" "$TMP/copy2.txt"
record_stop
