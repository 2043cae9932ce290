# The commands of this project; each calls one small script.

.DEFAULT_GOAL := help
.PHONY: help demo test bench lint lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' Makefile

demo:  ## a running site with a fictitious population; plays an earthquake (ONCE=1: ends with a JSON summary)
	@scripts/setup.sh run
	@exec .venv/bin/jetapp demo run $(if $(ONCE),--once)

test:  ## linters, types and all tests on SQLite and PostgreSQL (as root: installs Chromium, a font and Redis if absent)
	@scripts/test.sh

bench:  ## the benchmarks, as ratios against floors measured in the same run
	@scripts/setup.sh test
	@exec .venv/bin/python -m benchmarks

lint:  ## ruff, mypy, import contracts, templates
	@scripts/setup.sh test
	@.venv/bin/python scripts/lint.py

lock:  ## pin every package with its hashes again (UPGRADE=1: the newest versions allowed)
	@UPGRADE="$(UPGRADE)" scripts/lock.sh

clean:  ## remove everything made by these commands
	rm -rf .venv .tools .demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist
