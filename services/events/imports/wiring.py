"""The spreadsheets of services/events, wired once: routes, jobs, tidying."""

from services.events.activities import sheet as activities
from services.events.registrations import attendance_sheet as attendance
from services.events.rosters import sheet as rosters
from services.events.stations import post_sheet as posts
from services.events.stations import sheet as stations
from services.kit.imports.exports import export_router
from services.kit.imports.routes import import_router
from services.kit.imports.work import import_job

SHEETS = (stations, posts, activities, attendance, rosters)

_PAIRS = tuple((sheet.IMPORTER, import_job(sheet.IMPORTER)) for sheet in SHEETS)

ROUTERS = (
    *(import_router(importer, job) for importer, job in _PAIRS),
    *(export_router(sheet.EXPORTER) for sheet in SHEETS),
)
"""Before the routers that take an id at the same place: /stations/imports is no station."""

JOBS = tuple(job for _, job in _PAIRS)
