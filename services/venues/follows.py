"""Which tables' rows follow a division that changes, and which stay, and why.

The register is another service's: its changes are learnt code by code, so rows go only with their
own code. A test walks the schema: a table with a division that stands in neither is a mistake.
"""

from services.kit.recoding import Follows

FOLLOWS = (
    Follows("venues", exactly=True),
    Follows("programmes", exactly=True),
    Follows("applications", exactly=True),
    Follows("honours", exactly=True),
)

STAY = {
    "recodings.old_code": "the recodings themselves",
    "recodings.new_code": "the recodings themselves",
    "decisions.acted_for": "in whose name it was decided then",
    "outbox.division": "a fact says where it happened then",
}
"""Columns with codes that do not follow: table.column → why."""
