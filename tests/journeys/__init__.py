"""Stories across services, told through the gateway of a whole suite on the real register."""

import pytest

# A step that fails says what it saw, in whichever module it is told.
pytest.register_assert_rewrite(
    *(f"tests.journeys.{name}" for name in ("applying", "certifying", "judging", "panel"))
)
