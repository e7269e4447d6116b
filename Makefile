# What there is to do; `make help` lists it.

.DEFAULT_GOAL := help
SHELL := bash
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help run demo test fuzz-api crash import kubernetes ledger bench check format openapi docs migrate new-domain-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start a release build on the embedded database, with demonstration data
	cargo run --release --package server -- serve --demo

demo: ## show one purchase from end to end, on a shop of its own
	cargo build --release --package server --package driver
	$(TARGET_DIR)/release/driver demo

test: ## run every test, on SQLite and on PostgreSQL
	scripts/tools
	scripts/with-postgres cargo test --workspace

ROUNDS ?= 200
crash: ## kill it at ROUNDS random moments under load, on both databases, and look for losses
	cargo build --release --package server --package driver
	scripts/with-postgres $(TARGET_DIR)/release/driver crash --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED))

EXAMPLES ?= 200
fuzz-api: ## send the API what schemathesis makes up, EXAMPLES requests for each operation
	scripts/tools
	FUZZ_EXAMPLES=$(EXAMPLES) $(if $(SEED),TEST_SEED=$(SEED)) scripts/with-postgres \
	  cargo test --package tests schemathesis -- --test-threads 2

IMPORTED ?= 50000
import: ## import a file of IMPORTED rows, on both databases, and print peak memory and times
	IMPORT_ROWS=$(IMPORTED) scripts/with-postgres cargo test --release --package server --test memory -- --nocapture --test-threads 1

kubernetes: ## make and remove instances in a real Kubernetes API server, which is built once (ten to twenty minutes)
	scripts/with-kubernetes scripts/with-postgres cargo test --package tests clusters::real -- --ignored --test-threads 1

OPERATIONS ?= 1000000
ledger: ## do OPERATIONS random bookings against a model, and race 100 rounds of spenders, holds and quotas, on both databases
	LEDGER_OPERATIONS=$(OPERATIONS) RACE_ROUNDS=$(or $(RACES),100) $(if $(SEED),TEST_SEED=$(SEED)) scripts/with-postgres \
	  cargo test --release --package tests -- credits::random credits::races services::races subscriptions::races --nocapture --test-threads 2

bench: ## measure, as ratios to pgbench and to a constant answer; see docs/performance.md
	command -v wrk >/dev/null || scripts/install wrk
	command -v pgbench >/dev/null || scripts/install postgresql
	cargo build --release --package server --package driver
	POSTGRES_OPTIONS="-c fsync=on" scripts/with-postgres $(TARGET_DIR)/release/driver bench $(OPTIONS)

check: ## format, clippy, licences and advisories, layers, generated files, the contract
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings
	scripts/deny
	cargo xtask layers
	cargo xtask check-new-domain
	cargo run --quiet --package server -- openapi | diff --brief openapi/openapi.json - \
	  || { echo "openapi/openapi.json is stale; run: make openapi" >&2; exit 1; }
	scripts/check-contract

new-domain-check: ## lay out a domain in a copy of the workspace, and run its tests
	scripts/with-postgres cargo xtask check-new-domain --test

format: ## format the code
	cargo fmt --all

openapi: ## write openapi/openapi.json from the code
	cargo run --quiet --package server -- openapi > $(TARGET_DIR)/openapi.json
	mv $(TARGET_DIR)/openapi.json openapi/openapi.json

docs: ## write .env.example and docs/configuration.md from the settings
	cargo xtask docs

migrate: ## bring the database of DATABASE_URL up to date
	cargo run --release --package server -- migrate up
