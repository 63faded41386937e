#!/usr/bin/env bash
# Builds everything, and runs Gatebook before the sample shop with live traffic,
# until Ctrl-C. Needs Go and nothing else. Records stay in ./gatebook-data; what
# a run needs besides is in .work/run.
#
# GATEBOOK_RUN_SECONDS=20 ends the run by itself, as many seconds after it was ready.
# GATEBOOK_RUN_PORTS="8400 8401 3000 5556" are the ports, all on loopback: of
# the gateway, its operations listener, the shop and the shop's issuer.
set -euo pipefail
cd "$(dirname "$0")/.."

read -r gateway_port ops_port shop_port issuer_port <<<"${GATEBOOK_RUN_PORTS:-8400 8401 3000 5556}"
gateway=127.0.0.1:$gateway_port ops=127.0.0.1:$ops_port
shop=127.0.0.1:$shop_port issuer=http://127.0.0.1:$issuer_port
data=gatebook-data run=.work/run
seconds=${GATEBOOK_RUN_SECONDS:-0}

fail() {
	printf 'run: %s\n' "$*" >&2
	exit 1
}

# answers PORT: whether something listens there.
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check() {
	command -v go >/dev/null || fail "Go is not installed: see https://go.dev/doc/install"
	case $seconds in *[!0-9]*) fail "GATEBOOK_RUN_SECONDS: \"$seconds\" is not a whole number of seconds" ;; esac
	local port
	for port in "$gateway_port" "$ops_port" "$shop_port" "$issuer_port"; do
		case $port in '' | *[!0-9]*) fail "GATEBOOK_RUN_PORTS: want four ports, as in \"8400 8401 3000 5556\"" ;; esac
		if answers "$port"; then
			fail "port $port is in use, perhaps by another run: end that, or choose four other ports, as in GATEBOOK_RUN_PORTS=\"9400 9401 9300 9556\" make run"
		fi
	done
}

build() {
	echo "building; the first time takes some minutes"
	bash scripts/wasm.sh
	bash scripts/console.sh
	go build -o bin/ ./cmd/gatebook ./cmd/gatebook-verify
	(cd examples/shop && go build -o ../../bin/shop .)
}

configure() {
	mkdir -p "$run"
	cat >"$run/gatebook.yaml" <<YAML
# Written by scripts/run.sh at each run.
ops:
  listen: $ops
gateway:
  listeners:
    - name: shop
      address: $gateway
  routes:
    - name: administration
      path: /v1/admin
      upstream: http://$shop
      durability: recorded
      api:
        path: /openapi.json
        actions: [{match: "/v1/admin/*", action: administer}]
    - name: shop
      path: /
      upstream: http://$shop
      durability: served
      api: {path: /openapi.json}
identity:
  oidc:
    - name: shop
      issuer: $issuer
      audiences: [shop-api]
  api_keys:
    enabled: true
YAML
}

pids=() names=()

# start NAME COMMAND...: runs it behind this script, in a process group of its
# own, so that Ctrl-C reaches the script alone and what began last ends first.
start() {
	local name=$1
	shift
	set -m
	"$@" >"$run/$name.log" 2>&1 </dev/null &
	set +m
	pids+=($!) names+=("$name")
}

# alive: whether all that was started still runs; says which does not.
alive() {
	local i
	for i in "${!pids[@]}"; do
		kill -0 "${pids[i]}" 2>/dev/null || fail "${names[i]} has ended:
$(tail -n 5 "$run/${names[i]}.log")"
	done
}

