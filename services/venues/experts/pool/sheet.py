"""The pool as a spreadsheet: experts with whom they work for; institutions come in by the way."""

import re
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from services.kit.access import P
from services.kit.db import run
from services.kit.imports.bulk import ids_in_order
from services.kit.imports.rules import Desk, Importer, ImportInUse, Written
from services.kit.problems import FieldError
from services.kit.sheets.declare import Choice, Column, Kind, Sheet, said
from services.kit.sheets.reading import Record
from services.venues.experts.models import Expert
from services.venues.experts.pool.actions import carry_ties, sealed
from services.venues.experts.pool.arriving import Arrivals
from services.venues.experts.pool.rules import (
    ExpertKind,
    ExpertState,
    ExpertSubkind,
    Link,
    kind_errors,
)
from services.venues.registry.columns import DIVISION
from services.venues.registry.hosts import uscc_fault

KINDS = {
    ExpertKind.RESEARCH: said("研究开发类", "research"),
    ExpertKind.INDUSTRY: said("产业管理类", "industry"),
    ExpertKind.FINANCE: said("财务审计类", "finance"),
    ExpertKind.OTHER: said("其他类", "other"),
}
SUBKINDS = {
    ExpertSubkind.BASIC: said("基础研究", "basic research"),
    ExpertSubkind.APPLIED: said("应用研究", "applied research"),
    ExpertSubkind.DEVELOPMENT: said("试验开发", "development"),
    ExpertSubkind.LAW: said("法律", "law"),
    ExpertSubkind.POLICY: said("决策咨询", "policy"),
    ExpertSubkind.INVESTMENT: said("金融投资", "investment"),
    ExpertSubkind.POPULARIZATION: said("科学普及", "popularization"),
}
LINKS = {
    Link.BRANCH: said("分支机构", "branch"),
    Link.SUBORDINATE: said("下属单位", "subordinate"),
}
SHANGHAI = ZoneInfo("Asia/Shanghai")
_FIELD = re.compile(r"[a-z][a-z0-9_]{1,39}")
_BETWEEN = re.compile(r"[、，,;；\s]+")


def choices_of(words: dict[Any, Any]) -> tuple[Choice, ...]:
    """A table of words as the choices of a column."""
    return tuple(Choice(str(value), named) for value, named in words.items())


SHEET = Sheet(
    "experts",
    said("专家库", "Experts"),
    columns=(
        DIVISION,
        Column("name", said("姓名", "Name"), required=True, most=80, personal=True),
        Column("phone", said("手机号", "Phone"), Kind.PHONE, required=True, personal=True),
        Column(
            "kind", said("大类", "Kind"), Kind.CHOICE, required=True, choices=choices_of(KINDS),
            example="研究开发类",
        ),
        Column("subkind", said("小类", "Sub-type"), Kind.CHOICE, choices=choices_of(SUBKINDS)),
        Column(
            "fields",
            said("领域代码", "Fields"),
            required=True,
            example="physics、education",
            note=said("项目规则中的领域代码，用顿号分隔", "keys as programmes name them"),
        ),
        Column("tags", said("身份标签", "Tags"), example="院士、劳模"),
        Column("languages", said("工作语言", "Languages"), example="汉语、藏语"),
        Column("title", said("职称职务", "Title"), most=40),
        Column("employer", said("工作单位", "Employer"), required=True, least=2, most=120),
        Column("employer_uscc", said("单位统一社会信用代码", "Employer's code"), Kind.CODE),
        Column("employer_above", said("上级单位", "Belongs to"), least=2, most=120),
        Column("link", said("隶属方式", "How it belongs"), Kind.CHOICE, choices=choices_of(LINKS)),
        Column("most_reviews_a_year", said("年评审上限", "Reviews a year"), Kind.WHOLE,
               low=1, high=100),
        Column("rest_days", said("间隔天数", "Days of rest"), Kind.WHOLE, low=0, high=730),
        Column("payee", said("收款账号", "Account for fees"), Kind.CODE, least=8, most=30,
               personal=True),
        Column("entered_on", said("入库日期", "Entered on"), Kind.DAY, example="2026-01-05"),
        Column("entry_reason", said("入库理由", "Why"), required=True, least=2, most=500,
               example="单位推荐，审核入库"),
        Column("agreed_year", said("协议年度", "Agreed for"), Kind.WHOLE, low=2000, high=2999),
    ),
    unique=("phone",),
)  # fmt: skip

_THERE = text(
    "SELECT phone_index FROM experts WHERE phone_index = ANY (:indexes) AND state <> 'left'"
)
_AGREED = text(
    """INSERT INTO expert_agreements (expert_id, year, agreed_at, recorded_by)
    VALUES (:expert_id, :year, :agreed_at, :recorded_by)"""
)


def words_of(given: str | None) -> list[str]:
    """The parts of a cell that holds several."""
    return [part for part in dict.fromkeys(_BETWEEN.split(given or "")) if part]


def _index(desk: Desk, phone: str) -> bytes:
    return desk.vault.index(phone, "experts.phone")


async def check(desk: Desk, records: list[Record]) -> None:
    """Within reach, of a known kind, and nobody who stands in the pool already."""
    phones = {
        record.row: _index(desk, phone) for record in records if (phone := record.values["phone"])
    }
    given = {"indexes": list(phones.values())}
    there = set((await run(desk.db, _THERE, given)).scalars().all())
    day = desk.now.astimezone(SHANGHAI).date()
    for record in records:
        if phones.get(record.row) in there:
            desk.blame(record, "phone", "row-exists")
        _check_row(desk, record, day)


