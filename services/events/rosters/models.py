"""The table of rosters: what a registration of a class has beyond its party."""

from uuid import UUID

from sqlmodel import Field, SQLModel

from services.kit.columns import code_column


class Roster(SQLModel, table=True):
    """A class or group, and the adult to call. The children are the registration's members."""

    __tablename__ = "rosters"

    registration_id: UUID = Field(primary_key=True, foreign_key="registrations.id")
    division_code: str = Field(sa_column=code_column())
    account_id: UUID | None = None
    proxy_by: UUID | None = None
    class_name: str
    school: str | None = None
    contact_sealed: bytes
    contact_masked: str
    contact_phone_sealed: bytes
    contact_phone_masked: str
    version: int = 1
