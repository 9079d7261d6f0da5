"""services/events: the app."""

from fastapi import FastAPI

from services.events.activities.halls import CONSUMER as HALLS
from services.events.activities.occurrence_routes import router as occurrences
from services.events.activities.outliers.consumer import CONSUMER as OUTLIERS
from services.events.activities.outliers.consumer import SCHEDULE as RENEW_NORMS
from services.events.activities.outliers.routes import router as outliers
from services.events.activities.pictures import PICTURES
from services.events.activities.pictures_routes import router as pictures
from services.events.activities.routes import CONSTRAINTS as ACTIVITY_CONSTRAINTS
from services.events.activities.routes import router as activities
from services.events.activities.together_routes import router as together
from services.events.activities.venue_names import CONSUMER as VENUE_NAMES
from services.events.calendars.routes import router as calendars
from services.events.campaigns.routes import router as campaigns
from services.events.coverage.counting import CONSUMER as COVERAGE
from services.events.coverage.counting import SCHEDULE as COUNT_COVERAGE
from services.events.coverage.routes import router as coverage
from services.events.door.device_routes import CONSTRAINTS as DEVICE_CONSTRAINTS
from services.events.door.device_routes import router as devices
from services.events.door.page_routes import router as scanner_page
from services.events.door.routes import router as check_ins
from services.events.door.self_check_in import FORGET_TRIES_SCHEDULE
from services.events.draws.drawing import SCHEDULE as FREEZE_DRAWS
from services.events.draws.routes import CONSTRAINTS as DRAW_CONSTRAINTS
from services.events.draws.routes import router as draws
from services.events.feedback.mixing import SCHEDULES as FEEDBACK_SCHEDULES
from services.events.feedback.routes import CONSTRAINTS as FEEDBACK_CONSTRAINTS
from services.events.feedback.routes import router as feedback
from services.events.follows import FOLLOWS
from services.events.holdings import HOLDINGS
from services.events.imports.wiring import JOBS as IMPORT_JOBS
from services.events.imports.wiring import ROUTERS as IMPORT_ROUTERS
from services.events.network.routes import router as network
from services.events.recoding.routes import CONSTRAINTS as CHANGE_CONSTRAINTS
from services.events.recoding.routes import router as changes
from services.events.recoding.work import JOBS as CHANGE_JOBS
from services.events.registrations.door_routes import router as door
from services.events.registrations.routes import CONSTRAINTS as REGISTRATION_CONSTRAINTS
from services.events.registrations.routes import router as registrations
from services.events.registrations.waiting import SCHEDULE as LAPSE_OFFERS
from services.events.reporting.consumer import CONSUMER as REPORTING
from services.events.reporting.routes import router as reporting
from services.events.rosters.routes import router as rosters
from services.events.stations.post_routes import router as posts
from services.events.stations.routes import CONSTRAINTS as STATION_CONSTRAINTS
from services.events.stations.routes import router as stations
from services.events.targets.routes import CONSTRAINTS as TARGET_CONSTRAINTS
from services.events.targets.routes import router as targets
from services.kit.access import P
from services.kit.app import Service, build
from services.kit.files.routes import router as files
from services.kit.files.tidying import files_for
from services.kit.imports.routes import CONSTRAINTS as IMPORT_CONSTRAINTS
from services.kit.imports.tidying import tidy as tidy_imports
from services.kit.jobs.routes import router as jobs
from services.kit.jobs.start import CONSTRAINTS as JOB_CONSTRAINTS

SERVICE = Service(
    name="events",
    package="services.events",
    routers=(
        *IMPORT_ROUTERS,
        # Before the register, whose codes would else be taken to include "changes".
        *(changes, network, stations, posts, coverage, targets),
        *(campaigns, activities, occurrences),
        *(registrations, door, reporting, jobs),
        *(calendars, outliers, together),
        *(pictures, files),
        *(devices, check_ins, scanner_page),
        *(feedback, rosters, draws),
    ),
    schedules=(
        *(LAPSE_OFFERS, COUNT_COVERAGE, RENEW_NORMS, FORGET_TRIES_SCHEDULE),
        *(*FEEDBACK_SCHEDULES, FREEZE_DRAWS),
    ),
    consumers=(REPORTING, COVERAGE, OUTLIERS, HALLS, VENUE_NAMES),
    constraints={
        **ACTIVITY_CONSTRAINTS,
        **REGISTRATION_CONSTRAINTS,
        **STATION_CONSTRAINTS,
        **TARGET_CONSTRAINTS,
        **JOB_CONSTRAINTS,
        **CHANGE_CONSTRAINTS,
        **IMPORT_CONSTRAINTS,
        **DEVICE_CONSTRAINTS,
        **FEEDBACK_CONSTRAINTS,
        **DRAW_CONSTRAINTS,
    },
    jobs=(*IMPORT_JOBS, *CHANGE_JOBS),
    follows=FOLLOWS,
    holdings=HOLDINGS,
    on_start=(files_for(PICTURES), tidy_imports),
    walls=(P.REGISTRATION_READ, P.POST_READ),
)


def create_app() -> FastAPI:
    """The service as an ASGI app."""
    return build(SERVICE)
