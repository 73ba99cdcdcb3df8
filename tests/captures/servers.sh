# shellcheck shell=bash
# Knot and OpenSSH as several scenarios start them.

SSH_OPTIONS=(-F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR -o IdentitiesOnly=yes -o User=root)

# knot_config FOLDER ZONE-FILE: prints a configuration that serves the zone "example"; makes the folder.
knot_config() {
	mkdir -p "$1"
	cat <<-END
		server:
		    rundir: $1
		    listen: [ 0.0.0.0@53, ::@53 ]
		    udp-workers: 1
		    tcp-workers: 1
		    background-workers: 1
		database:
		    storage: $1
		template:
		  - id: default
		    storage: $1
		    file: $2
		    zonefile-sync: -1
		    journal-content: none
		acl:
		  - id: inside
		    address: [ 10.10.0.0/16, 2001:db8:a::/48 ]
		    action: transfer
		zone:
		  - domain: example
		    acl: inside
	END
}

# ssh_keys: TMP/host for the servers, TMP/user for who may log in, TMP/stranger for who may not.
ssh_keys() {
	local key
	for key in host user stranger; do ssh-keygen -q -t ed25519 -N '' -C '' -f "$TMP/$key"; done
	mkdir -p /run/sshd # sshd insists on this folder, empty, whatever its configuration says
}

# sshd_start HOST PORT
sshd_start() {
	printf '%s\n' "HostKey $TMP/host" "AuthorizedKeysFile $TMP/user.pub" "StrictModes no" "UsePAM no" "Port $2" \
		"PidFile none" "PermitRootLogin yes" "PasswordAuthentication no" "Subsystem sftp internal-sftp" >"$TMP/$1.conf"
	bg "$1" "$1" /usr/sbin/sshd -D -e -f "$TMP/$1.conf"
	wait_tcp "$1" "$2"
}
