"""Who sent which file: held about a person, copied on request, and no longer theirs once erased."""

from services.kit.holdings import by_sql

FILES = by_sql(
    "files",
    ("files",),
    copy="SELECT id, name, purpose, media_type, size, state, created_at FROM files"
    " WHERE owner = :subject AND state <> 'dropped' ORDER BY id",
    # What hangs on an activity stays with it; what was never attached or finished goes.
    erase="UPDATE files SET owner = :pseudonym, client_id = NULL, name = 'file',"
    " state = CASE WHEN state = 'ready' AND subject IS NOT NULL THEN state ELSE 'dropped' END"
    " WHERE owner = :subject",
)
