# make run   sets everything up and runs the default scenario
# make test  sets everything up and runs the checks of every change

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3 2>/dev/null) python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
SCENARIO := configs/scenarios/us-states.toml

.PHONY: run test lint bench clean

run: $(VENV)/.run
	$(BIN)/technopole run $(SCENARIO) --out runs/us-states.zarr --figures runs/us-states-figures --overwrite

test: lint
	$(BIN)/python -m pytest -m "not slow and not stats" -n 2 --dist worksteal -q

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.test
	$(BIN)/python bench/bars.py

clean:
	rm -rf $(VENV) runs

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "technopole needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml
	@echo "installing technopole into $(VENV) ..."
	$(PIP) install --editable '.[plot]'
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml
	@echo "installing technopole and what its checks need into $(VENV) ..."
	$(PIP) install --editable '.[all,dev]'
	@touch $@ $(VENV)/.run
