"""Every recipe, in an order in which each finds what it needs; the last ones end things."""

from tests.contract.door_recipes import DOOR
from tests.contract.last_recipes import LAST
from tests.contract.later_recipes import LATER
from tests.contract.office_recipes import OFFICE
from tests.contract.recipes import STORIES
from tests.contract.venue_recipes_applications import APPLICATIONS
from tests.contract.venue_recipes_assessment import ASSESSMENT
from tests.contract.venue_recipes_experts import EXPERTS
from tests.contract.venue_recipes_honours import HONOURS
from tests.contract.venue_recipes_inspections import INSPECTIONS
from tests.contract.venue_recipes_notices import NOTICES
from tests.contract.venue_recipes_registry import REGISTRY
from tests.contract.venue_recipes_reservations import RESERVATIONS

EVERYTHING = (
    *(*STORIES, *OFFICE, *DOOR, *EXPERTS, *HONOURS),
    *(*REGISTRY, *RESERVATIONS, *NOTICES, *APPLICATIONS, *ASSESSMENT, *INSPECTIONS, *LATER, *LAST),
)
