#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Databases: MariaDB, PostgreSQL, Redis and Memcached with their own clients, on their own ports and on others, in the clear
# and, where the protocol starts it itself, with TLS.
. "$(dirname "$0")/../lib.sh"
. "$HERE/tls.sh"

net_up
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add inside lab2 10.10.2.22 2001:db8:a:2::22
host_add outside sql.example 203.0.113.33 2001:db8:f:3::33
host_add outside cache.example 198.51.100.63 2001:db8:f:2::63
sql=203.0.113.33,2001:db8:f:3::33
cache=198.51.100.63,2001:db8:f:2::63
rule $sql tcp 3306 mysql
rule $sql tcp 5432 postgresql
rule $sql tcp 15432 postgresql
rule $cache tcp 6379 redis
rule $cache tcp 16379 redis
rule $cache tcp 11211 memcached
rule $cache udp 11211 memcached

authority_make
certificate_make sql.example

# MariaDB: tables without its installer's help text, a user, a socket of its own
mkdir -p "$TMP/mysql"
mariadb-install-db --no-defaults --user=mysql --datadir="$TMP/mysql" --skip-test-db --skip-name-resolve >"$TMP/install.log" 2>&1
chown mysql "$TMP/mysql"
chmod 644 "$TMP/sql.example.key"
cat >"$TMP/users.sql" <<-END
	CREATE USER reader@'%' IDENTIFIED BY 'secret';
	CREATE DATABASE shop;
	CREATE TABLE shop.item (id INT, name TEXT);
	INSERT INTO shop.item VALUES (1, 'probe'), (2, 'link'), (3, 'graph');
	GRANT ALL ON shop.* TO reader@'%';
END
bg sql.example mysql mariadbd --no-defaults --user=mysql --datadir="$TMP/mysql" --socket="$TMP/mysql/s" --bind-address='*' --port=3306 \
	--skip-name-resolve --init-file="$TMP/users.sql" --ssl-cert="$TMP/sql.example.crt" --ssl-key="$TMP/sql.example.key"

# PostgreSQL refuses to run as root
programs=$(echo /usr/lib/postgresql/*/bin)
mkdir -p "$TMP/pg"
chown postgres "$TMP/pg"
echo secret >"$TMP/password"
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
as_postgres "$programs/initdb" -D "$TMP/pg" -U reader --pwfile="$TMP/password" -A scram-sha-256 >>"$TMP/install.log" 2>&1
printf 'hostssl all reader all scram-sha-256\nhostnossl all reader all scram-sha-256\n' >"$TMP/pg/pg_hba.conf"
install -o postgres -m 600 "$TMP/sql.example.key" "$TMP/pg/server.key"
cp "$TMP/sql.example.crt" "$TMP/pg/server.crt"
cp -a "$TMP/pg" "$TMP/pg2"
bg sql.example postgres5432 setpriv --reuid=postgres --regid=postgres --clear-groups "$programs/postgres" -D "$TMP/pg" \
	-c listen_addresses='*' -c port=5432 -c ssl=on -c unix_socket_directories="$TMP/pg"
bg sql.example postgres15432 setpriv --reuid=postgres --regid=postgres --clear-groups "$programs/postgres" -D "$TMP/pg2" \
	-c listen_addresses='*' -c port=15432 -c ssl=off -c unix_socket_directories="$TMP/pg2"

for port in 6379 16379; do
	bg cache.example redis$port redis-server --port $port --bind 0.0.0.0 :: --protected-mode no --save '' --dir "$TMP" --daemonize no
done
bg cache.example memcached memcached -u nobody -l 0.0.0.0,:: -p 11211 -U 11211
wait_tcp sql.example 3306
wait_tcp sql.example 5432
wait_tcp sql.example 15432
wait_tcp cache.example 6379
wait_tcp cache.example 16379
wait_tcp cache.example 11211
sleep 1

record_start
for host in 203.0.113.33 2001:db8:f:3::33; do
	maria() { in_ns lab1 mariadb --no-defaults -h $host -u reader -psecret "$@" shop >>"$TMP/maria.log"; }
	maria --skip-ssl -e "SELECT * FROM item; INSERT INTO item VALUES (4, 'host'); SHOW TABLES"
	maria --ssl -e "SELECT name FROM item WHERE id = 2"
	post() { in_ns lab2 env PGPASSWORD=secret psql -X "$@" postgres >>"$TMP/post.log"; }
	post -c "SELECT datname FROM pg_database" "host=$host user=reader port=5432 sslmode=disable dbname=postgres"
	post -c "SELECT 1 + 1" "host=$host user=reader port=5432 sslmode=require dbname=postgres"
	post -c "SELECT now()" "host=$host user=reader port=15432 sslmode=prefer dbname=postgres"
done
in_ns lab1 mariadb --no-defaults -h sql.example -u reader -pwrong shop </dev/null 2>/dev/null && die "a wrong password was accepted"
for host in 198.51.100.63 2001:db8:f:2::63; do
	in_ns lab1 redis-cli -h $host SET colour blue >/dev/null
	printf '*2\r\n$3\r\nGET\r\n$6\r\ncolour\r\n*3\r\n$5\r\nLPUSH\r\n$4\r\nlist\r\n$1\r\na\r\n' | in_ns lab1 redis-cli -h $host -p 16379 --pipe >/dev/null
	in_ns lab1 redis-cli -h $host -p 16379 LRANGE list 0 -1 >/dev/null
	in_ns lab1 redis-cli -3 -h $host PING >/dev/null
done
for host in 198.51.100.63 '[2001:db8:f:2::63]'; do
	printf 'set colour 0 60 4\r\nblue\r\nget colour\r\nstats\r\nquit\r\n' | in_ns lab2 socat -t 2 - "TCP:$host:11211" >/dev/null
done
in_ns lab2 memccp --servers=198.51.100.63:11211 "$TMP/users.sql"
in_ns lab2 memccp --binary --servers=198.51.100.63:11211 "$TMP/users.sql"
in_ns lab2 memccat --servers=198.51.100.63:11211 users.sql >/dev/null
record_stop
