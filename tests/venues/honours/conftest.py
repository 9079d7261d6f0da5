"""A programme whose honours the tests of this folder grant."""

from uuid import UUID

import pytest

from tests.support.apps import Running
from tests.support.certification import programme


@pytest.fixture
async def version(venues: Running) -> UUID:
    """A programme of two years whose numbers are 青科普〔2026〕001号."""
    return await programme(
        venues,
        number="青科普〔{year}〕{serial}号",
        validity_months=24,
        co_issuers=["青海省科学技术协会"],
        honour={"zh-CN": "青海省科研科普基地", "en": "Provincial Base", "bo": "ཚན་རིག་རྟེན་གཞི།"},
    )
