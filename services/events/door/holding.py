"""What the door holds about a person: the scans of their tickets, the codes that they tried."""

from services.kit.holdings import Holding, by_sql

SCANS = by_sql(
    "scans",
    ("scans", "check_ins_taken_back"),
    # A scan names the registration, and no longer leads to a person once that is erased.
    copy="""SELECT s.id, s.registration_id, s.device_at, s.at, s.outcome, s.numbers
        FROM scans s JOIN registrations r ON r.id = s.registration_id
        WHERE r.account_id = :subject ORDER BY s.id""",
    kept="kept-attendance",
)
SELF = by_sql(
    "self_check_ins",
    ("door_code_tries",),
    copy="""SELECT c.occurrence_id, c.at FROM check_ins c
        WHERE c.by = :subject AND c.method = 'self' ORDER BY c.at""",
    erase="""WITH tries AS (DELETE FROM door_code_tries WHERE account_id = :subject)
        UPDATE check_ins SET by = :pseudonym WHERE by = :subject AND method = 'self'""",
)
DEVICES = by_sql(
    "devices",
    ("devices", "enrolment_codes"),
    copy="""SELECT id, name, division_code, enrolled_at, revoked_at FROM devices
        WHERE enrolled_by = :subject ORDER BY id""",
    erase="""UPDATE devices SET enrolled_by = :pseudonym WHERE enrolled_by = :subject""",
)

HOLDINGS: tuple[Holding, ...] = (SCANS, SELF, DEVICES)
