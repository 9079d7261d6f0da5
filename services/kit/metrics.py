"""What is measured in every process (Prometheus names)."""

from functools import lru_cache

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Histogram(
    "kepu_request_seconds",
    "Time to the last byte of an answer",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


@lru_cache(maxsize=4096)
def requests_of(method: str, route: str, status: int) -> Histogram:
    """The series of one kind of answer; looking it up by its labels costs more than counting."""
    return REQUESTS.labels(method, route, status)


IN_FLIGHT = Gauge("kepu_requests_in_flight", "Requests being served")
FACTS_TAKEN = Counter("kepu_facts_taken_total", "Facts that took effect", ["consumer"])
FACTS_DEAD = Counter("kepu_facts_dead_total", "Facts that became dead letters", ["consumer"])
FACTS_UNSENT = Gauge("kepu_facts_unsent", "Facts in the outbox that wait for the relay")
