"""Objections: their lifecycle, and what makes one written and under real name. Pure, no I/O."""

import re
from enum import StrEnum

from services.kit.access import P
from services.kit.problems import BrokenRule, Conflict, FieldError
from services.kit.workflow import Relation, Workflow

MOST_ATTACHMENTS = 10


class ObjectionState(StrEnum):
    RECEIVED = "received"
    ACCEPTED = "accepted"  # 受理
    REFUSED = "refused"  # 不予受理
    UPHELD = "upheld"  # 异议成立
    REJECTED = "rejected"  # 异议不成立
    WITHDRAWN = "withdrawn"  # 撤回


class AnonymousObjection(BrokenRule):
    """An objection has to be in writing and under real name, with a way to reach who objects."""


class ObjectionLate(Conflict):
    """The notice is over: what comes later is a complaint, and goes to the two offices."""


class NotInThisNotice(BrokenRule):
    """It does not say to which of the names it objects."""


class ObjectionStands(Conflict):
    """The caller has an open objection to the same name."""


class TooManyAttachments(Conflict):
    """An objection has MOST_ATTACHMENTS already."""


OS = ObjectionState
OPEN = frozenset({OS.RECEIVED, OS.ACCEPTED})
_DECIDE = P.APPLICATION_DECIDE

LIFECYCLE: Workflow[ObjectionState] = Workflow(
    "objection",
    # action     from          to             needs
    ("accept", OS.RECEIVED, OS.ACCEPTED, _DECIDE),
    ("refuse", OS.RECEIVED, OS.REFUSED, _DECIDE),
    ("uphold", OS.ACCEPTED, OS.UPHELD, _DECIDE),
    ("reject", OS.ACCEPTED, OS.REJECTED, _DECIDE),
    # Its own; for a letter, the office that recorded it, on the word of who wrote it.
    ("withdraw", {OS.RECEIVED, OS.ACCEPTED}, OS.WITHDRAWN, Relation.OWN),
)

_NOBODY_ANYWHERE = re.compile(r"匿名|不具名|不署名|未署名|化名|某|anonym", re.IGNORECASE)
_NOBODY = re.compile(
    r"无名氏?|佚名|隐名|保密|不详|不便透露|知情[人者]|爆料人?"
    r"|(?:热心|普通|当地|知情|部分|广大|全体)?(?:群众|市民|网友|村民|居民|职工|员工)"
    r"|热心人|路人|举报人|投诉人|异议人|有关人员|个人|本人|测试|姓名|先生|女士"
    r"|nobody|no ?name|unknown|secret|withheld|(?:a )?concerned citizen|test|མིང་མེད།?|нэргүй",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")


def is_real_name(name: str) -> bool:
    """Could it be the name of a person or a body? At least two letters, and not a word for nobody.

    >>> [is_real_name(one) for one in ("多杰才让", "ཚེ་རིང་", "匿名", "李某", "1234", "王")]
    [True, True, False, False, False, False]
    """
    return (
        len(_LETTER.findall(name)) >= 2
        and _NOBODY_ANYWHERE.search(name) is None
        and _NOBODY.fullmatch(name.strip()) is None
    )


def require_named(name: str, phone: str | None, address: str | None, basis: str) -> None:
    """Raise AnonymousObjection, naming what is missing and the rule (`basis`) that asks for it."""
    errors = []
    if not is_real_name(name):
        errors.append(FieldError("/name", "real-name"))
    if phone is None and address is None:
        errors.append(FieldError("/phone", "reachable"))
    if errors:
        raise AnonymousObjection(errors=tuple(errors), basis=basis)
