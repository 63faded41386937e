#!/bin/sh
# install.sh installs the programs that the end-to-end tests use from Debian
# packages: etcd and etcdctl, nginx, Apache httpd, HAProxy, zstd, chromium, poppler, openssl, python3;
# and for those of test/receivers: Alertmanager, Exim, rsyslog.
# What is there already is kept, so it may be run again and again. It says nothing unless
# something goes wrong, and then it says what: the tests that need a missing
# program skip themselves.
set -eu

missing=
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
need etcd etcd-server
need etcdctl etcd-client
need nginx nginx-light
need zstd zstd
need pdftotext poppler-utils
need chromium chromium
need openssl openssl
need python3 python3
need prometheus-alertmanager prometheus-alertmanager
need exim4 exim4-daemon-light
need rsyslogd rsyslog
need apache2 apache2
need haproxy haproxy
[ -e /usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_ossl.so ] || missing="$missing rsyslog-openssl"
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "e2e: not installed:$missing (there is no apt-get)" >&2
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	echo "e2e: not installed:$missing (only root can); run: sudo test/e2e/install.sh" >&2
	exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# Services must not start: the tests run their own.
install() {
	# shellcheck disable=SC2086
	RUNLEVEL=1 apt-get -q -y --no-install-recommends install $missing >"$log" 2>&1
}
if ! install && ! { apt-get -q update >"$log" 2>&1 && install; }; then
	cat "$log" >&2
	echo "e2e: not installed:$missing (see above)" >&2
fi
