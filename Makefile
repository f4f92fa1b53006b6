# Every target sets up what is missing first; after that it starts at once.
#   V=1        show what pip prints           PYTHON=python3.12   make .venv with this interpreter
#   ARGS=...   passed on to the demo, or to pytest in `make test`

SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# What `make check` tests: everything. `.ci/run` passes the part that `make test` leaves out.
TESTS ?=
ONLY ?=
# How large the benchmarks are: a part of 1, empty for their full size.
SCALE ?=
# The benchmarks whose peers are in .venv-peers.
PEERED := decide noisy private tpch
ARGS ?=
export V PYTHON

# Only torch brings these, and it stays outside the hashes: docs/adr/0002.
UNLOCKED := torch triton cuda-bindings cuda-pathfinder cuda-toolkit

.PHONY: help setup peers demo test check format lint types contracts docs tests bench lock tidy clean clean-all

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
	    while IFS="$$(printf '\t')" read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

setup: ## make .venv from requirements.lock, and fetch the hospital stays of the demo
	@sh tools/set_up.sh

peers: .venv-peers/.complete ## make .venv-peers: what some tests and benchmarks compare with, apart from our lock

.venv-peers/.complete: requirements-peers.lock
	@$(MAKE) --no-print-directory setup
	@rm -rf .venv-peers
	@$(BIN)/python -m venv .venv-peers
	@.venv-peers/bin/python -I -m pip install --quiet --require-hashes --no-deps -r requirements-peers.lock
	@touch $@

demo: setup ## run the main job: a hub, four hospitals and a plant, on this machine
	@$(BIN)/dataspace demo $(ARGS)

test: setup ## run the tests, without those that take minutes
	@$(PYTEST) -m "not ci" $(ARGS)

check: format lint types contracts docs tests ## all that CI checks: format, lint, types, contracts, docs, all tests

format: setup
	@$(BIN)/ruff format --check

lint: setup
	@$(BIN)/ruff check

types: setup
	@$(BIN)/mypy

contracts: setup
	@$(BIN)/lint-imports --no-logo

docs: setup
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

tests: setup
	@$(PYTEST) $(TESTS)

bench: setup ## run the benchmarks; ONLY=name for one, SCALE=0.01 for small ones
	@if [ -n "$(if $(ONLY),$(filter $(PEERED),$(ONLY)),all)" ]; then $(MAKE) --no-print-directory peers || \
	    echo "make bench: .venv-peers could not be made; figures come without those peers." >&2; fi
	@DATASPACE_BENCH_SCALE="$(SCALE)" $(BIN)/python -m benchmarks $(ONLY)

tidy: setup ## format the code and mend what the linter can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

lock: setup ## resolve requirements.lock anew, from pyproject.toml
	@$(BIN)/python tools/lock.py

clean: ## remove what the targets left behind, but not .venv
	@rm -rf build dist site demo-output *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean ## also remove .venv and what was downloaded
	@rm -rf .venv .venv.old .venv-peers .cache
