#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Files: SMB (smbclient to Samba, 139 and 445, the dialects from NT LM 0.12 to 3.1.1) and NetBIOS names, NFS 3 and 4 (libnfs to
# NFS-Ganesha) with the port mapper and the mount daemon, rsync's and git's own protocols, over IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add outside share.example 198.51.100.45 2001:db8:f:2::45
host_add outside nfs.example 192.0.2.49 2001:db8:f:1::49
host_add outside mirror.example 203.0.113.73 2001:db8:f:3::73
share=198.51.100.45,2001:db8:f:2::45
nfs=192.0.2.49,2001:db8:f:1::49
mirror=203.0.113.73,2001:db8:f:3::73
rule $share tcp 445 smb
rule $share tcp 139 smb 'smb|netbios'
rule $share tcp 1445 smb
rule $share udp 137 netbios
for proto in tcp udp; do
	rule $nfs $proto 111 sunrpc
	rule $nfs $proto 2049 nfs 'nfs|sunrpc'
	rule $nfs $proto 20048 nfs 'nfs|sunrpc'
done
rule $mirror tcp 873 rsync
rule $mirror tcp 8730 rsync
rule $mirror tcp 9418 git
rule $mirror tcp 9419 git

mkdir -p "$TMP/files" "$TMP/samba"
text_file "$TMP/files/notes.txt" 3000
text_file "$TMP/files/other.txt" 500
chmod -R a+rwX "$TMP/files"
samba_config() { # PORTS
	cat <<-END
		[global]
		 workgroup = LAB
		 netbios name = SHARE
		 smb ports = $*
		 server min protocol = NT1
		 map to guest = Bad User
		 guest account = nobody
		 load printers = no
		 disable spoolss = yes
		 log level = 0
		 logging = file
		 interfaces = eth0
		 private dir = $TMP/samba
		 lock directory = $TMP/samba
		 state directory = $TMP/samba
		 cache directory = $TMP/samba
		 pid directory = $TMP/samba
		 ncalrpc dir = $TMP/samba
		[files]
		 path = $TMP/files
		 guest ok = yes
		 read only = no
	END
}
samba_config 445 139 1445 >"$TMP/smb.conf"
mkdir -p "$TMP/client"
printf '[global]\nworkgroup = LAB\nclient min protocol = NT1\n' >"$TMP/client.conf"
printf '%s = '"$TMP/client"'\n' 'private dir' 'lock directory' 'cache directory' 'state directory' >>"$TMP/client.conf"
bg share.example smbd smbd -F --no-process-group -s "$TMP/smb.conf" --debug-stdout
bg share.example nmbd nmbd -F --no-process-group -s "$TMP/smb.conf" --debug-stdout

cat >"$TMP/ganesha.conf" <<-END
	NFS_CORE_PARAM { MNT_Port = 20048; NFS_Port = 2049; Enable_NLM = false; Enable_RQUOTA = false; Protocols = 3, 4; }
	EXPORT { Export_Id = 1; Path = $TMP/files; Pseudo = /files; Access_Type = RW; Squash = None; SecType = sys; FSAL { Name = VFS; } }
	NFSv4 { Graceless = true; }
	LOG { Default_Log_Level = WARN; }
END
bg nfs.example nfs unshare -m sh -c "mount -t tmpfs none /run && mkdir /run/ganesha && rpcbind -w && sleep 1 &&
	exec ganesha.nfsd -F -L /dev/stderr -p /run/ganesha/pid -f '$TMP/ganesha.conf'"

printf 'use chroot = no\nreverse lookup = no\n[files]\npath = %s\nread only = no\nuid = root\n' "$TMP/files" >"$TMP/rsyncd.conf"
for port in 873 8730; do
	bg mirror.example rsync$port rsync --daemon --no-detach --port=$port --config="$TMP/rsyncd.conf" --log-file=/dev/stderr
done
git_as() { git -c user.name=somebody -c user.email=somebody@example.org -c init.defaultBranch=main "$@"; }
git_as init -q --bare "$TMP/repo.git"
git_as init -q "$TMP/work"
cp "$TMP/files/notes.txt" "$TMP/work/"
git_as -C "$TMP/work" add notes.txt
git_as -C "$TMP/work" commit -q -m "Take notes"
git_as -C "$TMP/work" push -q "$TMP/repo.git" HEAD:main
for port in 9418 9419; do
	bg mirror.example git$port git daemon --export-all --reuseaddr --port=$port --base-path="$TMP" "$TMP/repo.git"
	wait_tcp mirror.example $port
done
wait_tcp share.example 445
wait_tcp share.example 1445
wait_tcp mirror.example 8730
wait_tcp nfs.example 2049
wait_tcp nfs.example 20048
sleep 1

record_start
smb() { in_ns desk1 smbclient -s "$TMP/client.conf" -N "$@" >>"$TMP/smb.log" 2>&1; }
smb -m NT1 -p 139 //198.51.100.45/files -c 'ls; get notes.txt /dev/null'
smb -m NT1 //198.51.100.45/files -c 'ls'
smb -m SMB2_02 //198.51.100.45/files -c 'ls; get notes.txt /dev/null'
smb -m SMB3_11 //198.51.100.45/files -c "put $TMP/files/other.txt copy.txt; rm copy.txt"
smb -L 198.51.100.45
smb -m SMB3_11 -p 1445 '//198.51.100.45/files' -c 'ls'
smb -m SMB3_11 -I 2001:db8:f:2::45 '//share.example/files' -c 'ls'
in_ns desk1 nmblookup -s "$TMP/client.conf" -U 198.51.100.45 SHARE >>"$TMP/smb.log" 2>&1
in_ns desk1 nmblookup -s "$TMP/client.conf" -A 198.51.100.45 >>"$TMP/smb.log" 2>&1
for export in "$TMP/files|3" "/files|4"; do
	url=nfs://192.0.2.49${export%|*}
	in_ns lab1 nfs-ls "$url/?version=${export#*|}" >>"$TMP/nfs-client.log" 2>&1
	in_ns lab1 nfs-cp "$url/notes.txt?version=${export#*|}" "$TMP/got${export#*|}" >>"$TMP/nfs-client.log" 2>&1
done
in_ns lab1 rpcinfo -p 192.0.2.49 >>"$TMP/nfs-client.log"
in_ns lab1 rpcinfo 2001:db8:f:1::49 >>"$TMP/nfs-client.log"
in_ns lab1 rpcinfo -u 192.0.2.49 100003 3 >>"$TMP/nfs-client.log"
in_ns lab1 rpcinfo -T udp 192.0.2.49 100005 3 >>"$TMP/nfs-client.log"
in_ns lab1 rsync -a rsync://203.0.113.73/files/ "$TMP/copy/"
in_ns lab1 rsync -a "$TMP/files/other.txt" 'rsync://[2001:db8:f:3::73]/files/third.txt'
in_ns lab1 rsync rsync://203.0.113.73:8730/files/ >/dev/null
in_ns lab1 git clone -q git://203.0.113.73/repo.git "$TMP/clone1"
in_ns lab1 git -c protocol.version=0 clone -q 'git://[2001:db8:f:3::73]/repo.git' "$TMP/clone2"
in_ns lab1 git ls-remote -q git://203.0.113.73:9419/repo.git >/dev/null
record_stop
