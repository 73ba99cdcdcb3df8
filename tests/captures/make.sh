#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make.sh [NAME...]: makes all captures of tests/captures, or the named ones, again: real clients and real servers in
# network namespaces, recorded on the link between them. Needs root and the packages of the list beside it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
limit_s=150 # for one scenario; the longest takes about 15 s

fail() {
	echo "make.sh: $*" >&2
	exit 1
}

missing_packages() {
	local package
	sed 's/#.*//' "$here/packages" | while read -r package; do
		[ -n "$package" ] || continue
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || printf ' %s' "$package"
	done
}

[ "$(id -u)" = 0 ] || fail "must be root (network namespaces)"
missing=$(missing_packages)
[ -z "$missing" ] || fail "missing packages, install them with: apt-get install --no-install-recommends$missing"

if [ $# -eq 0 ]; then
	for script in "$here"/scenario/*.sh; do set -- "$@" "$(basename "$script" .sh)"; done
fi
failed=()
running=
# whoever ends this ends the scenario, which then cleans up
trap '[ -z "$running" ] || { kill -TERM "$running"; wait "$running"; }; fail "ended"' INT TERM
for name in "$@"; do
	[ -f "$here/scenario/$name.sh" ] || fail "no scenario $name; there are: $(cd "$here/scenario" && echo *.sh | sed 's/\.sh//g')"
	timeout -k 10 $limit_s bash "$here/scenario/$name.sh" &
	running=$!
	wait $running || failed+=("$name")
	running=
done
[ ${#failed[@]} -eq 0 ] || fail "not made: ${failed[*]}"
