#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Who may do what: LDAP (OpenLDAP: search, bind, StartTLS, another port), Kerberos (MIT: UDP and TCP, password change), RADIUS
# (FreeRADIUS: access and accounting), each over IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"
. "$HERE/tls.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add outside ldap.example 203.0.113.39 2001:db8:f:3::39
host_add outside kdc.example 198.51.100.88 2001:db8:f:2::88
host_add outside radius.example 192.0.2.18 2001:db8:f:1::18
ldap=203.0.113.39,2001:db8:f:3::39
kdc=198.51.100.88,2001:db8:f:2::88
radius=192.0.2.18,2001:db8:f:1::18
rule $ldap tcp 389 ldap
rule $ldap tcp 1389 ldap
for proto in tcp udp; do
	rule $kdc $proto 88 kerberos
	rule $kdc $proto 464 kerberos
done
rule $radius udp 1812 radius
rule $radius udp 1813 radius
rule $radius udp 11812 radius

authority_make
certificate_make ldap.example
mkdir -p "$TMP/ldap"
cat >"$TMP/slapd.conf" <<-END
	include /etc/ldap/schema/core.schema
	modulepath /usr/lib/ldap
	moduleload back_mdb
	pidfile $TMP/ldap/pid
	TLSCertificateFile $TMP/ldap.example.crt
	TLSCertificateKeyFile $TMP/ldap.example.key
	TLSCACertificateFile $TMP/ca.crt
	database mdb
	suffix "dc=example"
	rootdn "cn=admin,dc=example"
	rootpw secret
	directory $TMP/ldap
END
slapadd -f "$TMP/slapd.conf" >"$TMP/slapadd.log" 2>&1 <<-END
	dn: dc=example
	objectClass: dcObject
	objectClass: organization
	o: Example
	dc: example

	dn: cn=Somebody,dc=example
	objectClass: person
	cn: Somebody
	sn: Body
	telephoneNumber: 555 0100
END
bg ldap.example slapd slapd -d 0 -f "$TMP/slapd.conf" -h "ldap:/// ldap://:1389/"

cat >"$TMP/krb5.conf" <<-END
	[libdefaults]
	 default_realm = EXAMPLE.ORG
	 dns_lookup_kdc = false
	 dns_lookup_realm = false
	 dns_canonicalize_hostname = false
	 udp_preference_limit = 1465
	[realms]
	 EXAMPLE.ORG = {
	  kdc = kdc.example
	  admin_server = kdc.example
	  kpasswd_server = kdc.example
	 }
END
cat >"$TMP/kdc.conf" <<-END
	[kdcdefaults]
	 kdc_ports = 88
	 kdc_tcp_ports = 88
	[realms]
	 EXAMPLE.ORG = {
	  database_name = $TMP/principals
	  key_stash_file = $TMP/stash
	  acl_file = $TMP/acl
	 }
END
sed 's/1465/1/' "$TMP/krb5.conf" >"$TMP/krb5-tcp.conf" # anything longer than that goes by TCP
export KRB5_CONFIG=$TMP/krb5.conf KRB5_KDC_PROFILE=$TMP/kdc.conf KRB5CCNAME=$TMP/tickets
touch "$TMP/acl"
kdb5_util create -s -P master >"$TMP/kdb.log" 2>&1
kadmin.local -q "addprinc -pw secret user" >>"$TMP/kdb.log" 2>&1
kadmin.local -q "addprinc -randkey host/files.example" >>"$TMP/kdb.log" 2>&1
bg kdc.example kdc krb5kdc -n
bg kdc.example kadmind kadmind -nofork

