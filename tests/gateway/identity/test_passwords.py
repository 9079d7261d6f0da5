"""What a stored password costs whoever steals it."""

from argon2 import Type, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from tests.gateway.conftest import EARNEST


def test_a_password_is_stored_at_the_cost_that_the_rfc_recommends() -> None:
    stored = EARNEST.hash("a long enough password")
    assert extract_parameters(stored) == RFC_9106_LOW_MEMORY
    assert RFC_9106_LOW_MEMORY.type is Type.ID
    assert EARNEST.verify(stored, "a long enough password")
