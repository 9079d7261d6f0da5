"""The spreadsheets of services/venues, wired once: routes, jobs, tidying.

Each sheet stands with its rows. It declares its columns once, checks rows against the database,
writes them and takes them back.
"""

from services.kit.imports.routes import import_router
from services.kit.imports.work import import_job
from services.venues.credit import sheet as red_lines
from services.venues.experts.pool import sheet as experts
from services.venues.registry import sheet as venues

SHEETS = (venues, red_lines, experts)

_PAIRS = tuple((sheet.IMPORTER, import_job(sheet.IMPORTER)) for sheet in SHEETS)

ROUTERS = tuple(import_router(importer, job) for importer, job in _PAIRS)
"""Before the routers that take an id at the same place: /venues/imports is no venue."""

JOBS = tuple(job for _, job in _PAIRS)
