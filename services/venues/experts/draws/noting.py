"""The public log of a draw, which only grows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.venues.experts.draws.models import PanelDraw, PanelStep


async def note(
    db: AsyncSession, row: PanelDraw, event: str, now: datetime, detail: Mapping[str, Any]
) -> None:
    """A line in the log of a draw, whose row is held."""
    row.version += 1
    db.add(PanelStep(draw_id=row.id, number=row.version, at=now, event=event, detail=dict(detail)))
    await db.flush()
