# Thin targets; the logic lives in the command lines they call.
#   make run        environment, database, queue, API, workers and pages; prints the address
#   make test       the default suite     make test-full   the long tests     make lint   static checks
SHELL  := /bin/bash
PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
UV_VERSION := 0.13.9
STAMP  := $(VENV)/.installed
CRF_STAMP := $(VENV)/.installed-crf
ARGS   ?=
PYTEST := $(PY) -m pytest $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help env run test test-full test-gpu lint format lock audit bench demo-checkpoints openapi doctor clean

help:
	@sed -n '/^# /s/^# //p' $(firstword $(MAKEFILE_LIST))

env: $(STAMP)
	@if [ $(CRF_STAMP) -nt requirements-crf.lock ]; then exit 0; \
	elif ! command -v g++ >/dev/null; then \
	  echo "note: g++ is missing, so the dense CRF is not built. Everything else works; install g++ and repeat to add it."; \
	elif $(UV) pip install --quiet --python $(PY) --require-hashes --no-deps -r requirements-crf.lock; then touch $(CRF_STAMP); \
	else echo "WARNING: the dense CRF did not build (see above). Everything else works; 'make env' tries again." >&2; fi

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(STAMP): requirements.lock pyproject.toml | $(UV)
	$(UV) pip sync --python $(PY) --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	@rm -f $(CRF_STAMP)
	@touch $@

run: env
	@exec $(BIN)/ssenet-lab up $(ARGS)

test: env
	$(PY) scripts/ensure_browser.py
	$(PYTEST) -m "not slow and not gpu"

test-full: env
	$(PY) scripts/ensure_browser.py
	$(PY) scripts/ensure_postgres.py
	$(PYTEST) -m "slow and not gpu"

# On a machine with a CUDA device.
test-gpu: env
	$(PYTEST) -m gpu

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: env
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(UV)
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --extra dev --python-version 3.11 \
	  pyproject.toml -o requirements.lock
	echo "pydensecrf2==1.1" | $(UV) pip compile --universal --generate-hashes --no-emit-index-url \
	  --python-version 3.11 - -o requirements-crf.lock

# Known vulnerabilities of what the locks install; fails when it cannot find out.
audit: env
	$(PY) scripts/audit.py

bench: env
	@set -e; shopt -s nullglob; for file in benchmarks/*.py; do echo "== $$file"; $(PY) $$file $(ARGS); done

demo-checkpoints: env
	$(PY) scripts/make_demo_checkpoints.py $(ARGS)

doctor: env
	@$(BIN)/ssenet-lab doctor

clean:
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info tests/output
