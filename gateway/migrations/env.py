"""Alembic's entry; the kit does the work."""

from services.kit.migrations import run_env

run_env()
