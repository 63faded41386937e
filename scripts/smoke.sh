#!/usr/bin/env bash
# Runs scripts/run.sh for 20 seconds in a copy of the tree, on ports of its own,
# and checks that calls are recorded, found, and verified, and that a second run
# goes on with the record of the first.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=$(mktemp -d)
runner=
end() {
	if [ -n "$runner" ]; then
		kill -TERM "$runner" 2>/dev/null || true
		wait "$runner" 2>/dev/null || true
	fi
	rm -rf "$dir"
}
trap end EXIT

fail() {
	echo "smoke: $*" >&2
	[ ! -f "$dir/out" ] || tail -n 40 "$dir/out" >&2
	exit 1
}

git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
	[ ! -f "$file" ] || printf '%s\0' "$file"
done | tar --null -T - -cf - | tar -xf - -C "$dir"
cd "$dir"

# Four free ports in a row, below those that the system gives out by itself.
base=
for ((try = 0; try < 50; try++)); do
	base=$((20000 + RANDOM % 10000)) free=yes
	for ((port = base; port < base + 4; port++)); do
		if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then free=no; fi
	done
	[ "$free" = no ] || break
done
[ "$free" = yes ] || fail "no four free ports were found"
export GATEBOOK_RUN_PORTS="$base $((base + 1)) $((base + 2)) $((base + 3))"

# size: how many events the newest checkpoint covers.
size() { sed -n 2p gatebook-data/ledger/checkpoint; }

# run SECONDS COMMAND...: a run, and the command while it goes on.
run() {
	local ended=0
	GATEBOOK_RUN_SECONDS=$1 bash scripts/run.sh >out 2>&1 &
	runner=$!
	shift
	until grep -q '^Stop with' out; do
		kill -0 "$runner" 2>/dev/null || fail "the run ended before it said what to try"
		sleep 0.2
	done
	"$@"
	wait "$runner" || ended=$?
	runner=
	((ended == 0)) || fail "the run ended with exit code $ended"
}

# tried: what a reader of the greeting would try.
tried() {
	local command query
	for query in 'who.email:alice' 'capture.route:=shop credential.method:=jwt'; do
		bin/gatebook search "$query" --data gatebook-data --json >answer 2>&1 || fail "search fails: $query: $(cat answer)"
		grep -q '"kind":"access"' answer ||
			fail "search does not find: $query"
	done
	# Not through a pipe: grep ends at the first match, and the writer then
	# fails.
	bin/gatebook who alice@shop.example --data gatebook-data >answer 2>&1 || fail "who fails: $(cat answer)"
	grep -q 'alice@shop.example' answer || fail "who does not know alice: $(cat answer)"
	bin/gatebook-verify gatebook-data >verified || fail "the ledger does not verify: $(cat verified)"
	if bash scripts/run.sh >second 2>&1; then fail "a second run on the same ports did not fail"; fi
	grep -q "port $base is in use" second || fail "a second run does not name the port: $(cat second)"
	command=$(sed -n 's/^  \(bin\/gatebook show .*\)/\1/p' out)
	$command >answer 2>&1 || fail "this fails: $command: $(cat answer)"
	grep -q '^principal.kind' answer || fail "this does not show an event: $command"
}

run 20 tried
first=$(size)
((first > 20)) || fail "only $first events were recorded"
bin/gatebook demo tamper >answer 2>&1 || fail "demo tamper fails: $(cat answer)"
grep -q BROKEN answer || fail "demo tamper does not say BROKEN: $(cat answer)"
run 8 true
(($(size) > first)) || fail "a second run does not go on with the record"
bin/gatebook-verify gatebook-data >verified || fail "the ledger does not verify after two runs: $(cat verified)"
[ "$(bin/gatebook keys list --data gatebook-data --json | wc -l)" = 1 ] || fail "the second run made a second API key"
! grep -rqF "$(cat .work/run/machine.key)" gatebook-data .work/run/*.log || fail "the API key is in the record or in a log"
echo "smoke: $(size) events in two runs, found and verified"
