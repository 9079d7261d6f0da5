"""Which tables' rows follow a division that changes, and which stay, and why.

A test walks the schema: a table with a division that stands in neither is a mistake. Its migration
takes the statements of `kit.recoding.follow`, and its line stands here.
"""

from services.kit.recoding import Follows

FOLLOWS = (
    Follows("activities"),
    Follows("activity_hosts", "activity_id"),
    Follows("occurrences"),
    Follows("registrations"),
    Follows("members"),
    Follows("check_ins", "member_id"),
    Follows("check_ins_taken_back"),
    Follows("scans", "key"),
    Follows("devices"),
    Follows("enrolment_codes", "digest"),
    Follows("feedback_comments"),
    Follows("rosters", "registration_id"),
    Follows("stations"),
    Follows("station_contacts", "station_id"),
    Follows("posts"),
    Follows("targets"),
    Follows("campaigns"),
    Follows("jobs"),
    Follows("imports"),
)

STAY = {
    "contributions.hosts": "the map of then; `today` follows by a step of the change itself",
    "contributions.today": "rewritten with the figures, recoding/figures.py",
    "tallies.division_code": "counted from contributions",
    "tallies_then.division_code": "counted from contributions",
    "haves.division_code": "counted from stations and posts",
    "coverage_counts.division_code": "counted from stations and posts",
    "populations.division_code": "said of that division in that year by its source",
    "divisions.code": "the register itself",
    "divisions.parent_code": "the register itself",
    "divisions.civil_affairs_code": "another system's code",
    "divisions.today": "the register itself",
    "successions.code": "the register's history",
    "successions.successor_code": "the register's history",
    "former_names.code": "the register's history",
    "recodings.old_code": "the recodings themselves",
    "recodings.new_code": "the recodings themselves",
    "ordered_divisions.code": "what an order made of the register",
    "division_changes.scope_code": "the order as it was given",
    "division_change_codes.old_code": "the order as it was given",
    "division_change_codes.new_code": "the order as it was given",
    "outbox.division": "a fact says where it happened then",
}
"""Columns with codes that do not follow: table.column → why."""
