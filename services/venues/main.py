"""services/venues: the app."""

from fastapi import FastAPI

from services.kit.access import P
from services.kit.app import Service, build
from services.kit.files.routes import router as files
from services.kit.files.tidying import files_for
from services.kit.imports.routes import CONSTRAINTS as IMPORT_CONSTRAINTS
from services.kit.imports.tidying import tidy as tidy_imports
from services.kit.jobs.routes import router as jobs
from services.kit.jobs.start import CONSTRAINTS as JOB_CONSTRAINTS
from services.kit.recoding import following
from services.kit.workdays import require_calendar
from services.venues.applications.clocks import SETTLE_CLOCKS
from services.venues.applications.routes import CONSTRAINTS as APPLICATION_CONSTRAINTS
from services.venues.applications.routes import router as applications
from services.venues.assessment.consumer import CONSUMER as HELD_ACTIVITIES
from services.venues.assessment.evidence import EVIDENCE
from services.venues.assessment.routes import CONSTRAINTS as ASSESSMENT_CONSTRAINTS
from services.venues.assessment.routes import router as assessment
from services.venues.closing.calling_off import SCHEDULE as CALL_OFF_VISITS
from services.venues.closing.routes import router as closing
from services.venues.credit.asking import start as ask_for_credit
from services.venues.credit.routes import CONSTRAINTS as CREDIT_CONSTRAINTS
from services.venues.credit.routes import lines as red_lines
from services.venues.credit.routes import router as credit
from services.venues.experts import wiring as experts
from services.venues.follows import FOLLOWS
from services.venues.holdings import HOLDINGS
from services.venues.honours.certificate_routes import router as certificates
from services.venues.honours.page_routes import router as verification
from services.venues.honours.routes import CONSTRAINTS as HONOUR_CONSTRAINTS
from services.venues.honours.routes import router as honours
from services.venues.honours.steps import EXPIRE as EXPIRE_HONOURS
from services.venues.imports import JOBS as IMPORT_JOBS
from services.venues.imports import ROUTERS as IMPORT_ROUTERS
from services.venues.inspections.evidence import INSPECTION_FILES
from services.venues.inspections.rectification_routes import router as rectifications
from services.venues.inspections.routes import CONSTRAINTS as INSPECTION_CONSTRAINTS
from services.venues.inspections.routes import router as inspections
from services.venues.inspections.sample_routes import router as samples
from services.venues.inspections.scheduling import SCHEDULE as DUE_INSPECTIONS
from services.venues.notices.attachments import ATTACHMENTS
from services.venues.notices.clock import SCHEDULE as FINISH_NOTICES
from services.venues.notices.objection_routes import router as objections
from services.venues.notices.page_routes import router as notice_pages
from services.venues.notices.routes import CONSTRAINTS as NOTICE_CONSTRAINTS
from services.venues.notices.routes import router as notices
from services.venues.opening.routes import router as opening
from services.venues.programmes.routes import CONSTRAINTS as PROGRAMME_CONSTRAINTS
from services.venues.programmes.routes import router as programmes
from services.venues.registry.deleting_routes import router as deletions
from services.venues.registry.open_data import router as open_data
from services.venues.registry.people_routes import router as people
from services.venues.registry.routes import CONSTRAINTS as REGISTRY_CONSTRAINTS
from services.venues.registry.routes import router as registry
from services.venues.reservations.desk_routes import CONSTRAINTS as HALL_CONSTRAINTS
from services.venues.reservations.desk_routes import penalties
from services.venues.reservations.desk_routes import router as halls
from services.venues.reservations.hall_inbox import CONSUMER as HALLS
from services.venues.reservations.no_shows import SCHEDULES as NO_SHOWS
from services.venues.reservations.routes import CONSTRAINTS as RESERVATION_CONSTRAINTS
from services.venues.reservations.routes import router as reservations
from services.venues.reservations.slot_routes import router as slots
from services.venues.reservations.waiting import SCHEDULE as LAPSE_VISIT_OFFERS

SERVICE = Service(
    name="venues",
    package="services.venues",
    routers=(
        # Before the register, whose ids would else be taken to include these words.
        *(*IMPORT_ROUTERS, open_data, deletions, jobs),
        # The list of red lines before applications, whose ids would else be taken to include it.
        *(red_lines, credit, notice_pages, notices, objections),
        *(registry, people, closing),
        *(programmes, applications),
        *(assessment, files),
        # Before inspections, whose ids would else be taken to include them.
        *(rectifications, samples, inspections),
        *experts.ROUTERS,
        # Penalties before reservations, whose ids would else be taken to include them.
        *(opening, slots, penalties, reservations, halls),
        # The page first: a certificate's number may be anything that stands after the segment.
        *(honours, verification, certificates),
    ),
    schedules=(
        *experts.SCHEDULES,
        *(LAPSE_VISIT_OFFERS, *NO_SHOWS, CALL_OFF_VISITS),
        SETTLE_CLOCKS,
        FINISH_NOTICES,
        EXPIRE_HONOURS,
        DUE_INSPECTIONS,
    ),
    consumers=(following(FOLLOWS), HALLS, HELD_ACTIVITIES),
    constraints={
        **JOB_CONSTRAINTS,
        **IMPORT_CONSTRAINTS,
        **REGISTRY_CONSTRAINTS,
        **RESERVATION_CONSTRAINTS,
        **HALL_CONSTRAINTS,
        **ASSESSMENT_CONSTRAINTS,
        **INSPECTION_CONSTRAINTS,
        **experts.CONSTRAINTS,
        **PROGRAMME_CONSTRAINTS,
        **APPLICATION_CONSTRAINTS,
        **NOTICE_CONSTRAINTS,
        **CREDIT_CONSTRAINTS,
        **HONOUR_CONSTRAINTS,
    },
    jobs=(*IMPORT_JOBS,),
    follows=FOLLOWS,
    holdings=HOLDINGS,
    # One call for all purposes: the kit keeps one set of files.
    on_start=(
        tidy_imports,
        ask_for_credit,
        files_for(ATTACHMENTS, EVIDENCE, INSPECTION_FILES),
    ),
    walls=(P.VENUE_EDIT, P.RESERVATION_READ, P.APPLICATION_READ, P.EXPERT_MANAGE),
)


def create_app() -> FastAPI:
    """The service as an ASGI app."""
    require_calendar()
    return build(SERVICE)
