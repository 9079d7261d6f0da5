"""Grants: who is what, where and from which day to which; delegated downwards only."""

from gateway.grants.rules import GrantExists
from gateway.identity.rules import UsernameTaken
from services.kit.problems import Problem

CONSTRAINTS: dict[str, type[Problem]] = {
    "grants_once": GrantExists,
    "accounts_username_key": UsernameTaken,
}
