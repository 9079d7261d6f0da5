"""Wire shapes of rosters, and the rows of a printed or exported one."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from services.events.registrations.rules import RegistrationState
from services.events.registrations.schemas import MAX_PARTY, Given, MemberOut, PersonName, Phone
from services.kit.days import Day

Label = Annotated[str, Field(min_length=1, max_length=80)]


class ConsentIn(Given):
    """The guardian who consented for a child, and the day on which they did."""

    name: PersonName
    phone: Phone
    consented_on: Day


class ChildIn(Given):
    """One line of a roster. The name may be initials; under 14 a guardian has consented."""

    name: PersonName
    age: int = Field(ge=0, le=130)
    guardian: ConsentIn | None = None


class ContactIn(Given):
    """The teacher or guide who comes along and is called."""

    name: PersonName
    phone: Phone


class RosterIn(Given):
    """A class for an occurrence: confirmed whole, or on the waiting list whole."""

    occurrence_id: UUID
    ticket_id: UUID | None = None
    ticket: str | None = Field(default=None, max_length=60)
    class_name: Label
    school: Label | None = None
    contact: ContactIn
    party: list[ChildIn] = Field(min_length=1, max_length=MAX_PARTY)
    on_behalf: bool = False
    client_id: UUID | None = None


class LineIn(Given):
    """One line of an edited roster: `id` alone stays, with `child` it is corrected, `child` alone
    is somebody new in the place of one that is left out."""

    id: UUID | None = None
    child: ChildIn | None = None

    @model_validator(mode="after")
    def _somebody(self) -> "LineIn":
        if self.id is None and self.child is None:
            raise PydanticCustomError("line-empty", "neither id nor child")
        return self


class RosterPatch(Given):
    """What is given is changed. A list names everybody who comes: who is left out leaves."""

    class_name: Label | None = None
    school: Label | None = None
    contact: ContactIn | None = None
    party: list[LineIn] | None = Field(default=None, min_length=1, max_length=MAX_PARTY)


class PresentIn(Given):
    """Who of the list came, by their numbers on it."""

    present: list[Annotated[int, Field(ge=1, le=MAX_PARTY)]] = Field(
        min_length=1, max_length=MAX_PARTY
    )


class RosterLine(BaseModel):
    """A roster in a list, masked."""

    registration_id: UUID
    occurrence_id: UUID
    class_name: str
    school: str | None
    contact: str
    contact_phone: str
    state: RegistrationState
    party_size: int
    came: int
    version: int


class RosterOut(RosterLine):
    """A roster with its list, masked. The registration itself is changed at /registrations."""

    editable_until: datetime
    party: list[MemberOut]


class SheetRow(BaseModel):
    """One child as it is printed: the columns of the spreadsheet, in order."""

    number: int
    name: str
    age: int | None
    guardian: str | None
    guardian_phone: str | None
    consented_on: date | None
    came_at: datetime | None


class RosterSheet(BaseModel):
    """A roster with every field open, for printing; that it was opened is written down."""

    registration_id: UUID
    opening_id: UUID
    activity: str
    starts_at: datetime
    class_name: str
    school: str | None
    contact: str
    contact_phone: str
    rows: list[SheetRow]
