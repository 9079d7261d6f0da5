"""Which tables' rows follow a division that changes, and which stay, and why.

The register is another service's: its changes are learnt code by code, so rows go only with their
own code. A test walks the schema: a table with a division that stands in neither is a mistake.
"""

from services.kit.recoding import Follows

FOLLOWS = (
    Follows("venues", exactly=True),
    Follows("venue_counties", exactly=True),
    Follows("venue_contacts", exactly=True),
    Follows("venue_representatives", exactly=True),
    Follows("venue_deletions", exactly=True),
    Follows("reservations", exactly=True),
    Follows("penalties", exactly=True),
    Follows("jobs", exactly=True),
    Follows("imports", exactly=True),
    Follows("institutions", exactly=True),
    Follows("experts", exactly=True),
    Follows("expert_ties", exactly=True),
    Follows("application_people", exactly=True),
    Follows("panel_draws", exactly=True),
    Follows("panel_seats", exactly=True),
    Follows("score_sheets", "seat_id", exactly=True),
    Follows("programmes", exactly=True),
    Follows("applications", exactly=True),
    Follows("application_contacts", exactly=True),
    Follows("honours", exactly=True),
    Follows("notices", exactly=True),
    Follows("objections", exactly=True),
    Follows("credit_checks", exactly=True),
    Follows("red_lines", exactly=True),
    Follows("inspections", exactly=True),
    Follows("rectifications", exactly=True),
    Follows("inspection_samples", exactly=True),
)

STAY = {
    "expert_ties.set_for": "in whose name it was set then; old codes stay within reach",
    "recodings.old_code": "the recodings themselves",
    "recodings.new_code": "the recodings themselves",
    "decisions.acted_for": "in whose name it was decided then",
    "inspections.subject_code": "what was inspected then; its application or honour says it",
    "applications.subject_code": "a trigger keeps it what division_code is",
    "honours.subject_code": "a trigger keeps it what division_code is",
    "recommendations.office_code": "the year's count of the office that it was then",
    "outbox.division": "a fact says where it happened then",
}
"""Columns with codes that do not follow: table.column → why."""
