# make run     install what is missing, then serve on http://127.0.0.1:8000
# make test    everything that CI runs
# make hangups how long an upstream outlives its listener (docs/hangups.md)
# make day     what hang-ups save, in tokens (docs/day.md)
# make bench   what a delta and a socket cost (docs/benchmarks.md); QUICK=--quick for a rough look
# make lock    resolve the dependencies anew (needs a network)

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: run install test lint types tests hangups day bench lock format clean

run: install
	@exec $(BIN)/python -m server

install: .venv/.installed

test: lint types tests

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/.installed-dev
	$(BIN)/mypy

tests: .venv/.installed-dev
	$(BIN)/pytest

# Measured, not tested: each writes its page in docs/.
hangups: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python tests/bench/hangups.py

day: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python tests/bench/day.py

bench: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m bench $(QUICK)

format: .venv/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/.installed-dev
	$(PIP) install uv
	$(COMPILE) --group build --output-file requirements.txt
	$(COMPILE) --group dev --constraints requirements.txt --output-file requirements-dev.txt

clean:
	rm -rf .venv dist

# The package itself is installed in place and never resolves anything: its pins are the lock's.
.venv/.installed: requirements.txt pyproject.toml | .venv
	$(PIP) install --require-hashes --requirement requirements.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	$(PIP) install --require-hashes --requirement requirements-dev.txt
	@touch $@

.venv:
	$(PYTHON) -m venv .venv
