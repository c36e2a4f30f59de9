# Everything is `make <target>`; `make` alone lists them.
PORT ?= 8000
ARGS ?=
POSTGRES_15 ?= /usr/lib/postgresql/15/bin
python := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help venv-local venv-dev demo demo-reset fast test test-15 prove mutants lint bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

venv-local:
	@sh .ci/venv requirements-local.txt

venv-dev:
	@sh .ci/venv requirements-dev.txt

demo: venv-local ## run all of Rhivo here, with demo businesses, until Ctrl-C; PORT=8001 for another port
	@exec $(python) manage.py demo --port $(PORT) $(ARGS)

demo-reset: venv-local ## the same, from nothing
	@exec $(python) manage.py demo --port $(PORT) --reset $(ARGS)

fast: venv-dev ## in seconds and without servers: lint of what changed and all unit tests; ARGS go to pytest
	@exec $(python) -m rhivo.testing.fast $(ARGS)

test: venv-dev ## lint, types, contracts, migrations and all tests, on servers of their own; ARGS go to pytest
	@exec $(python) -m rhivo.testing.check $(ARGS)

sql_tests := audit/tests bookings/tests/test_races.py bookings/tests/test_bare_sql.py bookings/tests/test_terms_in_sql.py \
	bookings/tests/test_messages_in_sql.py bookings/tests/test_guarantees.py bookings/tests/test_operations.py \
	bookings/tests/test_capacity_and_holds.py bookings/tests/test_ledger_in_sql.py bookings/tests/test_visits_in_sql.py \
	businesses/tests/test_events.py rhivo/tests/test_migrations.py rhivo/tests/test_sql_objects.py \
	rhivo/tests/test_query_plans.py rhivo/tests/test_isolation.py rhivo/tests/test_isolation_columns.py \
	rhivo/tests/test_isolation_functions.py rhivo/tests/test_claims.py

test-15: venv-dev ## the SQL part of the tests on PostgreSQL 15; POSTGRES_15=/path/to/bin says where it is
	@RHIVO_POSTGRES_BIN=$(POSTGRES_15) exec $(python) -m pytest -n 2 $(sql_tests) $(ARGS)

prove: venv-dev ## attack a running installation and print what held; ARGS="--minutes 30 --seed 7"
	@exec $(python) -m rhivo.testing.attacks $(ARGS)

mutants: venv-dev ## break every mechanism in turn and see a test notice; ARGS="lock" for those with that word
	@exec $(python) -m rhivo.testing.mutants $(ARGS)

lint: venv-dev ## lint and format what can be mended by itself
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .

bench: venv-dev ## measure; docs/benchmarks.md says what
	@exec $(python) -m benchmarks $(ARGS)

clean: ## remove what was installed, built and cached, but not the demo's data
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache staticfiles test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
