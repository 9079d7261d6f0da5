"""The app: the same handler behind a general and a direct route, on any service's database."""

from typing import Annotated

from fastapi import Depends, FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from services.kit.app import KitDep, Service, build
from services.kit.db import Db, run
from services.kit.identity import CallerDep
from services.kit.problems import Conflict
from services.kit.routing import Router

TABLE = "CREATE TABLE noted (number integer UNIQUE, who uuid)"


class TooMuch(Conflict):
    """A number that does not go any further."""


class Note(BaseModel):
    """A number to note, which goes up to `most` and once; `fails` after it is noted."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, Field(ge=0)]
    most: int = 100
    words: list[str] = []


class Noted(BaseModel):
    """What was noted, by what sort of caller."""

    number: int
    kind: str
    words: Annotated[list[str], Field(alias="said")]


async def marked(response: Response) -> None:
    """As every answer of the router is."""
    response.headers["X-Marked"] = "yes"


router = Router(prefix="/notes", dependencies=[Depends(marked)])


async def note(db: Db, caller: CallerDep, kit: KitDep, given: Note, response: Response) -> Noted:
    """Note it."""
    values = {"number": given.number, "who": caller.known()}
    await run(db, text("INSERT INTO noted VALUES (:number, :who)"), values)
    if given.number > given.most:
        raise TooMuch(number=given.number)
    if given.words:
        response.status_code = 200
    response.headers["Location"] = f"/notes/{given.number}"
    return Noted(number=given.number, kind=caller.kind.value, said=given.words)


router.post("/general", status_code=201, repeats=True)(note)
router.post("/direct", status_code=201, repeats=True, direct=True)(note)
router.post("/general-open", keyed=False)(note)
router.post("/direct-open", keyed=False, direct=True)(note)


def create_app() -> FastAPI:
    return build(
        Service(
            name="events",
            package="tests.kit.twins",
            routers=(router,),
            constraints={"noted_number_key": TooMuch},
            publishes=False,
        )
    )
