"""What services/venues publishes."""

from services.kit.facts import Fact


class VenuePublished(Fact, type="venues.venue_published.v1"):
    """A venue can be found by the public."""

    kind: str


class VenueClosed(Fact, type="venues.venue_closed.v1"):
    """A venue no longer receives the public."""
