# Everything happens in .venv/ in this checkout; nothing outside it is written.
# `make demo` and `make test` each work alone, on a machine that has Python 3.11+,
# make and a package registry.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := connectors privacy tre

# Two layers, so that the demo does not wait for the linters: what runs the
# environment, and what works on it. Each is a stamp that is newer than its lock.
MADE := $(VENV)/.made
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development

# Temporary files stay in the checkout too.
export TMPDIR := $(CURDIR)/.tmp

# pip compiles bytecode as it installs; a machine that switched that off would
# start every command a second later.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

# The first interpreter that is new enough and can make an environment with pip;
# `make PYTHON=...` chooses another.
PYTHON := python3.11 python3 python3.12 python3.13 python3.14
FIND_PYTHON := for python in $(PYTHON); do \
	if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$python; exit 0; fi; done; \
	echo 'make: no Python 3.11 or newer with venv and ensurepip was found' >&2; exit 1

.PHONY: help setup system check audit fix test test-seen test-all soak bench docs lock serve demo clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(TMPDIR):
	@mkdir -p $@

$(MADE): | $(TMPDIR)
	@python=$$($(FIND_PYTHON)); echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv $(VENV)
	@touch $@

$(RUNTIME): requirements.lock pyproject.toml | $(MADE) $(TMPDIR)
	@echo 'Installing what runs the environment (hash-pinned)'
	@$(INSTALL) --require-hashes --requirement requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

$(DEVELOPMENT): requirements-dev.lock $(RUNTIME) | $(TMPDIR)
	@echo 'Installing what works on it (hash-pinned)'
	@$(INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

setup: $(DEVELOPMENT) ## make .venv from the lock files and install the commit hooks
	@if [ -z "$${CI:-}" ] && git rev-parse --git-dir >/dev/null 2>&1; \
	then $(BIN)/pre-commit install >/dev/null; fi

# By these names in Debian and what comes of it. Tests that need one are skipped
# without it, and fail where SYSTEM_PROGRAMS=required.
SYSTEM := chromium curl r-base-core r-cran-httr2

system: ## install the system's programs that some tests ask (a browser, R, curl), as root
	dpkg-query --show $(SYSTEM) >/dev/null 2>&1 || { \
		apt-get --quiet=2 update && DEBIAN_FRONTEND=noninteractive \
		apt-get --quiet=2 --yes --no-install-recommends install $(SYSTEM); }

check: $(DEVELOPMENT) | $(TMPDIR) ## format, lint, types, import contracts, spelling, repository; changes nothing
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/pytest -q -p no:cacheprovider tests/repository

audit: $(DEVELOPMENT) | $(TMPDIR) ## look the locked versions up in a database of vulnerabilities; status 3 where it cannot be asked
	@$(BIN)/python -m tests.vulnerabilities

fix: $(DEVELOPMENT) ## repair everything a tool can repair
	$(BIN)/ruff check --fix-only --exit-zero
	$(BIN)/ruff format
	$(BIN)/codespell --write-changes

test: $(DEVELOPMENT) | $(TMPDIR) ## unit, spec, laws, traps and documents: a few minutes
	$(BIN)/pytest -n auto -m 'not slow and not statistical'

test-seen: $(DEVELOPMENT) | $(TMPDIR) ## what people run or look at: notebooks, command lines of the manual, R, pages in a browser
	$(BIN)/pytest -n auto -m seen tests/documentation tests/notebooks tests/ways_in

test-all: $(DEVELOPMENT) | $(TMPDIR) ## adds the slow and statistical tests and many examples; coverage
	$(BIN)/pytest -n auto --hypothesis-profile=thorough --cov

soak: $(DEVELOPMENT) | $(TMPDIR) ## a load of 100 researchers, then kill questions ten thousand times over; hours on a slow machine
	$(BIN)/python -m tests.soak.load
	$(BIN)/python -m tests.soak

bench: $(DEVELOPMENT) | $(TMPDIR) ## speed, as ratios measured in the same run
	$(BIN)/python -m tests.bench

docs: $(DEVELOPMENT) | $(TMPDIR) ## regenerate the generated pages, and make the manual: .site/docs/index.html
	$(BIN)/python -m docs.generate
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -d .tmp/doctrees -c docs . .site

lock: $(DEVELOPMENT) | $(TMPDIR) ## resolve pyproject.toml into the lock files; UPGRADE=1 takes newer versions
	$(BIN)/uv pip compile $(LOCK) --group build pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile $(LOCK) --group build --extra dev --constraints requirements.lock \
		pyproject.toml --output-file requirements-dev.lock
	for each in $(PEERS); do $(BIN)/uv pip compile $(LOCK) --python-version 3.11 \
		$$each --output-file $${each%.in}.lock; done
PEERS := $(wildcard tre/evaluation/peers/locks/*.in)
LOCK := --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

serve: $(RUNTIME) | $(TMPDIR) ## the HTTP interface, on this machine only
	$(BIN)/tre serve

demo: $(RUNTIME) | $(TMPDIR) ## set up, then the main job on real data, from files to answers
	@$(BIN)/tre demo

clean: ## remove what these targets made
	rm -rf $(VENV) .demo .site .tmp .tre .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
