"""What credit checks hold about a person: that they lodged an appeal for an institution."""

from services.kit.holdings import by_sql

APPEALS = by_sql(
    "credit_appeals",
    ("credit_remedies",),
    copy="SELECT id, application_id, kind, grounds, state, outcome, recorded_at"
    " FROM credit_remedies WHERE recorded_by = :subject ORDER BY id",
    # What it said is about an institution, and stays with the file of its application.
    erase="UPDATE credit_remedies SET recorded_by = :pseudonym WHERE recorded_by = :subject",
)