stop() {
	local code=$? i
	trap '' INT TERM
	trap - EXIT
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		kill -TERM "${pids[i]}" 2>/dev/null || true
		wait "${pids[i]}" 2>/dev/null || true
	done
	if ((${#pids[@]} > 0)); then
		echo
		echo "stopped; the record stays in ./$data (to remove it: rm -r $data)"
	fi
	exit "$code"
}

# await SECONDS WHAT COMMAND...: waits until the command succeeds.
await() {
	local limit=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		alive
		((SECONDS < limit)) || fail "waited a minute for $what: see $run/*.log"
		sleep 0.2
	done
}

# found QUERY: the newest matching event as JSON; fails if there is none.
found() {
	local line
	line=$(bin/gatebook search "$1" --data "$data" --limit 1 --json 2>/dev/null) && [ -n "$line" ] && printf '%s\n' "$line"
}

# machine_key: an API key for the machine among the callers. That of an earlier
# run is used again if the record still knows it.
machine_key() {
	local file=$run/machine.key id
	if [ -s "$file" ]; then
		id=$(cut -d_ -f2 "$file")
		bin/gatebook keys list --data "$data" --json >"$run/keys.json"
		if grep -F "\"$id\"" "$run/keys.json" | grep -qv '"revoked":"'; then
			return
		fi
	fi
	(umask 077 && bin/gatebook keys add label-printer --kind machine --data "$data" 2>/dev/null >"$file.new")
	mv "$file.new" "$file"
}

greet() {
	local link
	link=$(bin/gatebook login-link --data "$data" 2>/dev/null | grep -m1 '^http' || true)
	cat <<TEXT

Gatebook records the calls to the sample shop.

  console      ${link:-http://$ops}
               (signs in once, within 15 minutes; another: bin/gatebook login-link)
  gateway      http://$gateway   (the shop itself is at http://$shop)
  operations   http://$ops   (token: $data/keys/ops.token)
  issuer       $issuer
  logs         $run/*.log

Try, in another terminal:

  bin/gatebook search 'who.email:alice outcome.status:>=400' --since 15m
  bin/gatebook who alice@shop.example
  bin/gatebook show $1
  bin/gatebook object customer/cus_000002
  bin/gatebook apis
  bin/gatebook evidence 'who.email:=alice@shop.example' --disclose who,what -o evidence.zip
  bin/gatebook-verify $data

Attack the shop, see what is found, and stop it:

  bin/gatebook demo attack scraping --block

Stop with Ctrl-C. Everything is in ./$data; to remove it: rm -r $data
Then see what a single changed byte does:

  bin/gatebook demo tamper

TEXT
}

# status: one line about the record.
status() {
	local size calls
	size=$(sed -n 2p "$data/ledger/checkpoint" 2>/dev/null || true)
	calls=$(grep '^traffic:' "$run/traffic.log" | tail -n 1 || true)
	printf '%s  %s events sealed  %s\n' "$(date +%T)" "${size:-0}" "$calls"
}

check
build
configure
trap stop EXIT
trap 'exit 0' INT TERM
start issuer bin/shop issuer --listen "127.0.0.1:$issuer_port"
start shop bin/shop serve --listen "$shop" --issuer "$issuer" --trust-gateway
await 60 "the issuer" answers "$issuer_port"
await 60 "the shop" answers "$shop_port"
start gatebook bin/gatebook serve --config "$run/gatebook.yaml" --data "$data"
await 60 "Gatebook" bin/gatebook health --data "$data"
machine_key
own=()
[ "$(uname -s)" != Linux ] || own=(--own-addresses)
start traffic bin/shop traffic --target "http://$gateway" --issuer "$issuer" --api-key-file "$run/machine.key" ${own[@]+"${own[@]}"}
await 60 "a call of alice's that can be found" found "who.email:alice arrived:>=$(date -u +%Y-%m-%dT%H:%M:%SZ)"
greet "$(found 'who.email:alice' | sed -n 's/.*"id":"\([0-9a-f]\{8\}-[0-9a-f-]*\)".*/\1/p')"

began=$SECONDS
while :; do
	for ((i = 0; i < 10; i++)); do
		((seconds == 0 || SECONDS - began < seconds)) || exit 0
		alive
		sleep 1
	done
	status
done
