# Two commands matter: `make train` and `make test`. Both install what they need into $(VENV) first, from the hashed lock.

PYTHON ?= python3
VENV ?= .venv
CUDA ?= 12
ARGS ?=

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev

export WANDB_MODE ?= offline

.DEFAULT_GOAL := help
.PHONY: help install install-gpu train test test-cluster lint format lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The stamp is written last: an install that was interrupted is taken up again by the next make.
$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: install Python 3.11 or newer, or say make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, found %s: say make PYTHON=python3.12" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "venv is missing: on Debian or Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@rm -f $@
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --quiet --require-hashes --requirement requirements.lock
	$(PIP) install --quiet --no-deps --editable .
	@touch $@

install: $(STAMP) ## Install into .venv from requirements.lock (PYTHON=..., VENV=...)

# Not tested: no machine with a GPU and a package index was at hand.
install-gpu: $(STAMP) ## The same, then JAX for an NVIDIA GPU (CUDA=12 or CUDA=13)
	$(PIP) install --quiet "jax[cuda$(CUDA)]==$$(sed -n 's/^jax==\([^ ;]*\).*/\1/p' requirements.lock)"

train: $(STAMP) ## Train, sample, evaluate and report (ARGS="experiment=quantgan seed=1")
	$(BIN)/python experiments/train.py $(ARGS)

# The tests of the commands take as long as all others: two halves run side by side (5: none chosen).
SLOW := tests/experiments/test_interruptions.py
COMMANDS := $(filter-out $(SLOW),$(wildcard tests/experiments/test_*.py)) tests/applications
OTHERS := $(filter-out tests/experiments tests/applications tests/conftest.py tests/__%,$(wildcard tests/*)) $(SLOW)

test: $(STAMP) ## Run the tests (ARGS="-k checkpoint")
	@log=$$(mktemp); trap 'kill $$half 2>/dev/null; cat $$log; rm -f $$log; exit 130' INT TERM; $(BIN)/python -m pytest -q $(COMMANDS) $(ARGS) >$$log 2>&1 & half=$$!; \
	$(BIN)/python -m pytest -q $(OTHERS) $(ARGS); one=$$?; wait $$half; two=$$?; \
	cat $$log; rm -f $$log; \
	case $$one,$$two in 0,0|0,5|5,0) ;; *) exit 1 ;; esac

test-cluster: $(STAMP) ## Run sweeps on a real Slurm of one node, installed by apt-get and started for the tests (root)
	FINGAN_CLUSTER_TESTS=1 $(BIN)/python -m pytest -q tests/cluster $(ARGS)

lint: $(STAMP) ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP) ## Format, and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(STAMP) ## Renew requirements.lock from pyproject.toml
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade $(LOCK) pyproject.toml --output-file requirements.lock

clean: ## Remove the installation, build products and caches; never runs
	rm -rf $(VENV) build dist *.egg-info .jax_cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find fingan_jax experiments tests -name __pycache__ -type d -prune -exec rm -rf {} +
