# OpenPaspor. `make` alone lists what it can do.
PYTHON ?= python3
PORT ?=
# Ctrl-C while Python itself is starting would print a trace: env holds it back until bootstrap.py listens.
HOLD := $(shell env --block-signal=INT true 2>/dev/null && echo env --block-signal=INT)
BOOT = @$(HOLD) $(PYTHON) -I -S tools/bootstrap.py

.PHONY: help run test lint reset
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

run: python ## the whole country on http://localhost:8000, with a demo (PORT=8001 for another port)
	$(BOOT) run $(PORT)

test: python ## every test, on SQLite and on PostgreSQL
	$(BOOT) test

lint: python ## style, types, import contracts, migrations, translations, templates
	$(BOOT) lint

reset: python ## throw the demo away; the next `make run` builds a fresh one
	$(BOOT) reset

.PHONY: python
python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Install it first (as root: apt-get install python3)." >&2; exit 3; }