def _check_row(desk: Desk, record: Record, day: date) -> None:
    values = record.values
    code = values.get("division_code")
    if code and not desk.caller.may(P.EXPERT_MANAGE, at=code):
        desk.blame(record, "division_code", "row-out-of-reach", code=code)
    kind, subkind = values.get("kind"), values.get("subkind")
    if kind:
        for error in kind_errors(ExpertKind(kind), ExpertSubkind(subkind) if subkind else None):
            desk.blame(record, error.pointer[1:], error.rule)
    if any(not _FIELD.fullmatch(each) for each in words_of(values.get("fields"))):
        desk.blame(record, "fields", "field-key")
    uscc = values.get("employer_uscc")
    if uscc:
        values["employer_uscc"] = uscc = uscc.upper()
        if (fault := uscc_fault(uscc)) is not None:
            desk.blame(record, "employer_uscc", fault)
    if bool(values.get("employer_above")) != bool(values.get("link")):
        desk.blame(record, "link", "link-and-parent")
    if (entered := values.get("entered_on")) and entered > day:
        desk.blame(record, "entered_on", "not-in-the-future", day=day.isoformat())
    payee = values.get("payee")
    if payee and not re.fullmatch(r"[0-9]{8,30}", payee):
        desk.blame(record, "payee", "digits-only")


async def write(desk: Desk, records: list[Record]) -> list[Written]:
    """Let them in, with what they work for and what they agreed to."""
    arrivals = Arrivals(desk)
    rows, agreed = [], []
    for record, id_ in zip(records, ids_in_order(len(records)), strict=True):
        employer = await arrivals.employer(record.values)
        rows.append(_row(desk, record.values, id_, employer))
        if year := record.values.get("agreed_year"):
            agreed.append(
                {
                    "expert_id": id_,
                    "year": year,
                    "agreed_at": desk.now,
                    "recorded_by": desk.caller.known(),
                }
            )
    await run(desk.db, Expert.__table__.insert(), rows)  # type: ignore[attr-defined]
    if agreed:
        await run(desk.db, _AGREED, agreed)
    await carry_ties(desk.db, desk.caller, [row["id"] for row in rows], desk.now)
    return [Written(record.row, row["id"]) for record, row in zip(records, rows, strict=True)]


def _row(desk: Desk, values: dict[str, Any], id_: UUID, employer: UUID) -> dict[str, Any]:
    day = desk.now.astimezone(SHANGHAI).date()
    personal = {name: values.get(name) for name in ("name", "phone", "payee")}
    return {
        "id": id_,
        "division_code": values["division_code"],
        "recorded_code": values["division_code"],
        **sealed(personal, desk.vault),
        "kind": ExpertKind(values["kind"]),
        "subkind": ExpertSubkind(values["subkind"]) if values.get("subkind") else None,
        **{name: words_of(values.get(name)) for name in ("fields", "tags", "languages")},
        "title": values.get("title"),
        "employer_id": employer,
        "most_reviews_a_year": values.get("most_reviews_a_year"),
        "rest_days": values.get("rest_days") or 0,
        "state": ExpertState.STANDING,
        "entered_on": values.get("entered_on") or day,
        "entry_reason": values["entry_reason"],
        "version": 1,
        "created_by": desk.caller.known(),
    }


_OURS = text(
    """SELECT i."row", e.id, e.version, e.division_code,
        EXISTS (SELECT FROM panel_seats s WHERE s.expert_id = e.id)
            OR EXISTS (SELECT FROM expert_ties t WHERE t.expert_id = e.id) AS used
    FROM import_rows i LEFT JOIN experts e ON e.id = i.id
    WHERE i.import_id = :id ORDER BY i."row" FOR UPDATE OF i"""
)
_LOCK = text(
    "SELECT id FROM experts WHERE id IN (SELECT id FROM import_rows WHERE import_id = :id)"
    " ORDER BY id FOR UPDATE"
)
_FORGET = tuple(
    text(f"DELETE FROM {table} WHERE {key} IN (SELECT id FROM import_rows WHERE import_id = :id)")
    for table, key in (("expert_agreements", "expert_id"), ("experts", "id"))
)
_SHOWN = 20


async def take_back(desk: Desk) -> None:
    """Take them out again, unless one was changed, drawn, or has ties; institutions stay."""
    values = {"id": desk.import_id}
    await run(desk.db, _LOCK, values)
    rows = (await run(desk.db, _OURS, values)).all()
    for code in {row.division_code for row in rows if row.id}:
        desk.caller.require(P.EXPERT_MANAGE, at=code)
    bad = [(row.row, why) for row in rows if (why := _why_not(row)) is not None]
    if bad:
        raise ImportInUse(
            count=len(bad),
            errors=tuple(
                FieldError(f"/rows/{row}", why, (("row", row),)) for row, why in bad[:_SHOWN]
            ),
        )
    for statement in _FORGET:
        await run(desk.db, statement, values)


def _why_not(row: Any) -> str | None:
    if row.id is None:
        return "row-gone"
    if row.used:
        return "expert-row-used"
    return None if row.version == 1 else "row-changed"


IMPORTER = Importer(SHEET, "/experts", P.EXPERT_MANAGE, check, write, take_back)
