# 科普 · `make` alone says what there is to do.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin

.PHONY: help setup setup-dev up test lint bench fuzz safeguards

help: ## Say what there is to do
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: ## Make .venv with what the suite needs
	@deploy/setup.sh requirements.txt

setup-dev: ## Make .venv with what tests and checks need too
	@deploy/setup.sh requirements-dev.txt

up: setup ## Start the whole suite and keep it running (Ctrl-C stops it)
	@$(BIN)/kepu up

test: setup-dev ## Run every test, on throwaway engines
	$(BIN)/python -m pytest -n 4 --dist loadscope --no-loadscope-reorder

lint: setup-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict services gateway deploy
	$(BIN)/lint-imports

bench: setup-dev ## Measure how much the suite carries on this machine
	$(BIN)/python -m tests.bench

fuzz: setup-dev ## Try every operation with generated input, as every role (some minutes)
	@$(BIN)/python -m tests.contract.fuzz

safeguards: setup-dev ## Remove one safeguard at a time and expect a red test (about an hour)
	@$(BIN)/python -m tests.safeguards
