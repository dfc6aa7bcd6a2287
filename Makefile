# `make` alone lists what there is. Everything installs itself into .venv on first use.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export UV_NO_PROGRESS ?= 1
# Where none is set, platformdirs warns, and a warning is an error in the tests.
export XDG_RUNTIME_DIR ?= $(CURDIR)/.cache
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
RUN_STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --custom-compile-command "make requirements"
T ?=
# Tests beside one another, each process with servers of its own.
SIDE_BY_SIDE := -n logical --maxprocesses 4 --dist worksteal

.PHONY: help run test test-all test-pythons check train bench schema docs requirements clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s%s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: $(RUN_STAMP) ## install and start everything: servers, services, workers, demo data, forecast
	@exec $(BIN)/tenure up

# The newest Python that will do; pyenv leaves names on the path that start nothing, so each is tried.
.venv/.uv: requirements/uv.txt
	@for python in python3.13 python3.12 python3.11 python3; do \
		if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then chosen=$$python; break; fi; \
	done; \
	if [ -z "$${chosen:-}" ]; then \
		echo "Tenure needs Python 3.11 or newer with its venv module (python3-venv); none is on PATH." >&2; exit 1; \
	fi; \
	[ -x $(BIN)/python ] || "$$chosen" -m venv .venv; \
	$(BIN)/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(RUN_STAMP): .venv/.uv requirements/runtime.txt requirements/ml.txt pyproject.toml
	@echo "Installing what the processes and the forecast need into .venv …"
	@$(UV) --require-hashes -r requirements/runtime.txt -r requirements/ml.txt
	@$(UV) --no-deps --editable .
	@touch $@

$(DEV_STAMP): $(RUN_STAMP) requirements/dev.txt
	@echo "Installing what the checks and tests need into .venv …"
	@$(UV) --require-hashes -r requirements/dev.txt
	@touch $@

check: $(DEV_STAMP) ## format, lint, types and import rules, nothing run
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyrefly check --min-severity warn
	$(BIN)/lint-imports --cache-dir .cache/import_linter

test test-all test-pythons: export OPENBLAS_NUM_THREADS := 1
test: check ## set up, check and test all that a change can break; T=tests/services/risk for one place
	$(BIN)/pytest $(if $(T),,$(SIDE_BY_SIDE)) -m "not long" $(T)

test-all: check ## the same with what takes long, as CI does
	$(BIN)/pytest $(SIDE_BY_SIDE)

test-pythons: $(DEV_STAMP) ## the quick tests on every other Python from 3.11 that is here; T as above
	@$(BIN)/python -m tests.pythons $(if $(T),$(T),$(SIDE_BY_SIDE))

train: $(RUN_STAMP) ## fit, judge and publish a new forecast for TENANT (demo)
	@exec $(BIN)/tenure train --tenant $(or $(TENANT),demo)

bench: $(DEV_STAMP) ## measure every promise about speed, one file of benchmarks/ each
	@shopt -s nullglob; for file in benchmarks/[!_]*.py; do \
		name=$${file##*/}; $(BIN)/python -m "benchmarks.$${name%.py}"; done

schema: $(RUN_STAMP) ## print the graph into graph/schema.graphql
	@mkdir -p .cache
	@$(BIN)/python -c 'from graph.schema import schema; print(schema.as_str())' > .cache/schema.graphql
	@mv .cache/schema.graphql graph/schema.graphql

docs: $(DEV_STAMP) ## write docs/metrics.md and docs/signals.md from the code, check that what docs point at exists
	@$(BIN)/python -m infra.pages.metrics_page
	@$(BIN)/python -m infra.pages.signals_page
	@$(BIN)/pytest -q tests/architecture/test_docs.py

requirements: .venv/.uv ## pin requirements/*.in anew, with hashes; UPGRADE=1 to take newer versions
	@cd requirements && for group in uv runtime ml compare dev; do \
		../$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file "$$group.txt" "$$group.in"; done

clean: ## remove what make installed and cached; the data in .tenure stay
	rm -rf .venv .cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
