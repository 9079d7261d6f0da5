"""Tables of feedback: spent rights, and apart from them answers, their sums and comments."""

from datetime import date
from uuid import UUID, uuid4

from sqlmodel import Field, SQLModel

from services.kit.columns import code_column


class FeedbackRight(SQLModel, table=True):
    """A right that is spent: one a registration, one an account and activity."""

    __tablename__ = "feedback_rights"

    registration_id: UUID = Field(primary_key=True, foreign_key="registrations.id")
    activity_id: UUID = Field(foreign_key="activities.id")
    account_id: UUID | None = None


class BoxedAnswer(SQLModel, table=True):
    """A sealed answer that waits to be one of a group. Its id is random: a UUIDv7 holds a time."""

    __tablename__ = "feedback_box"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    activity_id: UUID = Field(foreign_key="activities.id")
    given_on: date | None = None
    """Until the night after; what waits longer has no day."""
    sealed: bytes


class FeedbackResult(SQLModel, table=True):
    """The sum of the groups released about one activity: at least five people, by CHECK."""

    __tablename__ = "feedback_results"

    activity_id: UUID = Field(primary_key=True, foreign_key="activities.id")
    answers: int
    satisfied: int
    released_on: date
    """Of the last group."""
    version: int = 1


class FeedbackComment(SQLModel, table=True):
    """What somebody of a released group wrote, without who, when and how they rated."""

    __tablename__ = "feedback_comments"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    activity_id: UUID = Field(foreign_key="activities.id")
    division_code: str = Field(sa_column=code_column())
    """The lead host's division on today's map: whose staff may open it."""
    sealed: bytes
