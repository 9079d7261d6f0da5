"""What feedback holds about a person: that a right is spent. What they said is nobody's."""

from services.kit.holdings import by_sql

FEEDBACK = by_sql(
    "feedback",
    ("feedback_rights", "feedback_box", "feedback_comments"),
    copy="SELECT activity_id FROM feedback_rights WHERE account_id = :subject",
    # The right stays spent: the ticket of a registration that is kept could give feedback again.
    erase="UPDATE feedback_rights SET account_id = :pseudonym WHERE account_id = :subject",
    kept="kept-feedback",
)
