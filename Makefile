# What a developer types. `make` alone says what there is.
.DEFAULT_GOAL := help
.PHONY: help setup demo check test conformance bench clean

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
# Tests and benchmarks start many processes; without bytecode on disk each of them would compile the project again.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
UV_VERSION := 0.13.9
KEEP ?= 1
TESTS ?= tests
ACCEPT ?= 0
ARGS ?=
SUITES ?= acme cmc rest
# Tests wait for other processes at times: three at once keep two cores busy.
WORKERS ?= 3
CLIENTS := acmetool:acmetool apache2:apache2-bin caddy:caddy node:nodejs npm:npm
JARS := /usr/share/java/jakarta-annotation-api.jar:libjakarta-annotation-api-java /usr/share/java/httpmime.jar:libhttpmime-java
SYNC := .venv/bin/uv sync --frozen --inexact --quiet --compile-bytecode --no-python-downloads --python .venv/bin/python
INPUTS := pyproject.toml uv.lock

help: ## What there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: .venv/.synced ## The virtual environment .venv with the trivium command
	@echo "Ready: .venv/bin/trivium --help"

demo: .venv/.synced-demo ## A new CA on loopback and a certificate through certbot; KEEP=0 exits after
	@.venv/bin/python -m conformance.demo --keep $(KEEP)

check: .venv/.synced-dev .venv/.synced-demo .venv/.synced-conformance ## Style, types and import contracts
	@echo "ruff check";         .venv/bin/ruff check --quiet .
	@echo "ruff format";        .venv/bin/ruff format --check --quiet .
	@echo "mypy --strict";      .venv/bin/mypy --num-workers 2 --no-error-summary
	@echo "import contracts";   .venv/bin/lint-imports --no-logo >.venv/.contracts || { cat .venv/.contracts; exit 1; }

test: .venv/.synced-dev .venv/.synced-demo .venv/.synced-conformance ## Installs what the tests need, checks, runs every test; TESTS=... for some
	@tests/install-tools
	@$(MAKE) check
	@.venv/bin/pytest -n $(WORKERS) --dist worksteal $(TESTS)

conformance: .venv/.synced-dev .venv/.synced-demo .venv/.synced-conformance ## Every ACME client at our gateway and Pebble, every CMC row and REST operation at ours; SUITES=cmc, ACCEPT=1 writes what is expected, ARGS=...
	@tests/install-tools $(if $(filter acme,$(SUITES)),$(CLIENTS)) $(if $(filter rest,$(SUITES)),$(JARS))
	@$(if $(filter acme,$(SUITES)),npm ci --prefix conformance/acme/clients/node --silent --no-audit --no-fund)
	@lost=0; for suite in $(SUITES); do \
		.venv/bin/python -m conformance.$$suite $(if $(filter 1,$(ACCEPT)),--accept) $(ARGS) || lost=1; \
	done; exit $$lost

bench: .venv/.synced-dev ## Issuances per second and CPU per certificate beside a peer; a CMC enrolment beside its cryptography
	@tests/install-tools
	@.venv/bin/python -m benchmarks.issuance
	@.venv/bin/python -m benchmarks.cmc

clean: ## Remove what was built; installations stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache conformance/acme/clients/node/node_modules tests/admin/node_modules

.venv/.uv-$(UV_VERSION):
	@command -v $(PYTHON) >/dev/null || { echo "Install Python 3.11 or newer, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12" >&2; exit 1; }
	@[ -x .venv/bin/python ] || { echo "Making .venv"; $(PYTHON) -m venv .venv; }
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.synced: .venv/.uv-$(UV_VERSION) $(INPUTS)
	@echo "Installing the dependencies"
	@$(SYNC)
	@touch $@

.venv/.synced-demo .venv/.synced-dev .venv/.synced-conformance: .venv/.synced-%: .venv/.synced
	@echo "Installing the dependencies of the group $*"
	@$(SYNC) --group $*
	@touch $@
