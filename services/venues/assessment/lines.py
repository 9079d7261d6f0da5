"""The lines of an assessment as they stand now: answers, figures and settled corrections."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.venues.applications.measures import figures
from services.venues.applications.models import Application
from services.venues.assessment.models import Assessment, Correction
from services.venues.assessment.rules import (
    CorrectionState,
    Line,
    criteria,
    line,
    period_of,
)
from services.venues.programmes.definition import Definition


async def lines(db: AsyncSession, application: Application, definition: Definition) -> list[Line]:
    """Every criterion with its points, figures taken now."""
    wanted = list(criteria(definition))
    measures = {criterion.measure for _, criterion in wanted if criterion.measure}
    first, last = period_of(definition, application.year)
    known = await figures(db, application, measures, first, last) if measures else {}
    written = await db.get(Assessment, application.id)
    answers = written.answers if written else {}
    corrected = await accepted(db, application)
    return [
        line(
            section,
            criterion,
            answers.get(criterion.key, {}),
            known[criterion.measure] if criterion.measure else None,
            corrected.get(criterion.key),
        )
        for section, criterion in wanted
    ]


async def accepted(db: AsyncSession, application: Application) -> dict[str, int]:
    """Criterion → the figure that staff accepted last."""
    found = await db.exec(
        select(Correction.criterion, Correction.settled)
        .where(
            Correction.application_id == application.id,
            Correction.state == CorrectionState.ACCEPTED,
        )
        .order_by(col(Correction.settled_at), col(Correction.id))
    )
    return {criterion: settled for criterion, settled in found.all() if settled is not None}
