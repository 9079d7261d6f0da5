"""Which service a path belongs to: its first segment says so, and callers see no service names."""

PREFIX = "/api/v1"
GATEWAY = "gateway"
SERVICES = ("events", "venues", "volunteers", "content")

_TABLE = {
    # `jobs` without an id is the list of the one service that has any.
    "events": """divisions editions stations posts coverage targets campaigns tasks activities
        occurrences registrations check-ins feedback contests reports calendars jobs""",
    "venues": """venues slots reservations programmes applications notices objections honours
        certificates experts draws inspections caravans""",
    "volunteers": "volunteers teams orders dispatches hours service-records",
    "content": "works reviews translations media alerts claims search feeds packs awards quizzes",
    GATEWAY: """overviews sessions accounts me grants messages partner-keys webhook-endpoints
        deliveries event-types audit live keys problems openapi.json""",
}
SEGMENTS: dict[str, str] = {
    segment: service for service, segments in _TABLE.items() for segment in segments.split()
}

# What any service may have created: `/jobs/events-0191…` belongs to events.
SHARED = frozenset({"jobs", "files"})


def service_of(path: str) -> str | None:
    """The service of a raw path (`/api/v1/venues/…`), or None: the gateway's own, or nobody's.

    >>> service_of("/api/v1/venues/0191"), service_of("/api/v1/jobs/events-0191")
    ('venues', 'events')
    """
    parts = path.split("/", 5)
    if len(parts) < 4 or parts[1] != "api" or parts[2] != "v1":
        return None
    segment = parts[3]
    if segment in SHARED and len(parts) > 4:
        service = parts[4].partition("-")[0]
        return service if service in SERVICES else None
    service = SEGMENTS.get(segment, GATEWAY)
    return None if service == GATEWAY else service