mkdir -p "$TMP/raddb/mods-enabled" "$TMP/raddb/sites-enabled"
cat >"$TMP/raddb/radiusd.conf" <<-END
	prefix = /usr
	logdir = $TMP
	run_dir = $TMP
	raddbdir = $TMP/raddb
	libdir = /usr/lib/freeradius
	max_requests = 256
	security {
	  allow_vulnerable_openssl = yes
	}
	modules {
	  pap {
	  }
	  chap {
	  }
	  always ok {
	    rcode = ok
	  }
	  files {
	    usersfile = $TMP/raddb/users
	  }
	}
	client v4 {
	  ipaddr = 10.10.0.0/16
	  secret = shared
	}
	client v6 {
	  ipv6addr = 2001:db8:a::/48
	  secret = shared
	}
	$(for listen in auth/ipaddr/1812 auth/ipv6addr/1812 acct/ipaddr/1813 acct/ipv6addr/1813 auth/ipaddr/11812; do
		IFS=/ read -r type family port <<<"$listen"
		printf 'listen {\nvirtual_server = default\ntype = %s\n%s = *\nport = %d\n}\n' "$type" "$family" "$port"
	done)
	server default {
	authorize {
	  chap
	  files
	  pap
	}
	authenticate {
	  Auth-Type PAP {
	    pap
	  }
	  Auth-Type CHAP {
	    chap
	  }
	}
	accounting {
	  ok
	}
	}
END
printf 'user Cleartext-Password := "secret"\n\tReply-Message = "welcome", Framed-IP-Address = 10.10.1.77\n' >"$TMP/raddb/users"
bg radius.example radius freeradius -f -l stdout -d "$TMP/raddb"
wait_tcp ldap.example 389
wait_tcp kdc.example 88
wait_udp radius.example 1813
wait_udp radius.example 11812

record_start
for host in 203.0.113.39 '[2001:db8:f:3::39]'; do
	search() { in_ns desk1 env LDAPTLS_CACERT="$TMP/ca.crt" LDAPTLS_REQCERT=never ldapsearch "$@" >>"$TMP/search.log" 2>&1; }
	search -x -H "ldap://$host" -b dc=example '(sn=Body)'
	search -x -H "ldap://$host" -ZZ -D cn=admin,dc=example -w secret -b dc=example cn telephoneNumber
	search -x -H "ldap://$host:1389" -s base -b '' +
done
search -x -H ldap://ldap.example -D cn=admin,dc=example -w wrong && die "a wrong password was accepted"
printf 'dn: cn=Somebody,dc=example\nchangetype: modify\nreplace: sn\nsn: Else\n' |
	in_ns desk1 ldapmodify -x -H ldap://ldap.example -D cn=admin,dc=example -w secret >>"$TMP/search.log"
for config in krb5.conf krb5-tcp.conf; do
	ticket() { in_ns lab1 env KRB5_CONFIG="$TMP/$config" "$@" >>"$TMP/kinit.log" 2>&1; }
	echo secret | ticket kinit user
	ticket kvno host/files.example
	echo wrong | ticket kinit user && die "a wrong password was accepted"
	ticket kinit nobody </dev/null && die "nobody was let in"
done
sed 's/kdc\.example/[2001:db8:f:2::88]/' "$TMP/krb5.conf" >"$TMP/krb5-v6.conf"
config=krb5-v6.conf
echo secret | ticket kinit user
printf 'secret\nsecret2\nsecret2\n' | ticket kpasswd user
for host in 192.0.2.18 '[2001:db8:f:1::18]'; do
	ask() { in_ns lab1 radclient -t 2 -r 1 "$host:$1" "$2" shared >>"$TMP/radclient.log" 2>&1; }
	echo 'User-Name = "user", User-Password = "secret", NAS-Identifier = "lab1"' | ask 1812 auth
	echo 'User-Name = "user", CHAP-Password = "secret"' | ask 1812 auth
	echo 'User-Name = "user", User-Password = "wrong"' | ask 1812 auth || true
	echo 'User-Name = "user", Acct-Status-Type = Start, Acct-Session-Id = "1"' | ask 1813 acct
done
host=192.0.2.18
echo 'User-Name = "user", User-Password = "secret"' | ask 11812 auth
record_stop
