# make demo     plays the whole life of a service, on any machine, alone
# make show     serves the module's forms and pages on this machine, with a service to look at
# make test     lint, types, all tests, coverage gate
# make test-siblings  the cases of long tables of which `make test` tries a part
# make test-long  the fault cases that do not fit into the time of `make test`
# make fuzz     looks for inputs that a reader of outside texts does not bear
# make bench    what each command costs; BASE=REVISION sets it beside what it cost there
# make browser  the tests that look at every page in a browser
# make screenshots  the pictures of the guide, each a page of the stand
# make docs     those parts of the documents that are made from the program
# make live     the end-to-end tests against the servers of docker-compose.yml
# make doctor   says what is wrong with the module that is installed under BASE
# make test-os  installation and life of a service on whole systems and on every Python here; OS=
#               names some of them: make test-os OS="bookworm 3.9"
# make install  puts the module under BASE (BILLmanager's root), or below DESTDIR
# make install WEBPAY=no  the same without the payment module for WEBPAY
# make install-only  the same without network and without reloading BILLmanager
# make uninstall  takes it out again; `make purge` takes settings and logs too
# make dist     an archive that installs without network; `make deb` and `make rpm` make packages
# make requirements  resolves requirements.txt anew for every Python

SHELL := /bin/sh
PYTHON ?= python3
MACHINE := $(shell uname -m)
RUN_ON ?= nextcloud-newest nextcloud-oldest owncloud

ENV := .venv
BIN := $(ENV)/bin
# A second interpreter to test on: the oldest that is supported, where it is installed.
OLDEST = $(shell tests/tools/find-python 3.8)

# What the coverage is measured on: measuring doubles the time of each program that a test starts.
MEASURED := $(patsubst %,tests/e2e/test_%.py,\
    audit_runs bad_input contract program recognition sync_item)

# What the oldest interpreter is tried with: the units of the program, and the life of a service.
ON_OLDEST := tests/unit tests/meta/test_imports.py \
    $(patsubst %,tests/e2e/test_%.py,life open program)

# One process more than small machines have cores, for many tests wait. Each takes tests that follow
# one another, which share what was made for them, and in the end those of the one that is behind.
SPREAD := -n 3 --dist worksteal
# Whole runs wait more: for answers that do not come, and for pauses to end.
SPREAD_WAITING := -n 4 --dist worksteal

SOURCES := pmnextcloud.py pmwebpay.py commands utils
SCRIPTS = $(shell grep -rl '^\#!/bin/sh' etc tests/tools tests/os)
LINE := --line-length 100 --target-version py38
RULES := E,F,W,I,B,BLE,S,T20,LOG,G,UP,RET,SIM,A,N,ERA,C90,PT,RUF100
# Errors are named after what is wrong.
LINT := $(LINE) --select $(RULES) --ignore N818
# Tests assert, print what they measured, hold passwords that are made up, start programs by their
# names, and ask tables whose names are the doubles' own.
LINT_TESTS := $(LINT),S101,T201,S105,S106,S603,S607,S608

.PHONY: demo show browser screenshots test test-siblings test-long test-os lint types unit e2e test-oldest bench load live doctor clean fuzz
.PHONY: install install-only uninstall purge wheels dist deb rpm requirements

demo: $(ENV)/.ready
	@$(BIN)/python -m tests.tools.demo

# PORT is where it listens; else a free one is taken.
show: $(ENV)/.ready
	@$(BIN)/python -m tests.tools.show

# The browser's tests run in processes of their own. Playwright keeps an event loop in its process,
# and tests by hypothesis fail beside it.
test: lint types wheels $(ENV)/.watchers $(ENV)/.browser
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -q $(SPREAD) -m "not live and not long" \
	    tests/unit tests/meta tests/doubles $(MEASURED)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --fail-under=95
	$(BIN)/coverage report --fail-under=100 --include 'commands/*'
	$(BIN)/python -m pytest -q $(SPREAD_WAITING) tests/e2e $(MEASURED:%=--ignore=%)
	$(BIN)/python -m pytest -q $(SPREAD) tests/browser
	$(MAKE) test-oldest

