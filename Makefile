# The one door to the project: `make help` lists what there is.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-builtin-rules --no-print-directory

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build release profile run generate fmt lint test race torture bench microbench bench-streams bench-login bench-logins \
	fuzz page browser audit peers clients chroot check check-fmt check-generate check-tidy check-page check-docs

# What the project is checked with, beside Go itself. The versions of gqlgen and genqlient are in go.mod and clients/go/go.mod,
# those of npm's packages in lock files.
GOLANGCI_LINT := v2.15.0

build    := CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o postern
profile  := bench/release.pgo
lint     := .tools/golangci-lint-$(GOLANGCI_LINT)
page     := internal/httpd/page
audit    := internal/transport/audit
peers    := internal/transport/audit/peers
web      := clients/web
FUZZTIME ?= 10s

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build ./postern, one static binary
	$(build) .

release: ## Build it as releases are: guided by a profile, which takes a minute or two
	$(build) -pgo=$(profile) .

profile: ## Profile operations anew, for releases
	binary=$$(mktemp); trap 'rm -f "$$binary"' EXIT; \
	go test -trimpath -run='^$$' -bench='^Benchmark(Operations|SameQuestion)$$/^sqlite$$' -benchtime=3s \
		-cpuprofile=$(CURDIR)/$(profile) -o "$$binary" ./graph

run: build ## Build and run the server
	./postern

generate: ## Generate Go from the schema
	go generate ./...
	go -C clients/go generate ./...

fmt: $(lint) ## Format the Go code
	$(lint) fmt

lint: $(lint) ## Lint, and check that imports point down the floors only
	$(lint) run
	cd clients/go && $(CURDIR)/$(lint) run

test: ## Run the tests; they start PostgreSQL from the programs that are installed
	go test ./...

race: ## Run the tests with the race detector, none from a cache
	go test -race -count=1 -timeout=30m ./...

torture: ## Run the long tests, which break what can be broken; they take minutes
	go test -tags=torture -count=1 -timeout=60m -v -run '^TestTorture' .

bench: release ## Measure Postern beside its peers, and print a table; ARGS='-workloads W1 -servers mercurius'
	go run ./bench/peers $(ARGS)

microbench: ## Run the benchmarks of single packages
	go test -run='^$$' -bench=. -benchmem ./...

bench-streams: build ## Measure 10,000 subscribers: memory, and how soon all hear of a post; ARGS='-transport sse'
	go run ./bench/streams $(ARGS)

bench-login: ## Measure whether log-ins are refused, and resets of passwords asked for, in the same time if there is no account
	go test -run='^$$' -bench='^Benchmark(RefusedLogin|RequestPasswordReset)$$' -benchtime=1000x -timeout=60m ./internal/account

bench-logins: build ## Measure 500 log-ins at once: memory, and how long readers wait; ARGS='-pause 0'
	go run ./bench/logins $(ARGS)

fuzz: ## Fuzz every fuzz target for a while: FUZZTIME=10s
	@for package in $$(go list ./...); do \
		for target in $$(go test -list='^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) $$package; \
		done; \
	done

page: $(page)/node_modules/.package-lock.json ## Build the page anew from its sources
	cd $(page) && npm run build

browser: build $(page)/node_modules/.package-lock.json ## Drive the page of the built binary in a browser
	cd $(page) && POSTERN=$(CURDIR)/postern npm test

audit: build $(audit)/node_modules/.package-lock.json ## Audit GraphQL over HTTP of the built binary, and connect clients that subscribe
	cd $(audit) && POSTERN=$(CURDIR)/postern npm test

peers: build $(peers)/node_modules/.package-lock.json ## Audit other servers, too, and write docs/protocol.md's comparison
	cd $(peers) && POSTERN=$(CURDIR)/postern npm start

clients: build $(web)/node_modules/.package-lock.json ## Check the schema, and drive its clients against the built binary
	cd $(web) && npm run lint && npm run released && npm run build
	cd $(web) && POSTERN=$(CURDIR)/postern npm test
	go -C clients/go vet ./...
	POSTERN=$(CURDIR)/postern go -C clients/go test -count=1 ./...

chroot: build ## Run the built binary as its image does: alone in an empty root, as nobody
	.ci/chroot ./postern

check: check-fmt lint check-generate check-tidy check-docs test race check-page audit clients browser chroot ## Check everything, as CI does
	@echo 'make check: all is well'

check-fmt: $(lint)
	$(lint) fmt --diff

# The checks below work on copies: they leave the files as they are, whether those are committed or not.

check-generate:
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT; \
	mkdir "$$tmp/committed"; \
	tar -c --exclude=.git --exclude=.tools --exclude=node_modules . | tar -x -C "$$tmp/committed"; \
	cp -a "$$tmp/committed" "$$tmp/generated"; \
	tee -a "$$tmp/generated/graph/generated.go" "$$tmp/generated/clients/go/postern/generated.go" <<< '// stale' > /dev/null; \
	(cd "$$tmp/generated" && go generate ./... && go -C clients/go generate ./...); \
	(cd "$$tmp" && diff -ru committed generated) || { echo 'generated code is stale: run make generate'; exit 1; }

check-tidy:
	go mod tidy -diff
	go -C clients/go mod tidy -diff

check-page:
	cd $(page) && npm run check

check-docs:
	.ci/docs

$(lint):
	GOBIN=$(CURDIR)/.tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	mv .tools/golangci-lint $@

%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci
	touch $@
