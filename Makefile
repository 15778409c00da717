# Everything a checkout needs. Python 3.11 or newer, make and git must be there; the rest is fetched.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: install serve demo test chaos lint bench bench-logins lock clean

install: .venv/installed
	@$(BIN)/openfrs models fetch

.venv/installed: requirements/install.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "OpenFRS needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/install.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/developed: .venv/installed requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	touch $@

serve: install
	$(BIN)/openfrs serve

demo: .venv/developed
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python examples/demo.py

test: .venv/developed
	$(BIN)/openfrs models fetch --samples
	$(BIN)/pytest

chaos: .venv/developed
	$(BIN)/python -m tests.store.chaos --cycles 200

lint: .venv/developed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/openfrs bench

# How much a login flood slows another tenant's searches.
bench-logins: .venv/developed
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python scripts/bench_login_flood.py

# Rewrite the lock files from pyproject.toml; needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build pyproject.toml --output-file requirements/install.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build --group dev --constraints requirements/install.txt pyproject.toml --output-file requirements/dev.txt

clean:
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
