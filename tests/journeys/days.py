"""Days that pass in the database: a story of weeks is told in seconds.

What is stored is moved, as the owner of the tables; the service counts with its own clock.
"""

from datetime import date
from uuid import UUID

from tests.faults.inside import rows
from tests.support.province import Province

_BEGAN = """UPDATE notices SET first_on = $2::date,
    opened_at = $2::date::timestamp AT TIME ZONE 'Asia/Shanghai' WHERE id = $1"""
# Without a last day, a window is counted anew.
_UNCOUNTED = """UPDATE notice_entries SET last_on = NULL
    WHERE notice_id = $1 AND state = 'open'"""
_OBJECTED = """UPDATE notice_entries SET suspended_from = $2::date
    WHERE notice_id = $1 AND open_objections > 0"""
_ANSWERED = """UPDATE notice_entries
    SET suspensions = jsonb_build_array(jsonb_build_array($2::date, $3::date))
    WHERE notice_id = $1 AND suspensions <> '[]'"""


async def days_of_a_notice_pass(
    qinghai: Province,
    notice: str,
    *,
    began: date,
    objected: date,
    answered: date | None = None,
) -> None:
    """As if it had begun that day, and the objection to it had come, and been answered, on these:
    no last day is written, since that is the service's to count."""
    one = UUID(notice)
    await rows(qinghai, "venues", _BEGAN, one, began)
    if answered is None:
        await rows(qinghai, "venues", _OBJECTED, one, objected)
    else:
        await rows(qinghai, "venues", _ANSWERED, one, objected, answered)
    # At last, for the clock that comes by every minute: it counts what stands there then.
    await rows(qinghai, "venues", _UNCOUNTED, one)


async def the_source_speaks(qinghai: Province, draw: str) -> None:
    """As if the time had come at which the source of a draw is known: it is promised for a minute
    from now at the least. The promise in the report stays as it was published."""
    spoke = "UPDATE panel_draws SET source_at = now() - interval '1 second' WHERE id = $1"
    await rows(qinghai, "venues", spoke, UUID(draw))
