# What this project can be told to do. "make help" prints this list.
GO ?= go
# SQLite in Go is ten to forty times slower under the race detector, and is not
# what we look for races in.
RACE := -race -gcflags='modernc.org/sqlite/lib=-race=false'
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
FUZZTIME ?= 10s
SOAK ?= 60s
PEOPLE ?= 30000
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

.DEFAULT_GOAL := help
.PHONY: help needs test race check format vet lint generate fresh fuzz bench soak long coverage run talk

help: ## print this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: ## start the demo
	$(GO) run ./cmd/certdesk demo

talk: ## talk to the manual in this terminal
	$(GO) run ./cmd/certdesk talk

needs: ## install what the tests need, on Debian
	@.ci/needs

test: needs ## run every test against the real things
	CERTDESK_NPM=$$(.ci/peers) $(GO) test $(RACE) -count=1 -timeout 15m ./...

check: FUZZTIME = 5s
check: format vet lint fresh test soak fuzz coverage ## everything that CI asks for

soak: needs ## let machines fail for SOAK, and look for what is lost or there twice
	CERTDESK_SOAK=$(SOAK) $(GO) test ./cmd/certdesk -run TestSoak -v -count=1 -timeout 3h | grep -v '^redis:'

long: ## what takes too long for CI: five minutes of failing machines, a minute of fuzz a target, the figures
	$(MAKE) soak SOAK=5m
	$(MAKE) fuzz FUZZTIME=1m
	$(MAKE) bench

format: ## refuse code that gofmt would change
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt would change:"; echo "$$out"; exit 1; }

vet: ## go vet
	$(GO) vet ./...
	CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/certdesk

lint: ## staticcheck
	$(GO) run $(STATICCHECK) ./...

generate: ## rewrite the generated files: the printed manual, the diagrams, env.example
	$(GO) test ./flows -update >/dev/null # twice: what is shown is compiled in
	$(GO) test ./flows -update
	$(GO) run ./cmd/certdesk doctor --example > deploy/env.example

fresh: ## refuse generated files that are out of date
	@$(GO) run ./cmd/certdesk doctor --example | diff -u deploy/env.example - || { echo 'run "make generate"'; exit 1; }
	@$(GO) run ./cmd/certdesk manual --check

fuzz: ## fuzz every decoder for FUZZTIME each
	@.ci/fuzz $(FUZZTIME)

bench: needs ## measure the service against its floor, and PEOPLE conversations against a thousand
	CERTDESK_PEOPLE=$(PEOPLE) $(GO) test ./cmd/certdesk -run '^$$' -bench 'AgainstTheFloor|ManyConversations' -benchtime 1x -timeout 2h

coverage: ## say of each line of the manual whether it is obeyed
	@$(GO) run ./cmd/certdesk manual --coverage
