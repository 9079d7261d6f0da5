"""Venues follow divisions that change."""

from alembic import op

from services.kit.recoding import RECODINGS, Follows, follow

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statement in (*RECODINGS, *follow(Follows("venues", exactly=True))):
        op.execute(statement)
