#!/bin/sh
# run.sh measures Gatebook and writes docs/performance.md from the figures: the
# gateway beside its peers, then the Go benchmarks of the packages. "make bench"
# calls it.
#
#   BENCH=short bench/run.sh   one short round each, for a look
#   PEERS="nginx caddy"        get only these peers (default: all that can be had)
#
# Each part is put between its own markers in docs/performance.md; text around
# them is kept. A part that fails is said so and leaves its old figures; the
# script then ends with 1.
set -eu
cd "$(dirname "$0")/.."
export GOFLAGS="${GOFLAGS:--buildvcs=false}"
out=.work/bench
mkdir -p "$out" bin
doc=docs/performance.md
failed=

case ${BENCH:-full} in
short) load="-duration 1s -runs 1" benchtime=200ms count=1 events=100000 ;;
full) load="-duration 4s -runs 2" benchtime=2s count=1 events=5000000 ;;
*)
	echo "bench: BENCH is short or full (the default), not $BENCH" >&2
	exit 2
	;;
esac

[ -f "$doc" ] || cat >"$doc" <<'EOF'
# Performance

Every figure on this page comes from a run of `make bench`, on the machine that
is named with it. Ratios carry over to other machines, absolute figures do not.

## The gateway beside others

How it is measured: `go doc ./bench/proxy`. The goal: on the serving path,
indexing aside, Gatebook spends at most half of Caddy's CPU a request while it
records everything. `bench/peers.sh` gets the peers; where one is missing below,
it prints the reason (Traefik needs modules that not every module proxy has).

<!-- bench:proxy -->
<!-- /bench:proxy -->

## Recorder, ledger and index

<!-- bench:go -->
<!-- /bench:go -->
EOF

# into NAME FILE: replaces what is between the markers of NAME in $doc by FILE.
into() {
	grep -q "<!-- bench:$1 -->" "$doc" || printf '\n<!-- bench:%s -->\n<!-- /bench:%s -->\n' "$1" "$1" >>"$doc"
	awk -v open="<!-- bench:$1 -->" -v close_="<!-- /bench:$1 -->" -v file="$2" '
		$0 == open { print; while ((getline line < file) > 0) print line; skip = 1; next }
		$0 == close_ { skip = 0 }
		!skip { print }' "$doc" >"$doc.new"
	mv "$doc.new" "$doc"
}

# shellcheck disable=SC2086 # PEERS is a list
bench/peers.sh ${PEERS:-}
go build -o bin/gatebook ./cmd/gatebook
go build -o "$out/proxy" ./bench/proxy

# shellcheck disable=SC2086 # load is a list of flags
if "$out/proxy" $load -json "$out/proxy.json" >"$out/proxy.md"; then
	cat "$out/proxy.md"
	into proxy "$out/proxy.md"
else
	failed="$failed proxy"
fi

: >"$out/go.txt"
for pkg in ./internal/record ./internal/verify ./internal/index; do
	flags=
	[ "$pkg" = ./internal/index ] && flags="-index.events=$events"
	# shellcheck disable=SC2086 # flags may be none
	go test -run '^$' -bench . -benchtime "$benchtime" -count "$count" -timeout 30m "$pkg" $flags >"$out/one.txt" 2>&1 || failed="$failed $pkg"
	cat "$out/one.txt"
	grep -E '^(Benchmark|pkg:|cpu:)' "$out/one.txt" >>"$out/go.txt" || true
done
{
	printf '%s\n\n' "\`go test -run '^\$' -bench . -benchtime $benchtime\` of each package, $(go version | cut -d' ' -f3), $(uname -sr), $(nproc) processors, $(date -u '+%Y-%m-%d %H:%M UTC')."
	echo '```'
	cat "$out/go.txt"
	echo '```'
} >"$out/go.md"
into go "$out/go.md"

if [ -n "$failed" ]; then
	echo "bench: failed:$failed" >&2
	exit 1
fi
