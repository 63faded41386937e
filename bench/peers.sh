#!/bin/sh
# peers.sh gets the proxies that the benchmark compares Gatebook with, into
# .work/peers (ignored by git), and prints their versions. Nothing is installed
# on the system: the Debian packages are only unpacked, and the Go programs are
# built from the module proxy. What is there already is kept; delete .work/peers
# to start over. A peer that cannot be had is named with its reason and skipped:
# the benchmark then runs without it.
#
# Usage: bench/peers.sh [nginx haproxy caddy traefik]
set -eu

CADDY=v2.11.9
TRAEFIK=v3.7.13

root=$(cd "$(dirname "$0")/.." && pwd)
peers=$root/.work/peers
mkdir -p "$peers/bin" "$peers/log"

skip() { echo "peers: $1: skipped: $2" >&2; }

# unpack NAME PROGRAM PACKAGE...: unpacks Debian packages below $peers/NAME and
# writes $peers/bin/NAME, which runs PROGRAM with the unpacked libraries.
unpack() {
	name=$1 program=$2
	shift 2
	[ -x "$peers/bin/$name" ] && return 0
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		skip "$name" "needs apt-get and dpkg-deb (a Debian or Ubuntu machine)"
		return 0
	fi
	rm -rf "$peers/$name"
	mkdir -p "$peers/$name/deb" "$peers/$name/root"
	if ! (cd "$peers/$name/deb" && apt-get -q download "$@") >"$peers/log/$name" 2>&1; then
		# The package lists may be missing or old; only root can renew them.
		if ! { apt-get -q update && cd "$peers/$name/deb" && apt-get -q download "$@"; } >>"$peers/log/$name" 2>&1; then
			skip "$name" "apt-get download failed, see .work/peers/log/$name"
			return 0
		fi
	fi
	for deb in "$peers/$name/deb"/*.deb; do
		dpkg-deb -x "$deb" "$peers/$name/root"
	done
	cat >"$peers/bin/$name.new" <<EOF
#!/bin/sh
LD_LIBRARY_PATH=$peers/$name/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
export LD_LIBRARY_PATH
exec $peers/$name/root$program "\$@"
EOF
	chmod +x "$peers/bin/$name.new"
	mv "$peers/bin/$name.new" "$peers/bin/$name"
}

nginx() { unpack nginx /usr/sbin/nginx nginx nginx-common; }

haproxy() {
	unpack haproxy /usr/sbin/haproxy haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1
}

caddy() {
	[ -x "$peers/bin/caddy" ] && return 0
	echo "peers: building caddy $CADDY (about two minutes of processor time)" >&2
	(cd "$peers" && GOFLAGS=-buildvcs=false GOBIN=$peers/bin nice -n 15 go install -p 1 -trimpath "github.com/caddyserver/caddy/v2/cmd/caddy@$CADDY") >"$peers/log/caddy" 2>&1 ||
		skip caddy "go install failed, see .work/peers/log/caddy"
}

# Traefik cannot be had with "go install ...@version": its go.mod has replace
# directives. A wrapper module takes these over and builds the command as a
# dependency. One of them points into the repository (dynamic/ext, the empty
# extension point of the commercial edition), which the module proxy does not
# carry: two empty structs stand in for it. The web console in the module is a
# placeholder, which does not matter here.
traefik() {
	[ -x "$peers/bin/traefik" ] && return 0
	echo "peers: building traefik $TRAEFIK (about ten minutes of processor time)" >&2
	wrap=$peers/traefik
	rm -rf "$wrap"
	mkdir -p "$wrap/ext"
	if ! (
		cd "$wrap" || exit 1
		# Read the directory from an empty module, where no go.mod of ours has a say.
		dir=$(cd "$peers" && GOFLAGS=-buildvcs=false go mod download -json "github.com/traefik/traefik/v3@$TRAEFIK" |
			sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
		[ -n "$dir" ] || exit 1
		sed -e 's#^module .*#module bench.invalid/traefik#' -e 's#=> \./pkg/config/dynamic/ext#=> ./ext#' "$dir/go.mod" >go.mod
		cat "$dir/go.sum" >go.sum
		printf 'module github.com/traefik/traefik/dynamic/ext\n\ngo 1.25\n' >ext/go.mod
		printf 'package ext\n\ntype HTTP struct{}\n\ntype Router struct{}\n' >ext/ext.go
		go mod edit -require="github.com/traefik/traefik/v3@$TRAEFIK"
		GOFLAGS='-buildvcs=false -mod=mod' nice -n 15 go build -p 1 -trimpath \
			-ldflags "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=$TRAEFIK" \
			-o "$peers/bin/traefik" github.com/traefik/traefik/v3/cmd/traefik
	) >"$peers/log/traefik" 2>&1; then
		missing=$(sed -n 's/^[^ ]*: \([^ ]*@[^ ]*\): reading .*/\1/p' "$peers/log/traefik" | sort -u | tr '\n' ' ')
		skip traefik "${missing:+the module proxy does not have $missing; }see .work/peers/log/traefik"
	fi
}

# An empty module, so that go commands in here never touch the project's go.mod.
[ -f "$peers/go.mod" ] || printf 'module bench.invalid/peers\n\ngo 1.26\n' >"$peers/go.mod"

[ $# -gt 0 ] || set -- nginx haproxy caddy traefik
for peer in "$@"; do
	case $peer in
	nginx | haproxy | caddy | traefik) "$peer" ;;
	*)
		echo "peers: unknown peer $peer (nginx, haproxy, caddy, traefik)" >&2
		exit 2
		;;
	esac
done

for peer in "$@"; do
	bin=$peers/bin/$peer
	[ -x "$bin" ] || continue
	case $peer in
	nginx) v=$("$bin" -v 2>&1 | sed 's#.*/##') ;;
	haproxy) v=$("$bin" -v | sed -n '1s/HAProxy version \([^ ]*\).*/\1/p') ;;
	caddy) v=$(go version -m "$bin" | awk '$1 == "mod" { print $3 }') ;;
	traefik) v=$("$bin" version | sed -n 's/^Version: *//p') ;;
	esac
	printf '%-8s %s\n' "$peer" "$v"
done
