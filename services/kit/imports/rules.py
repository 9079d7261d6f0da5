"""What an import is: its declaration, its lifecycle, and what can go wrong with it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.divisions import lineage
from services.kit.problems import BrokenRule, Conflict, NotHeld, TooLarge
from services.kit.sheets.declare import Sheet
from services.kit.sheets.faults import fault
from services.kit.sheets.reading import Record, Table
from services.kit.sheets.scan import MOST_ROWS
from services.kit.vault import Vault
from services.kit.workflow import Relation, Workflow

MOST_BYTES = 8 * 1024 * 1024
MOST_FAULTS = 2000
"""Bad cells that are kept and marked; the rest is counted."""
KEPT_DAYS = 7
"""How long a file waits for somebody to decide about it."""
SAMPLE = 5


class ImportMode(StrEnum):
    """What happens once the file is checked."""

    ALL = "all"
    """Every row is written, or none when one cell is bad."""
    VALID = "valid"
    """The rows without a bad cell are written."""
    CHECK = "check"
    """Nothing is: somebody looks first, and commits."""


class ImportState(StrEnum):
    CHECKING = "checking"
    REFUSED = "refused"
    """The file as a whole could not be read; `problem` says why."""
    CHECKED = "checked"
    """Nothing is written; it waits for commit or discard."""
    WRITING = "writing"
    DONE = "done"
    UNDONE = "undone"
    DISCARDED = "discarded"


IS = ImportState
_OWNER_OR_STAFF = Relation.OWN

LIFECYCLE: Workflow[ImportState] = Workflow(
    "import",
    # action    from                       to            needs: the importer's permission
    ("refuse", IS.CHECKING, IS.REFUSED, set()),
    ("settle", IS.CHECKING, IS.CHECKED, set()),
    ("write", IS.CHECKING, IS.WRITING, set()),
    ("finish", IS.WRITING, IS.DONE, set()),
    ("look_again", IS.WRITING, IS.CHECKING, set()),
    ("stop_checking", IS.CHECKING, IS.DISCARDED, set()),
    ("stop_writing", IS.WRITING, IS.CHECKED, set()),
    ("commit", IS.CHECKED, IS.WRITING, _OWNER_OR_STAFF),
    ("discard", IS.CHECKED, IS.DISCARDED, _OWNER_OR_STAFF),
    ("undo", IS.DONE, IS.UNDONE, _OWNER_OR_STAFF),
)


class FileSeenBefore(Conflict):
    """The same file was imported, or is being imported; `again=true` takes it once more."""


class FileTooLarge(TooLarge):
    """More bytes than a spreadsheet of this kind may have."""


class NoFile(BrokenRule):
    """There is no file in the request."""


class BadRowsLeft(Conflict):
    """Some rows have bad cells: commit only the valid ones, or correct the file."""


class NothingValid(Conflict):
    """No row is without a bad cell."""


class FileForgotten(Conflict):
    """The file is not kept any more."""


class FileNotReadable(Conflict):
    """The file as a whole could not be read: there is nothing in it to mark."""


class ImportInUse(Conflict):
    """Something depends on rows of this import, or changed them since; each row says what."""


@dataclass(frozen=True)
class Desk:
    """What an importer works with, in one transaction that speaks as the service."""

    db: AsyncSession
    caller: Caller
    vault: Vault
    now: datetime
    import_id: UUID
    about: UUID | None
    """What the whole file is about (the occurrence of a roster); None for most."""
    table: Table | None = None
    memory: dict[Any, Any] = field(default_factory=dict)
    """What an importer remembers from one batch to the next, within one pass over the file."""

    def blame(self, record: Record, key: str, rule: str, **values: Any) -> None:
        """Say that a cell of `record` breaks a rule that needed the database."""
        assert self.table is not None
        at = self.table.place(key)
        column = self.table.sheet.column(key)
        record.faults.append(fault(record.row, at, column, record.line.get(at), rule, values))


@dataclass(frozen=True, slots=True)
class Written:
    """A row that an import made (or changed: then `before` says what was there)."""

    row: int
    id: UUID
    before: dict[str, Any] | None = None
    rows: int = 1
    """How many rows of the file it was made from."""


Check = Callable[[Desk, list[Record]], Awaitable[None]]
"""Adds faults that need the database: who may, what is there already. A batch of rows at a time."""
Write = Callable[[Desk, list[Record]], Awaitable[list[Written]]]
"""Writes rows without faults and records their facts; all in one transaction with the others."""
TakeBack = Callable[[Desk], Awaitable[None]]
"""Undoes what `import_rows` of the import names; raises ImportInUse when something depends."""
About = Callable[[AsyncSession, Caller, UUID], Awaitable[str]]
"""Who may import about this; answers the division that the import belongs to."""


@dataclass(frozen=True)
class Importer:
    """A kind of import: declared once, in the capability that owns the rows."""

    sheet: Sheet
    path: str
    """Its routes stand beneath: `/stations` gives `/stations/imports`."""
    permission: P
    check: Check
    write: Write
    take_back: TakeBack
    about: About | None = None
    most_rows: int = MOST_ROWS
    batch: int = 1000
    """Rows handed over at once; as many as `most_rows` where rows belong together."""

    @property
    def job_name(self) -> str:
        """What its job is called."""
        return f"import-{self.sheet.name}"


def home_of(caller: Caller, permission: P) -> str:
    """The division that an import of this caller belongs to: what all of their reach shares.

    Raises Forbidden for those who hold the permission nowhere.
    """
    reach = caller.reach(permission)
    if not reach:
        raise NotHeld(permission=permission.value)
    shared = set(lineage(reach[0]))
    for code in reach[1:]:
        shared &= set(lineage(code))
    return max(shared, key=len, default=reach[0])
