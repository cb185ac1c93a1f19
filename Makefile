# make demo   an Obsidian vault from a sample library, without a token
# make test   lint, types and every test
# make bench  how fast, as ratios taken side by side
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORES := $(shell $(PYTHON) -c "import os; print(os.cpu_count() or 1)")

.PHONY: demo test lint bench coverage clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vaultsync needs Python 3.11 or newer; try: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	@$(PYTHON) -m venv $(VENV)

# Dependency groups need pip 25.1, newer than many Pythons bring.
$(READY): pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

demo: $(READY)
	@$(BIN)/vaultsync demo demo_vault

lint: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

test: lint
	@$(BIN)/python -m pytest -n $(CORES) --dist worksteal

bench: $(READY)
	@$(BIN)/python -m tests.bench

coverage: $(READY)
	@$(BIN)/python -m pytest -n $(CORES) --cov --cov-report=term-missing:skip-covered

clean:
	rm -rf $(VENV) demo_vault build dist
