# What people do here. Every target sets up what it needs; PYTHON names the interpreter to use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
HEAVY := ray or dist or gpu
SITE = NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: help venv sweep test test-fast lint audit types format docs clean

help:  ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

venv: $(STAMP)  ## the virtual environment, with everything that is pinned in constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Lethe needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

sweep: venv  ## the offline demo; ARGS="search.trials=4 --plan" is passed on
	$(BIN)/python -m orchestrator.sweep $(ARGS)

# Files keep their order in the second group: the longest ones stand first in it.
test: venv  ## all tests: first those of one process each, then those that start more
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not ($(HEAVY))"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "$(HEAVY)"

test-fast: venv  ## tests that start neither Ray nor other processes, on two cores
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not ($(HEAVY)) and not slow"

lint: venv  ## style, formatting, order of imports, types, generated pages, the site's links
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check
	$(SITE)

audit: venv  ## known weaknesses of the pinned versions, where their database can be reached
	$(BIN)/python .ci/audit.py

types: venv  ## types alone
	$(BIN)/mypy

format: venv  ## puts style and formatting right where a tool can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: venv  ## writes the generated pages anew, and the site: build/site/index.html
	$(BIN)/python docs/generate.py
	$(SITE)

clean:  ## removes the virtual environment and caches; results under runs/ stay
	rm -rf $(VENV) build dist *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
