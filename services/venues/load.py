"""First-start data of services/venues."""

from collections.abc import Callable


async def load(say: Callable[[str], None]) -> None:
    """Venues are entered by people; nothing is needed to begin with."""
    say("场馆：无需预置数据")
