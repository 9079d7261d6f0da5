"""What services/venues wires of experts: routers, schedules, constraints."""

from fastapi import APIRouter

from services.kit.problems import Problem
from services.kit.schedules import Schedule
from services.venues.experts.conflicts.routes import people_router
from services.venues.experts.conflicts.routes import router as ties
from services.venues.experts.draws.identities import SCHEDULE as DISCLOSE
from services.venues.experts.draws.routes import CONSTRAINTS as DRAW_CONSTRAINTS
from services.venues.experts.draws.routes import router as draws
from services.venues.experts.invitations.actions import LAPSE
from services.venues.experts.invitations.page_routes import router as page
from services.venues.experts.invitations.routes import router as invitations
from services.venues.experts.pool import listing
from services.venues.experts.pool.routes import CONSTRAINTS as POOL_CONSTRAINTS
from services.venues.experts.pool.routes import institution_router
from services.venues.experts.pool.routes import router as pool
from services.venues.experts.scores.routes import router as scores
from services.venues.experts.scores.routes import sheet_router

ROUTERS: tuple[APIRouter, ...] = (
    # The pool last: what stands beside it would else be taken for an expert's id.
    *(listing.masked_router, listing.router),
    *(institution_router, sheet_router, invitations, page, ties, pool),
    *(draws, scores, people_router),
)
SCHEDULES: tuple[Schedule, ...] = (LAPSE, DISCLOSE)
CONSTRAINTS: dict[str, type[Problem]] = {**POOL_CONSTRAINTS, **DRAW_CONSTRAINTS}
