GO ?= go

# Packages with cheap tests, which run under the race detector. The tests of the
# other packages start brokers, databases or whole platforms: they run without the
# race detector, one package at a time.
CHEAP = ./schemas/... ./tables/... ./cmd/... ./internal/auth/... ./internal/await/... ./internal/client/... \
	./internal/core/clock/... ./internal/core/game/... ./internal/httpx/... ./internal/law/... ./internal/core/pairing/... \
	./internal/core/pgn/... ./internal/core/player/... ./internal/core/queue/... ./internal/core/rating/... ./internal/replay/... \
	./internal/core/rules ./internal/supervise/... ./services/openapi/...
HEAVY = $(shell $(GO) list ./... | grep -vxF "$$($(GO) list $(CHEAP))")

# Packages whose tests run on kfake and then again on an Apache Kafka, which they
# start themselves. (The sinks and the kill tests in ./test always use one.)
PIPELINES = ./internal/kafka ./cmd/tabiya ./tables ./processors/... ./services/account ./services/matchmaking ./services/livegame

# Python for the tests: DuckDB and pyarrow read what the Parquet sink writes, and
# python-chess checks the rules.
VENV = .cache/venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

PLIES ?= 1000000

.PHONY: run deps test oracle venv bench build lint

run: ## run everything in one process: make run ARGS="--listen :9000"
	$(GO) run ./cmd/tabiya up $(ARGS)

deps: ## install on Debian what the tests need besides Go and make
	scripts/deps.sh

build: ## build a static binary, bin/tabiya
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/tabiya ./cmd/tabiya

lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...

test: venv
	$(GO) test -race -shuffle=on $(CHEAP)
	$(GO) test -shuffle=on -p 1 -timeout 20m $(HEAVY)
	@if [ "$$CI" = true ] || { command -v java && command -v mvn; } >/dev/null; then \
		echo "the pipelines again, on Apache Kafka:"; \
		TABIYA_TEST_KAFKA=start $(GO) test -shuffle=on -p 1 -timeout 20m $(PIPELINES); \
	else \
		echo "skipped: the pipelines on Apache Kafka need a JDK 17 and Maven"; \
	fi

oracle: venv ## compare the rules with python-chess and another library: make oracle PLIES=50000
	TABIYA_TEST_ORACLE=$(PLIES) $(GO) test -count=1 -timeout 3h -v -run Oracle ./internal/core/rules/oracletest ./internal/core/game

# Without Python, the tests that need it are skipped; with CI=true they fail.
venv:
	@if command -v python3 >/dev/null; then $(MAKE) --no-print-directory $(VENV)/ready; fi

$(VENV)/ready: build/python/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

bench: ## measure; prints a table and writes benchmarks/latest.json
	$(GO) run ./benchmarks $(ARGS)
