#!/usr/bin/env bash
# Builds the verifier of evidence packs for browsers, where internal/pack
# embeds it. A build of Gatebook without it works, but the page in its packs
# cannot check itself.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOFLAGS="-buildvcs=false ${GOFLAGS:-}"

to=internal/pack/wasm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

GOOS=js GOARCH=wasm go build -trimpath -ldflags '-s -w' -o "$work/verifier.wasm" ./cmd/gatebook-verify-wasm
gzip -9 -n "$work/verifier.wasm"
cp "$(go env GOROOT)/lib/wasm/wasm_exec.js" "$work/wasm_exec.js"
# What is the same stays, so that nothing is built again for it.
for file in verifier.wasm.gz wasm_exec.js; do
	cmp -s "$work/$file" "$to/$file" || cp "$work/$file" "$to/$file"
done
