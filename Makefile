# Every recipe makes what it needs: on a machine with Python 3.11 or newer, `make serve` and `make test` are enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo $$p && break; done)
VENV ?= .venv
BIN = $(VENV)/bin
RUN = $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help setup serve test test-slow fuzz check format lint types floors coverage bench compat docs wheel clean

help:  ## show this list
	@grep -hE '^[a-z%-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(BIN)/.installed: pyproject.toml
	@test -n "$(PYTHON)" || (echo "Python 3.11 or newer is needed" && false)
	$(PYTHON) -m venv $(VENV) && $(RUN) -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(BIN)/.developing: $(BIN)/.installed
	$(RUN) -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

setup: $(BIN)/.developing  ## make the environment with everything for developing

serve: $(BIN)/.installed  ## run a broker on port 9092
	$(BIN)/pykbroker serve $(ARGS)

test: setup  ## pass the tests
	$(RUN) -m pytest -q -m "not slow" $(ARGS)

test-slow: setup  ## every test, the exhaustive ones too
	$(RUN) -m pytest -q $(ARGS)

fuzz: setup  ## throw damaged frames at a broker for MINUTES (default 5)
	$(RUN) tests/fuzz.py --minutes $(or $(MINUTES),5)

check: setup lint types floors test  ## what CI runs before the clients

format: setup  ## put the code in its form
	$(BIN)/ruff format src tests && $(BIN)/ruff check --fix src tests compat bench

lint: setup  ## ruff
	$(BIN)/ruff check src tests compat bench

types: setup  ## mypy --strict
	$(BIN)/mypy

floors: setup  ## import-linter: floors look down, never up
	$(BIN)/lint-imports

coverage: setup  ## branch coverage of the default tests
	$(BIN)/coverage run -m pytest -q -m "not slow" && $(BIN)/coverage report --skip-covered

bench: setup  ## measure beside Apache Kafka (see docs/benchmarks.md)
	$(RUN) bench/run $(ARGS)

compat: setup  ## stock clients against the broker (see compat/README.md)
	$(RUN) compat/run $(ARGS)

compat-%: setup  ## one client, e.g. make compat-kcat
	$(RUN) compat/run $* $(ARGS)

docs: setup  ## write docs/reference from the tables in the code
	$(RUN) docs/generate.py

wheel: setup  ## build dist/*.whl
	$(RUN) -m pip wheel -q --no-deps -w dist .

clean:  ## remove what the other targets made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
