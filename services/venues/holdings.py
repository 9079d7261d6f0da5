"""What services/venues holds about a person, and how it is copied, withdrawn and erased.

A capability whose tables hold rows about people adds its holding to HOLDINGS.
"""

from services.kit.files.holding import FILES
from services.kit.holdings import Holding
from services.venues.applications.holding import APPLICATIONS
from services.venues.assessment.holding import CORRECTIONS_ASKED, EVIDENCE_SENT
from services.venues.credit.holding import APPEALS
from services.venues.experts.holding import EXPERTS, PEOPLE_NAMED
from services.venues.inspections.holding import INSPECTIONS
from services.venues.notices.holding import OBJECTIONS
from services.venues.registry.holding import VENUES
from services.venues.reservations.holding import RESERVATIONS

HOLDINGS: tuple[Holding, ...] = (
    *(EXPERTS, PEOPLE_NAMED),
    *(VENUES, RESERVATIONS, OBJECTIONS, APPEALS, APPLICATIONS),
    *(EVIDENCE_SENT, CORRECTIONS_ASKED, INSPECTIONS, FILES),
)
