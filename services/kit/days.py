"""Days and moments as they are given to us: with a day before and after them, in every zone."""

from datetime import date
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError

FIRST_YEAR, LAST_YEAR = 1900, 2999
D = TypeVar("D", bound=date)


def _countable(day: D) -> D:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise PydanticCustomError(
            "day_out_of_range",
            "a day of the years {first} to {last}",
            {"first": FIRST_YEAR, "last": LAST_YEAR},
        )
    return day


Day = Annotated[date, AfterValidator(_countable)]
Moment = Annotated[AwareDatetime, AfterValidator(_countable)]
