# make run    build everything, and start Gatebook before a sample API with live traffic
# make test   all tests; installs what they need
# make bench  the figures of docs/performance.md
# make lint   gofmt, vet, staticcheck, govulncheck

GO ?= go
export GOFLAGS := -buildvcs=false $(GOFLAGS)

.PHONY: build run test race bench lint clean

build:
	bash scripts/wasm.sh
	bash scripts/console.sh
	$(GO) build -o bin/ ./cmd/gatebook ./cmd/gatebook-verify
	cd examples/shop && $(GO) build -o ../../bin/shop .

run:
	bash scripts/run.sh

test:
	bash scripts/test.sh

race:
	$(GO) test -race -short ./...

bench:
	bash bench/run.sh

lint:
	test -z "$$(gofmt -l $$(git ls-files '*.go'))"
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

clean:
	rm -rf bin .work
