"""Which columns of a service's tables hold divisions, and which tables follow their changes."""

from tests.support.apps import Running


async def codes_of(running: Running) -> set[str]:
    """Every column that looks like a division code, as table.column."""
    found = await running.rows(
        """SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
        JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
            AND c.data_type IN ('character varying', 'text', 'ARRAY')
            AND (c.column_name LIKE '%division%' OR c.column_name LIKE '%\\_code'
                OR c.column_name IN ('code', 'hosts', 'today')
                OR (c.collation_name = 'C' AND c.character_maximum_length = 12))"""
    )
    return {name for (name,) in found}


async def followed(running: Running) -> set[str]:
    """Every table whose rows follow by a trigger."""
    triggers = await running.rows(
        "SELECT c.relname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid"
        " WHERE g.tgname = c.relname || '_follow'"
    )
    return {name for (name,) in triggers}
