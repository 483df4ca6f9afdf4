# make run   set up a virtual environment and run the main scenario; results in runs/
# make test  set up the same environment for development and run all checks
# No network is needed after the first time. PYTHON=/path/to/python3 chooses the interpreter.

VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SCENARIO ?= configs/scenarios/us-states.toml
ARGS ?=
TESTS ?= tests
JOBS ?= 2

FIND_PYTHON = for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	command -v $$python > /dev/null 2>&1 && \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2> /dev/null && echo $$python && break; done

.DEFAULT_GOAL := help
.PHONY: help run test lint format stats stress slurm bench bench-compare guard docs warmup clean

help:  ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /make \1|/' | column -t -s '|' 2> /dev/null \
		|| grep -hE '^[a-z-]+:.*## ' Makefile

run: $(VENV)/installed-run  ## run the main scenario: results in runs/us-states.zarr, figures beside it
	$(BIN)/technopole run $(SCENARIO) --overwrite $(ARGS)

test: lint  ## run all checks: style, types, import walls, tests
	$(BIN)/technopole warmup
	$(BIN)/technopole warmup --precision float32
	$(BIN)/python -m pytest $(TESTS) -m "not slow and not stats and not stress and not slurm" -p no:benchmark -n $(JOBS) $(ARGS)

lint: $(VENV)/installed-dev  ## check style, types and import walls
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/installed-dev  ## format the engine and the tests
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format engine tests bench

stats: $(VENV)/installed-dev  ## run the slow tests and those of facts over large ensembles
	$(BIN)/python -m pytest $(TESTS) -m "slow or stats" -p no:benchmark $(ARGS)

stress: $(VENV)/installed-dev  ## kill experiments at random moments, again and again, and see that nothing is lost
	$(BIN)/python -m pytest $(TESTS) -m "stress" -p no:benchmark $(ARGS)

slurm: $(VENV)/installed-dev  ## install and start a real Slurm on this machine (as root, Debian) and use it
	TECHNOPOLE_SLURM=1 $(BIN)/python -m pytest $(TESTS) -m "slurm" -p no:benchmark $(ARGS)

bench: $(VENV)/installed-dev  ## measure everything: kernels, periods, the bars, one large world, peers, roofline, scaling
	$(BIN)/python -m pytest bench $(ARGS)
	$(BIN)/python bench/bars.py
	$(BIN)/python bench/large_world.py
	$(BIN)/python bench/single.py
	$(BIN)/python bench/experiments.py
	$(BIN)/python bench/peers/run.py
	$(BIN)/python bench/roofline.py
	$(BIN)/python bench/scaling.py

docs: $(VENV)/installed-dev  ## build the documentation: site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "documentation: site/index.html"

bench-compare: $(VENV)/installed-dev  ## is this tree slower than another revision? make bench-compare REV=main
	@test -n "$(REV)" || { echo "say with what to compare: make bench-compare REV=main" >&2; exit 2; }
	$(BIN)/python bench/compare.py $(REV) $(ARGS)

guard: $(VENV)/installed-dev  ## count the instructions of the kernels' loops; ARGS=--refresh makes them the limits
	$(BIN)/python bench/machine_code.py $(ARGS)

warmup: $(VENV)/installed-run  ## compile the kernels for this processor
	$(BIN)/technopole warmup

clean:  ## remove the virtual environment and caches; results stay
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	find engine kernels tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is a folder of its own: a Python that forbids pip outside of one does not mind.
$(BIN)/python:
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo "technopole needs Python 3.11 to 3.14; found: $$(python3 --version 2>&1). Say where: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "making $(VENV) with $$($$python --version)"; \
	$$python -m venv $(VENV) > /dev/null 2>&1 \
	|| { rm -rf $(VENV) && $$python -m venv --without-pip $(VENV) > /dev/null 2>&1 \
		&& $$python -m pip --quiet --python $(VENV)/bin/python install pip 2> /dev/null; } \
	|| { rm -rf $(VENV); \
		echo "$$python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(VENV)/installed-run: pyproject.toml | $(BIN)/python
	@echo "installing technopole into $(VENV)"
	@$(PIP) install --editable '.[plot,netcdf,sensitivity,report]'
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(BIN)/python
	@echo "installing technopole and the tools of its development into $(VENV)"
	@$(PIP) install --editable '.[dev,all]'
	@touch $(VENV)/installed-run $@
