"""Row-level security for migrations: the second wall around tables with personal data.

A row is visible to the service principal, to whoever a relation column names, and to staff whose
reach for the wall's permission holds the row's division. Settings are local to the transaction
(kit/db.py); with none set, nothing is visible.
"""

from services.kit.access import P

CODE_RANGE = (
    'CREATE TYPE code_range AS RANGE (subtype = text, collation = "C",'
    " multirange_type_name = code_multirange)"
)
"""Run once in a service's first migration that builds a wall."""


def wall(
    table: str,
    permission: P | None,
    *,
    division: str = "division_code",
    relations: tuple[str, ...] = (),
) -> list[str]:
    """The statements that put a wall around `table`. Without a permission, no staff sees through.

    The settings stand in scalar sub-selects, so that PostgreSQL reads them once a query, not once
    a row. INSERT and UPDATE are held to the same rule as reading.
    """
    sees = [
        "(SELECT current_setting('kepu.kind', true)) = 'service'",
        *(
            f"{column} = (SELECT NULLIF(current_setting('kepu.subject', true), '')::uuid)"
            for column in relations
        ),
    ]
    if permission is not None:
        reach = f"NULLIF(current_setting('kepu.reach_{permission.value}', true), '')"
        sees.append(f"{division}::text <@ (SELECT COALESCE({reach}, '{{}}')::code_multirange)")
    rule = " OR ".join(sees)
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_wall ON {table} USING ({rule}) WITH CHECK ({rule})",
    ]
