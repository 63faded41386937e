#!/usr/bin/env bash
# Builds the console from web into internal/console/dist/app, where
# internal/console embeds it. Needs Node.js 20.19 or newer; without it, it says so,
# and Gatebook is built without its console: all else works.
set -euo pipefail
cd "$(dirname "$0")/.."

to=internal/console/dist/app
[ -f web/package.json ] || exit 0
if ! command -v npm >/dev/null || ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
	echo "console: Node.js 20.19 or newer is not installed, so this build has no console (https://nodejs.org); all else works" >&2
	exit 0
fi

# What was built from the same files is not built again.
# The tree need not be a checkout.
sum=$(find web scripts/console.sh scripts/compress.mjs -name node_modules -prune -o -type f -print | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum | cut -c1-64)
if [ -f "$to/index.html" ] && [ "$(cat "$to/../.app-sum" 2>/dev/null)" = "$sum" ]; then
	exit 0
fi
[ web/node_modules/.package-lock.json -nt web/package-lock.json ] || npm --prefix web ci --no-audit --no-fund
npm --prefix web run build
node scripts/compress.mjs "$to"
echo "$sum" >"$to/../.app-sum"
