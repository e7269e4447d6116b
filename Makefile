# What there is to do; `make help` lists it.

.DEFAULT_GOAL := help
SHELL := bash
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help run test check format openapi docs migrate

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start a release build on the embedded database, with demonstration data
	cargo run --release --package server -- serve --demo

test: ## run every test, on SQLite and on PostgreSQL
	scripts/with-postgres cargo test --workspace

check: ## format, clippy, licences and advisories, layers, generated files
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings
	scripts/deny
	cargo xtask layers
	cargo run --quiet --package server -- openapi | diff --brief openapi/openapi.json - \
	  || { echo "openapi/openapi.json is stale; run: make openapi" >&2; exit 1; }

format: ## format the code
	cargo fmt --all

openapi: ## write openapi/openapi.json from the code
	cargo run --quiet --package server -- openapi > $(TARGET_DIR)/openapi.json
	mv $(TARGET_DIR)/openapi.json openapi/openapi.json

docs: ## write .env.example and docs/configuration.md from the settings
	cargo xtask docs

migrate: ## bring the database of DATABASE_URL up to date
	cargo run --release --package server -- migrate up
