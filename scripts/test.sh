#!/usr/bin/env bash
# All tests of all modules. Installs the programs that they run, and goes on
# without what the machine cannot have: those tests say why they skip.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOFLAGS="-buildvcs=false ${GOFLAGS:-}"

bad=$(gofmt -l $(git ls-files '*.go'))
if [ -n "$bad" ]; then
	echo "not formatted by gofmt:"
	echo "$bad"
	exit 1
fi
bash test/e2e/install.sh || echo "some programs for the end-to-end tests could not be installed; those tests say so"
bash scripts/wasm.sh
bash scripts/console.sh
go vet ./...
# One package at a time: many of them start servers and measure nothing, but a
# busy machine makes them slow.
go test -p 2 -timeout 20m ./...
for module in examples/shop test/identity test/foreign test/protocols test/browser; do
	echo "== $module"
	(cd "$module" && go vet ./... && go test -timeout 10m ./...)
done
echo "== test/console"
bash test/console/run.sh
if [ -f scripts/smoke.sh ]; then
	bash scripts/smoke.sh
fi