test-siblings: $(ENV)/.watchers $(ENV)/.browser
	$(BIN)/python -m pytest -q $(SPREAD_WAITING) -m "sibling and not long" \
	    tests/e2e $(MEASURED:%=--ignore=%)
	$(BIN)/python -m pytest -q $(SPREAD) -m "sibling and not long" tests/browser

test-long: $(ENV)/.watchers $(ENV)/.browser
	$(BIN)/python -m pytest -q $(SPREAD) --timeout 3600 -m "long and not live"

lint: $(ENV)/.ready
	@if [ -x $(BIN)/ruff ]; then \
	    $(BIN)/ruff format --check $(LINE) $(SOURCES) tests && \
	    $(BIN)/ruff check $(LINT) $(SOURCES) && \
	    $(BIN)/ruff check $(LINT_TESTS) tests && \
	    $(BIN)/lint-imports && \
	    $(BIN)/shellcheck -x $(SCRIPTS); \
	else echo "lint: needs Python 3.10 or newer, this is $$($(BIN)/python -V)"; fi

types: $(ENV)/.ready
	@if [ -x $(BIN)/mypy ]; then $(BIN)/mypy; \
	else echo "types: needs Python 3.10 or newer, this is $$($(BIN)/python -V)"; fi

unit: $(ENV)/.watchers
	$(BIN)/python -m pytest -q tests/unit tests/meta

e2e: $(ENV)/.watchers
	$(BIN)/python -m pytest -q tests/e2e

browser: $(ENV)/.browser
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/browser

test-oldest:
	@if [ -n "$(OLDEST)" ]; then \
	    $(MAKE) ENV=.venv-oldest PYTHON="$(OLDEST)" .venv-oldest/.ready && \
	    .venv-oldest/bin/python -m pytest -q $(SPREAD) $(ON_OLDEST); \
	else echo "Python 3.8 is not installed here: not tested on it"; fi

# A minute for each reader; FUZZ_S=3600 for an hour. Needs atheris, which is installed for this alone.
FUZZ_S ?= 60
fuzz: $(ENV)/.ready
	$(BIN)/python -m pip install -q --disable-pip-version-check atheris
	for target in $$($(BIN)/python -c 'from tests.fuzz.targets import TARGETS; print(*TARGETS)'); do \
	    mkdir -p build/fuzz/$$target && \
	    $(BIN)/python -m tests.fuzz $$target $(FUZZ_S) build/fuzz/$$target || exit 1; \
	done

bench: $(ENV)/.ready
	$(BIN)/python -m tests.tools.$(if $(BASE),compare $(BASE),bench)

load: $(ENV)/.ready
	$(BIN)/python -m tests.tools.load $(LOAD)

.PHONY: docs
docs: screenshots
	$(BIN)/python -m tests.tools.docs

screenshots: $(ENV)/.browser
	$(BIN)/python -m tests.tools.screenshots

live: $(ENV)/.ready
	$(BIN)/python -m tests.tools.live $(RUN_ON)

$(ENV)/.ready: requirements.txt tests/requirements.txt tests/tools/prepare
	@echo "$(ENV) is set up first: the Python libraries of the tests, and MariaDB where it is missing."
	@tests/tools/prepare "$(PYTHON)" $(ENV)
	@touch $@

$(ENV)/.browser: $(ENV)/.ready tests/tools/prepare-browser
	@tests/tools/prepare-browser $(BIN)/python
	@touch $@

# 24 MB of Debian's packages, unpacked there.
$(ENV)/.watchers: $(ENV)/.ready tests/tools/watchers
	@tests/tools/watchers $(ENV)/watchers
	@touch $@

doctor:
	@"$${BASE:-/usr/local/mgr5}/processing/pmnextcloud" --command doctor

# BASE, DESTDIR, LOGROTATE, CRONTABS, PYTHON and WEBPAY reach the scripts by the environment, where given.
install install-only:
	etc/install $@

uninstall purge:
	etc/uninstall $@

wheels:
	etc/wheels "$$(etc/find-python)" "$(CURDIR)/wheels" $(MACHINE)

dist:
	etc/packages/archive $(MACHINE)

deb rpm:
	etc/packages/$@ $(MACHINE)

requirements: $(ENV)/.ready
	tests/tools/lock "$(PYTHON)"

test-os:
	tests/os/run $(OS)

clean:
	rm -rf wheels build dist .venv .venv-* .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
