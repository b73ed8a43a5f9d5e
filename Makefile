# `make run` serves the site, `make test` tests it; nothing but make and python3 (3.11 or newer) is needed first.
PYTHON ?= python3
BIN := .venv/bin
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
# One process more than there are processors: a test waits for the database, and for the processes that it starts.
TEST_PROCESSES = $(shell $(BIN)/python -c "import os; print(min(4, os.cpu_count() + 1))")
PYTEST = $(BIN)/python -m pytest -n $(TEST_PROCESSES)
# Each process serves a site of its own, whose clients keep more than a processor busy.
FAULTS = $(BIN)/python -m pytest -n 2 tests/long/faults
WITHOUT_BROWSER := $(if $(CHROMIUM),,-m "not browser")
# Linters need settings, but neither a real secret nor a database.
LINT_SETTINGS := SECRET_KEY=lint DATABASE_URL=postgresql://lint@/lint
# For every Python from 3.11 on, both kinds of processors, Linux and macOS: hashes of all files, one version of each package.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements"
# The tests start hundreds of processes: none of them should compile the same modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-long test-matrix test-cluster faults fuzz screenshots schema messages translations lint-schema setup requirements lint format bench migrations clean help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/installed ## the site with demo data on http://127.0.0.1:$${PORT:-8000}, until Ctrl-C
	@LEADSITE_DEMO=$(if $(filter force,$(LEADSITE_DEMO)),force,true) exec $(BIN)/python manage.py demo

test: .venv/installed-dev ## the tests, on PostgreSQL (DATABASE_URL, or the embedded one), in about four minutes
	@$(if $(CHROMIUM),,echo "Chromium is not installed: browser tests are skipped. On Debian: apt-get install chromium")
	@$(PYTEST) --dist=worksteal --ignore=tests/long $(WITHOUT_BROWSER) $(ARGS)

test-long: .venv/installed-dev ## the tests that take minutes: killed processes, races, faults, random requests, large files
	@$(PYTEST) --dist=load --maxschedchunk=1 tests/long --ignore=tests/long/faults $(WITHOUT_BROWSER) $(ARGS)
	@$(PYTEST) --ignore=tests/long -m hypothesis --hypothesis-profile=thorough

test-matrix: .venv/installed-dev ## the tests on Python 3.11 to 3.14 with PostgreSQL 15 to 18 (ARGS="--python 3.13" or ARGS='-s "tests-3.13(postgres=16)"')
	@$(BIN)/python -m nox $(ARGS)

faults: .venv/installed-dev ## faults injected under load, with a table of what was lost (ARGS=--faults=10 repeats each)
	@$(FAULTS) $(ARGS)

test-cluster: .venv/installed-dev ## deploy/cluster on this machine, with failovers under load (ARGS=--each=1: one of each kind); needs root
	@$(BIN)/python -m tests.cluster $(ARGS)

fuzz: .venv/installed-dev ## 20 000 random requests to the API, each answer checked against the OpenAPI schema
	@$(PYTEST) --cases=20000 tests/long/leadsite/rest/test_openapi.py $(ARGS)

screenshots: .venv/installed-dev ## pictures of the pages, of a demo of its own, in var/screenshots and docs/images; ARGS=--all takes more
	@$(BIN)/python -m tests.screenshots $(ARGS)

schema: .venv/installed-dev ## writes docs/openapi.yaml and the same as JSON for /api/schema; a test compares both with the code
	@$(LINT_SETTINGS) $(BIN)/python -W ignore::RuntimeWarning manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml
	@$(LINT_SETTINGS) $(BIN)/python -W ignore::RuntimeWarning manage.py spectacular --format openapi-json --file leadsite/rest/openapi.json

messages: .venv/installed-dev ## collects the texts of staff pages into leadsite/locale, to be translated there; needs GNU gettext
	@$(LINT_SETTINGS) $(BIN)/python -W ignore::RuntimeWarning manage.py makemessages --locale de --locale es --locale pt_BR \
		--no-wrap --no-location --no-obsolete --ignore "tests/*" --ignore ".venv/*" --ignore "var/*" --ignore "bench/*"
	@$(BIN)/python -m leadsite.languages.catalogues

translations: .venv/installed ## compiles the translations of leadsite/locale; a test holds that this was done
	@$(BIN)/python -m leadsite.languages.catalogues

lint-schema: schema ## the API's description, checked by two linters of others; needs npm, and downloads them
	@npx --yes @redocly/cli@2.77.0 lint --extends=recommended docs/openapi.yaml
	@npx --yes @stoplight/spectral-cli@6.16.3 lint --ruleset .spectral.json docs/openapi.yaml

setup: .venv/installed-dev ## all dependencies into .venv

requirements: .venv/installed-dev ## requirements*.txt, with hashes, from requirements*.in; ARGS="--upgrade-package NAME" upgrades
	@$(COMPILE) requirements.in --output-file requirements.txt $(ARGS)
	@$(COMPILE) requirements-dev.in --output-file requirements-dev.txt $(ARGS)

lint: .venv/installed-dev ## formatting, types, missing migrations, production settings, known vulnerabilities
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(LINT_SETTINGS) $(BIN)/mypy .
	@$(LINT_SETTINGS) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@.ci/check-production
	@$(BIN)/python .ci/audit.py requirements.txt requirements-dev.txt

format: .venv/installed-dev ## formats the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: .venv/installed-dev ## benchmarks of creates, reads, pages, imports, deliveries and messages, compared with alternatives or limits
	@$(BIN)/python -m bench.creates $(ARGS)
	@$(BIN)/python -m bench.reading
	@$(BIN)/python -m bench.pages
	@$(BIN)/python -m bench.open_inboxes
	@$(BIN)/python -m bench.imports
	@$(BIN)/python -m bench.deliveries $(ARGS)
	@$(BIN)/python -m bench.sending $(ARGS)
	@$(BIN)/python -m bench.attack

clean: ## removes .venv and caches; the demo's data in var/ stays
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "leadsite needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Choose another: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing the dependencies of the site …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing the dependencies of tests and linters …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
