"""Grants and accounts follow divisions that change."""

from alembic import op

from services.kit.recoding import RECODINGS, Follows, follow

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for statement in RECODINGS:
        op.execute(statement)
    for follows in (
        Follows("grants", exactly=True),
        Follows("accounts", column="home_code", exactly=True),
    ):
        for statement in follow(follows):
            op.execute(statement)
