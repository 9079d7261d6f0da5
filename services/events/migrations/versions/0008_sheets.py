"""Imports from spreadsheets and how to undo them."""

from alembic import op

from services.kit.imports.tables import create_import_tables
from services.kit.recoding import Follows, follow

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    create_import_tables(op)
    for statement in follow(Follows("imports")):
        op.execute(statement)
