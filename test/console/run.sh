#!/usr/bin/env bash
# The tests of the console in Chromium. They need Node.js 20.19, npm, Go and
# Chromium; without one of them they say which, and are skipped.
# UPDATE=1 draws the pictures of docs/images/console anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
export GOFLAGS="-buildvcs=false ${GOFLAGS:-}"

skip() {
	echo "test/console: skipped: $*" >&2
	exit 0
}
export CHROMIUM=${CHROMIUM:-$(command -v chromium || true)}
[ -n "$CHROMIUM" ] || skip "chromium is not installed (test/e2e/install.sh installs it on Debian)"
command -v npm >/dev/null || skip "npm is not installed"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || skip "Node.js 20.19 or newer is not installed"

bash scripts/wasm.sh
bash scripts/console.sh
to=.work/console
mkdir -p "$to"
go build -o "$to/" ./cmd/gatebook
(cd examples/shop && go build -o "../../$to/shop" .)
cd test/console
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund
exec node --test --test-reporter=spec "$@"
