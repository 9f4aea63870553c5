# The task runner: `make` lists the tasks. CI (.ci/run) calls `make lint format types layers docs js`.
PYTHON ?= python
.DEFAULT_GOAL := help

.PHONY: help setup serve test lint format types layers docs shop-js reference js check wheel screenshots

help:  ## List the tasks.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup:  ## Install everything that development needs into the present environment.
	$(PYTHON) -m pip install -r requirements-dev.txt

serve:  ## Serve the studio.
	$(PYTHON) app.py

test:  ## Run all tests on all cores.
	$(PYTHON) -m pytest -n auto --dist loadfile

lint:  ## Look for mistakes and style.
	ruff check .

format:  ## Check the format (`ruff format .` writes it).
	ruff format --check .

types:  ## Check all types, strictly.
	mypy

layers:  ## Check who imports whom.
	lint-imports --no-cache

docs:  ## Check that the written reference is up to date.
	$(PYTHON) scripts/reference.py --check

shop-js:  ## Write the script for shops anew (needs node).
	@scripts/build_shop_js.sh

reference:  ## Write the reference of commands and settings anew.
	$(PYTHON) scripts/reference.py

js:  ## Check the browser's code: linter, types and unit tests (needs node).
	@scripts/check_js.sh

check: lint format types layers docs js  ## All checks besides the tests.

wheel:  ## Build the package into dist/.
	$(PYTHON) -m pip wheel --no-deps --wheel-dir dist .

screenshots:  ## Take the pictures in docs/ anew (needs Chromium).
	$(PYTHON) scripts/screenshots.py
