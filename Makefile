GO ?= go

# Packages that are pure computation: nothing runs at the same time, so the race detector
# would only make them slow.
PURE = ./internal/core/... ./internal/gamestest ./internal/replay/... ./scripts/... ./test/check
# Packages with cheap tests, which run under the race detector, several at a time.
CHEAP = ./schemas/... ./tables/... ./internal/auth/... ./internal/await/... ./internal/client/... \
	./internal/eventually ./internal/httpx/... ./internal/law/... ./internal/ratelimit/... ./internal/readiness ./internal/retry \
	./internal/supervise/... ./services/openapi/...
# Concurrent packages that run under the race detector too. "make race" runs more of them
# than "make test" has time for.
RACED = ./internal/kafka ./internal/kafka/follow $(filter-out %/services/livegame,$(shell $(GO) list ./services/livegame/...))
RACE = ./internal/kafka/... ./processors/... ./services/... ./sinks/...
# Packages with tests of a release that reads two formats, as the next one will.
FORMATS = ./schemas ./tables ./internal/kafka/topology

# Whether the tests can start an Apache Kafka. CI must.
KAFKA = $(shell if [ "$$CI" = true ] || { command -v java && command -v mvn; } >/dev/null; then echo start; fi)
# Packages whose tests run on an Apache Kafka, where there is one, and else on the embedded
# broker. (The sinks and the kill tests in ./test always use one.)
ON_KAFKA = ./cmd/tabiya ./services/account ./services/matchmaking
# Packages whose tests run on both.
TWICE = ./internal/kafka ./internal/kafka/follow ./tables
# The rest starts brokers or databases: without the race detector.
PARTS = $(shell $(GO) list ./... | grep -vxF "$$($(GO) list ./test $(PURE) $(CHEAP) $(RACED) $(if $(KAFKA),$(ON_KAFKA)))")

# Tests that build the whole program a second time, which takes minutes: make upgrade-test.
BUILDS = ^(TestTwoReleasesRunSideBySideOnOneLog|TestWeakenedSourceCompiles)$$

# Python for the tests: DuckDB and pyarrow read what the Parquet sink writes, and
# python-chess checks the rules.
VENV = .cache/venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

CONTRACT = .cache/contract

PLIES ?= 1000000
MINUTES ?= 3
SECONDS ?= 600

.PHONY: run deps test test-platform test-parts test-on-kafka race oracle upgrade-test kafka-test brokers-test abuse outages-test evening contract chaos chaos-weak venv bench build lint web web-if-node web-test

# Gin without the codec for MessagePack, which nothing uses and which takes a tenth of
# the time of a cold build.
TAGS = -tags nomsgpack

# Built and then run, because "go run" ends with status 1 after a Ctrl-C, which make
# reports as an error. Make itself waits for the program.
run: web-if-node ## run everything in one process: make run ARGS="--listen :9000"
	@$(GO) build $(TAGS) -o bin/tabiya ./cmd/tabiya
	@bin/tabiya up $(ARGS)

deps: ## install on Debian what the tests need besides Go and make
	scripts/deps.sh

build: web-if-node ## build a static binary, bin/tabiya
	CGO_ENABLED=0 $(GO) build $(TAGS) -trimpath -o bin/tabiya ./cmd/tabiya

