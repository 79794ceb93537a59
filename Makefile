# Two commands do all their own set-up in .venv and are safe to run again: `make suites` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEFAULT := not nightly and not gpu
PYTEST_ARGS ?=
# What `make suites` runs: files or folders.
SUITES ?= suites
# Several test processes; more than two would wait for each other's engines on few cores. PROCESSES=0: all in one.
PROCESSES ?= 2
PARALLEL := -n $(PROCESSES) --dist worksteal

.PHONY: suites test quick nightly nightly-tests lint setup clean

suites: $(READY) ## the main job: every cell of the default suites, gated and reported
	$(BIN)/pytest $(SUITES) -v -o console_output_style=count $(PYTEST_ARGS)

test: $(READY) ## the tests of the harness itself
	$(BIN)/pytest tests -m "$(DEFAULT)" $(PARALLEL) $(PYTEST_ARGS)

quick: $(READY) ## those tests that start no engine and take no seconds each
	$(BIN)/pytest tests -m "$(DEFAULT) and not runtimes and not slow" $(PARALLEL) $(PYTEST_ARGS)

nightly: $(READY) ## all suites, the slow ones on Fashion-MNIST too
	$(BIN)/pytest suites -v --harness-nightly -o console_output_style=count $(PYTEST_ARGS)

nightly-tests: $(READY) ## the tests of the harness that `make test` leaves out
	$(BIN)/pytest tests -m "nightly and not gpu" $(PARALLEL) $(PYTEST_ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(READY)

# The mark is written last: an install that was interrupted is done again.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "edge-harness needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	# Few of the engines' modules are ever imported: those are compiled then.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e ".[dev]"
	@touch $(READY)

clean:
	rm -rf $(VENV) reports/* .pytest_cache .mypy_cache .ruff_cache
