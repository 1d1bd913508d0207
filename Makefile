# Everything that a newcomer or CI needs. `make run` and `make test` do all set-up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXAMPLE := examples/users-terraform
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help run test check bench soak lock

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## Set up, start the region in the background, and say how to deploy the first example
	@if command -v npm >/dev/null; then $(BIN)/atoll runtimes install nodejs || true; fi
	@if $(BIN)/atoll status >/dev/null 2>&1; then $(BIN)/atoll status; else $(BIN)/atoll up -d; fi
	@echo
	@echo 'Deploy an unchanged Terraform stack and call its API:'
	@echo
	@echo '  $(BIN)/atoll terraform -chdir=$(EXAMPLE) init'
	@echo '  $(BIN)/atoll terraform -chdir=$(EXAMPLE) apply'
	@echo '  curl -X POST "$$($(BIN)/atoll urls users-api)/users" -H "Content-Type: application/json" -d '"'"'{"user_id": "01", "name": "Joy"}'"'"
	@echo
	@echo 'Watch it:  $(BIN)/atoll logs --follow users-api     Stop the region:  $(BIN)/atoll down'

test: $(READY) ## Set up and run all tests (ATOLL_REQUIRE=1 turns skips for missing programs into failures)
	$(BIN)/python -m pytest -n $(JOBS) -m 'not soak' $(ARGS)

check: $(READY) ## Lint, formatting, types, layers, sizes
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/ratchet.py

bench: $(READY) ## Measure Atoll beside its peers (ARGS=--quick: is all in order? ARGS="items start": a part)
	$(BIN)/python -m benchmarks $(ARGS)

soak: $(READY) ## The long tests: kills, histories of transactions, fuzzers
	$(BIN)/python -m pytest -n $(JOBS) -m soak --timeout 3000 $(ARGS)

lock: $(READY) ## Write requirements.lock anew from pyproject.toml
	$(PYTHON) tools/lock.py

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Atoll needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version): once, about half a minute"
	@$(PYTHON) -m venv $(VENV)
	@echo "  $$(grep -c == requirements.lock) packages of requirements.lock …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@echo '  Atoll itself …'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m compileall -q src  # else the first start does it; every start, where Python may write no bytecode
	@touch $@