# The chess app is built into web/dist, which the binary embeds; only when something that
# it is made of has changed.
WEB = .cache/web
WEB_SOURCES = $(shell find web/src web/public web/scripts web/index.html web/*.json web/*.ts services/openapi/*.yaml schemas/jsonschema/events -type f)

web: $(WEB)/built ## build the chess app (needs Node and npm)

$(WEB)/built: $(WEB)/packages $(WEB_SOURCES)
	cd web && npm run --silent build -- --logLevel warn
	@touch $@

$(WEB)/packages: web/package.json web/package-lock.json
	@echo "installing what the chess app is built with, from npm" >&2
	cd web && npm ci --silent --no-audit --no-fund
	@mkdir -p $(WEB) && touch $@

# Without Node, or without its packages, the program is built all the same, and its page
# says how to get the app.
web-if-node:
	@if command -v node && command -v npm; then $(MAKE) --no-print-directory web || echo "the chess app was not built; the rest is" >&2; fi >/dev/null

web-test: web build ## test the chess app: its logic, and browsers against the program (needs Chromium)
	cd web && npm run --silent check
	cd web && npm run --silent browsers

LINTER = .cache/bin/golangci-lint

lint: $(LINTER) ## gofmt, vet, staticcheck and the other linters of .golangci.yml
	GOLANGCI_LINT_CACHE=$(CURDIR)/.cache/golangci $(LINTER) run --timeout 20m

$(LINTER): build/lint/go.mod build/lint/go.sum
	$(GO) build -C build/lint -o $(CURDIR)/$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

test: venv
	$(GO) test -shuffle=on $(PURE)
	$(GO) test -race -shuffle=on $(CHEAP)
	$(GO) test -tags next_format -shuffle=on $(FORMATS)
	$(GO) test -race -shuffle=on -p 2 -timeout 20m $(RACED)
	$(MAKE) --no-print-directory -j2 --output-sync=target test-platform test-parts test-on-kafka

# These start brokers, databases or whole platforms and mostly wait: so two of them run
# beside each other, in each of which one package runs at a time.
test-platform: venv
	$(GO) test -shuffle=on -timeout 20m -skip '$(BUILDS)' ./test

test-parts: venv
	$(GO) test -shuffle=on -p 1 -timeout 20m $(PARTS)

test-on-kafka: venv
ifeq ($(KAFKA),start)
	@echo "on Apache Kafka:"
	TABIYA_TEST_KAFKA=start $(GO) test -shuffle=on -p 1 -timeout 20m $(ON_KAFKA) $(TWICE)
else
	@echo "skipped: the tests on Apache Kafka need Java 17 and Maven"
endif

race: venv ## test all concurrent packages under the race detector
	$(GO) test -race -shuffle=on -p 1 -timeout 30m $(RACE)

oracle: venv ## compare the rules with python-chess and another library: make oracle PLIES=50000
	TABIYA_TEST_ORACLE=$(PLIES) $(GO) test -count=1 -timeout 3h -v -run Oracle ./internal/core/rules/oracletest ./internal/core/game

upgrade-test: ## two releases side by side on one log, and the weakened builds of make chaos
	$(GO) test -tags next_format -count=1 -run 'Format' ./processors
	$(GO) test -count=1 -timeout 20m -v -run '$(BUILDS)' ./test

kafka-test: ## the processors and livegame on an Apache Kafka; make test runs them on the embedded broker
	TABIYA_TEST_KAFKA=start $(GO) test -count=1 -p 2 -timeout 20m ./processors/... ./services/livegame

brokers-test: ## restart and lose brokers of three while games go on, and judge the longest moves (needs a quiet machine)
	TABIYA_TEST_BROKERS=judge $(GO) test -count=1 -timeout 10m -v -run '^TestBrokersAreRestarted' ./processors

outages-test: ## a processor, or Kafka, is away for 60 s each: no clock runs; make test takes 5 s
	TABIYA_TEST_DARKNESS=60s $(GO) test -count=1 -timeout 30m -v -run '^TestNoClockRunsWhileProcessorOrKafkaIsAway$$' ./test

evening: ## 500 players who vanish, come back, miss games and play rematches; then their log is judged
	TABIYA_TEST_EVENING=500 $(GO) test -count=1 -timeout 10m -v -run '^TestEvening$$' ./services/matchmaking

abuse: ## attack the built program and judge the speed of honest moves (needs a quiet machine)
	TABIYA_TEST_ABUSE=judge $(GO) test -count=1 -timeout 10m -v ./test/abuse

contract: $(CONTRACT)/ready ## schemathesis on the built program, for that time: make contract SECONDS=40
	TABIYA_TEST_CONTRACT=$(SECONDS) $(GO) test -count=1 -timeout 0 -v -run '^TestAnswersAreAsTheOpenAPIDocumentSays$$' ./test

$(CONTRACT)/ready: build/python/contract.txt
	python3 -m venv $(CONTRACT)
	$(CONTRACT)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

chaos: ## faults of every kind on a platform of processes: make chaos MINUTES=3 [FAULTS=..] [AT_ONCE=..] [SEED=..]
	TABIYA_TEST_CHAOS=$(MINUTES) TABIYA_TEST_CHAOS_FAULTS="$(FAULTS)" TABIYA_TEST_CHAOS_AT_ONCE=$(AT_ONCE) TABIYA_TEST_CHAOS_SEED=$(SEED) \
		TABIYA_TEST_CHAOS_OUT=$(CURDIR)/.cache/chaos.json $(GO) test -count=1 -timeout 0 -v -run '^TestChaos$$' ./test

chaos-weak: ## chaos must find what weakened platforms lose, and nothing in the product: make chaos-weak [WEAK=acks]
	TABIYA_TEST_CHAOS_WEAK=$(or $(WEAK),all) TABIYA_TEST_CHAOS_SEED=$(SEED) $(GO) test -count=1 -timeout 0 -v -run '^TestChaosFinds' ./test

# Without Python, the tests that need it are skipped; with CI=true they fail.
venv:
	@if command -v python3 >/dev/null; then $(MAKE) --no-print-directory $(VENV)/ready; fi

$(VENV)/ready: build/python/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

bench: ## measure; prints a table and writes benchmarks/latest.json
	$(GO) run ./benchmarks $(ARGS)
