"""Vocabulary and lifecycle of experts, and how one institution is told from another: pure."""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from services.kit.access import P
from services.kit.problems import Conflict, FieldError
from services.kit.workflow import Relation, Workflow


class ExpertKind(StrEnum):
    """What a pool distinguishes (上海市科技专家库)."""

    RESEARCH = "research"  # 研究开发类
    INDUSTRY = "industry"  # 产业管理类
    FINANCE = "finance"  # 财务审计类
    OTHER = "other"  # 其他类


class ExpertSubkind(StrEnum):
    BASIC = "basic"  # 基础研究
    APPLIED = "applied"  # 应用研究
    DEVELOPMENT = "development"  # 试验开发
    LAW = "law"  # 法律
    POLICY = "policy"  # 决策咨询
    INVESTMENT = "investment"  # 金融投资
    POPULARIZATION = "popularization"  # 科学普及


SUBKINDS: dict[ExpertKind, frozenset[ExpertSubkind]] = {
    ExpertKind.RESEARCH: frozenset(
        {ExpertSubkind.BASIC, ExpertSubkind.APPLIED, ExpertSubkind.DEVELOPMENT}
    ),
    ExpertKind.INDUSTRY: frozenset(),
    ExpertKind.FINANCE: frozenset(),
    ExpertKind.OTHER: frozenset(
        {
            *(ExpertSubkind.LAW, ExpertSubkind.POLICY),
            *(ExpertSubkind.INVESTMENT, ExpertSubkind.POPULARIZATION),
        }
    ),
}


class ExpertState(StrEnum):
    STANDING = "standing"  # 在库
    SUSPENDED = "suspended"  # 暂停
    LEFT = "left"  # 退出


class Link(StrEnum):
    """How an institution belongs to the one above it."""

    BRANCH = "branch"
    """分支机构: no legal person of its own, so its body and all branches of it are one."""
    SUBORDINATE = "subordinate"
    """下属单位: a legal person of its own; above and below are related, sisters are not."""


class ExpertExists(Conflict):
    """This phone stands in the pool already."""


class AccountTaken(Conflict):
    """The account belongs to another expert."""


class InstitutionExists(Conflict):
    """An institution with this code, or without a code with this name, is there already."""


class NotInThePool(Conflict):
    """The expert has left the pool, or is suspended."""


S = ExpertState

LIFECYCLE: Workflow[ExpertState] = Workflow(
    "expert",
    # action    from                       to            needs
    ("suspend", S.STANDING, S.SUSPENDED, P.EXPERT_MANAGE),
    ("resume", S.SUSPENDED, S.STANDING, P.EXPERT_MANAGE),
    ("leave", {S.STANDING, S.SUSPENDED}, S.LEFT, {P.EXPERT_MANAGE, Relation.OWN}),
    ("readmit", S.LEFT, S.STANDING, P.EXPERT_MANAGE),
)


def kind_errors(kind: ExpertKind, subkind: ExpertSubkind | None) -> list[FieldError]:
    """A sub-type stands only under its own type."""
    if subkind is None or subkind in SUBKINDS[kind]:
        return []
    return [FieldError("/subkind", "subkind-of-kind")]


_READ = "LMN"
"""Letters, their marks, and numbers (Unicode's general categories)."""
_BRACKETS = str.maketrans("（）【】〔〕［］{}", "()()()()()")


def name_key(name: str) -> str:
    """A name in one spelling: NFKC, one kind of bracket, small letters, and of all else only what
    is read: no space, dot, tsheg or shad, and nothing invisible.

    >>> name_key("青海大学（附属医院） "), name_key("青海大学(附属医院)")
    ('青海大学(附属医院)', '青海大学(附属医院)')
    >>> name_key("扎西•多杰") == name_key("扎西·多杰"), name_key("བཀྲ་ཤིས།") == name_key("བཀྲ་ཤིས")
    (True, True)
    """
    spelled = unicodedata.normalize("NFKC", name).translate(_BRACKETS).casefold()
    return "".join(
        each for each in spelled if unicodedata.category(each)[0] in _READ or each in "()"
    )


def name_keys(name: str, former: Iterable[str] = ()) -> list[str]:
    """The keys of all names that an institution has or had, today's first."""
    return list(dict.fromkeys([name_key(name), *map(name_key, former)]))
