"""What evidence and corrections hold about a person: who sent it, who asked."""

from services.kit.holdings import by_sql

EVIDENCE_SENT = by_sql(
    "evidence",
    ("application_files",),
    copy="""SELECT file_id AS id, name, part, key, caption, added_at FROM application_files
        WHERE added_by = :subject ORDER BY file_id""",
    # What was submitted is the institution's, and stays with its application.
    erase="UPDATE application_files SET added_by = :pseudonym WHERE added_by = :subject",
    kept="kept-evidence",
)
CORRECTIONS_ASKED = by_sql(
    "corrections",
    ("assessment_corrections",),
    copy="""SELECT id, criterion, measure, claimed, reason, state, asked_at
        FROM assessment_corrections WHERE asked_by = :subject ORDER BY id""",
    erase="UPDATE assessment_corrections SET asked_by = :pseudonym WHERE asked_by = :subject",
    kept="kept-evidence",
)
