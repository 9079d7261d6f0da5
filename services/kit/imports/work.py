"""The job of an import: check the file row by row, then write all of it in one transaction."""

import asyncio
import io
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from pydantic import BaseModel
from sqlalchemy import RowMapping, update
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.imports import files, log
from services.kit.imports.bulk import copy_in
from services.kit.imports.rules import (
    MOST_FAULTS,
    SAMPLE,
    Desk,
    Importer,
    ImportMode,
    ImportState,
    Written,
)
from services.kit.imports.tables import import_faults, imports
from services.kit.jobs.rules import Job
from services.kit.jobs.work import Task
from services.kit.logs import log as log_
from services.kit.sheets.cells import blank, shown
from services.kit.sheets.package import Unreadable
from services.kit.sheets.reading import Record, Table, open_table
from services.kit.vault import mask_name

_SHOWN = 100


class ImportGiven(BaseModel):
    """What the job is given: the import, where everything else stands."""

    import_id: UUID


class _Otherwise(Exception):
    """What was good when it was checked is not any more: it is checked again."""


def import_job(importer: Importer) -> Job:
    """The job of an importer, for `Service(jobs=…)`."""

    async def work(task: Task) -> dict[str, Any]:
        return await _carry(importer, task)

    async def stop(task: Task) -> dict[str, Any]:
        return await _stopped(task)

    return Job(importer.job_name, ImportGiven, work, reach=importer.permission, undo=stop)


async def _carry(importer: Importer, task: Task) -> dict[str, Any]:
    row = await _row(task)
    while row["state"] in (ImportState.CHECKING, ImportState.WRITING):
        file = await files.opened(task.kit, row["id"], row["object"])
        if row["state"] == ImportState.CHECKING:
            await _Checking(importer, task, row).check(file)
        else:
            await _write(importer, task, row, file)
        if task.result is not None:
            return task.result
        row = await _row(task)
    return _result(row)


def _result(row: RowMapping) -> dict[str, Any]:
    counts = {name: row[name] for name in ("state", "rows", "good", "written", "faults")}
    return {"import": str(row["id"]), **counts}


async def _end(db: AsyncSession, task: Task, row: RowMapping, action: str, **values: Any) -> None:
    """The import comes to rest, and the job with it: what is seen at rest may be acted on."""
    await log.move(db, row, action, **values)
    task.result = _result(await log.locked(db, row["id"]))


async def _row(task: Task) -> RowMapping:
    async with task.batch() as db:
        return await log.locked(db, task.given.import_id)


async def _stopped(task: Task) -> dict[str, Any]:
    """After a cancel or a failure: nothing was written, whatever point it had reached."""
    async with task.batch() as db:
        row = await log.locked(db, task.given.import_id)
        if row["state"] == ImportState.CHECKING:
            await log.move(db, row, "stop_checking")
        elif row["state"] == ImportState.WRITING:
            await log.move(db, row, "stop_writing")
    return {"import": str(row["id"])}


def _desk(
    db: AsyncSession, task: Task, row: RowMapping, table: Table, memory: dict[Any, Any]
) -> Desk:
    now = datetime.now(UTC)
    return Desk(db, task.caller, task.kit.vault, now, row["id"], row["about"], table, memory)


async def _batches(table: Table, size: int) -> AsyncGenerator[list[Record], None]:
    """The file's rows, read in a thread, one batch ahead: while the database works on a batch the
    next one is read, and requests are answered meanwhile."""
    batches = table.batches(size)

    def ahead() -> asyncio.Task[list[Record] | None]:
        return asyncio.create_task(asyncio.to_thread(next, batches, None))

    coming = ahead()
    try:
        while batch := await asyncio.shield(coming):
            coming = ahead()
            yield batch
    finally:
        # A thread is not cancelled: nobody else may have the file before it stops.
        await asyncio.wait([coming])
        if not coming.cancelled():
            coming.exception()


class _Checking:
    """One look through the file. A resumed job looks from the top again: it only reads."""

    def __init__(self, importer: Importer, task: Task, row: RowMapping) -> None:
        self._importer, self._task, self._row = importer, task, row
        self._rows = self._good = self._faults = 0
        self._sample: list[dict[str, Any]] = []

    async def check(self, file: io.BytesIO) -> None:
        """To its end: CHECKED, WRITING or REFUSED."""
        task = self._task
        async with task.batch() as db:
            task.phase, task.done, task.total = "checking", 0, None
            await log.forget_faults(db, self._row["id"])
        try:
            table = await asyncio.to_thread(open_table, file, self._importer.sheet)
            memory: dict[Any, Any] = {}
            async with aclosing(_batches(table, self._importer.batch)) as batches:
                async for batch in batches:
                    await self._look(table, batch, memory)
            if not self._rows:
                raise Unreadable("sheet-no-rows")
        except Unreadable as wrong:
            await self._refuse(wrong)
        else:
            await self._settle(table)

    async def _look(self, table: Table, batch: list[Record], memory: dict[Any, Any]) -> None:
        task = self._task
        if self._rows + len(batch) > self._importer.most_rows:
            raise Unreadable("sheet-too-many-rows", most=self._importer.most_rows)
        async with task.batch() as db:
            await self._importer.check(_desk(db, task, self._row, table, memory), batch)
            await self._note(db, table, batch)
            task.done = self._rows
            task.total = max(table.size, task.done)

    async def _note(self, db: AsyncSession, table: Table, batch: list[Record]) -> None:
        kept = []
        for record in batch:
            self._rows += 1
            if not record.faults:
                self._good += 1
                if len(self._sample) < SAMPLE:
                    self._sample.append(_sampled(table, record))
            for one in sorted(record.faults, key=lambda one: one.column):
                if self._faults < MOST_FAULTS:
                    stored = one.stored() | {"import_id": self._row["id"], "number": self._faults}
                    kept.append(stored)
                self._faults += 1
        if kept:
            await run(db, import_faults.insert(), kept)

    def _counts(self) -> dict[str, Any]:
        return {
            "rows": self._rows,
            "good": self._good,
            "faults": self._faults,
            "sample": self._sample,
            "checked_at": datetime.now(UTC),
        }

    async def _refuse(self, wrong: Unreadable) -> None:
        problem = {"rule": wrong.rule, "values": wrong.values_}
        async with self._task.batch() as db:
            row = await log.locked(db, self._row["id"])
            await log.forget_faults(db, row["id"])
            now = datetime.now(UTC)
            await _end(db, self._task, row, "refuse", problem=problem, checked_at=now)

    async def _settle(self, table: Table) -> None:
        mode = self._row["mode"]
        whole = mode == ImportMode.ALL and not self._faults
        goes_on = self._good > 0 and (whole or mode == ImportMode.VALID)
        counts = {**self._counts(), "ignored": table.ignored[:50], "left_out": table.left_out[:50]}
        async with self._task.batch() as db:
            row = await log.locked(db, self._row["id"])
            if goes_on:
                await log.move(db, row, "write", **counts)
            else:
                await _end(db, self._task, row, "settle", **counts)


def _sampled(table: Table, record: Record) -> dict[str, Any]:
    cells = {}
    for place in table.places:
        cell = record.line.get(place.at)
        if not blank(cell):
            text = shown(cell)[:_SHOWN]
            cells[place.column.key] = mask_name(text) if place.column.personal else text
    return {"row": record.row, "cells": cells}


async def _write(importer: Importer, task: Task, row: RowMapping, file: io.BytesIO) -> None:
    async with task.batch():
        task.phase, task.done, task.total = "writing", 0, row["good"]
    table = await asyncio.to_thread(open_table, file, importer.sheet)
    try:
        async with task.batch() as db:
            written = await _write_all(importer, task, row, table, db)
            there = await log.locked(db, row["id"])
            # A row may have become good since it was looked at.
            good, now = max(there["good"], written), datetime.now(UTC)
            await _end(db, task, there, "finish", written=written, good=good, done_at=now)
            task.done = written
    except (_Otherwise, IntegrityError, asyncpg.IntegrityConstraintViolationError) as error:
        # Somebody wrote the like meanwhile: the next look says which row it is. Once only, so
        # that what no look can explain comes to light.
        if task.cursor.get("looked_again"):
            raise
        log_.info("import_looks_again", error=repr(error)[:200])
        async with task.batch() as db:
            there = await log.locked(db, row["id"])
            await log.move(db, there, "look_again")
            task.cursor["looked_again"] = True


async def _write_all(
    importer: Importer, task: Task, row: RowMapping, table: Table, db: AsyncSession
) -> int:
    """Every good row, in the transaction of `db`; _Otherwise when all was asked and one is bad."""
    written = 0
    desk = _desk(db, task, row, table, {})
    async with aclosing(_batches(table, importer.batch)) as batches:
        async for batch in batches:
            await importer.check(desk, batch)
            good = [record for record in batch if not record.faults]
            if len(good) < len(batch) and row["mode"] == ImportMode.ALL:
                raise _Otherwise()
            if good:
                made = await importer.write(desk, good)
                await db.flush()
                await _remember(db, row["id"], made)
                written += sum(one.rows for one in made)
            # In a transaction of its own: others see how far it is, and a cancel is heard here.
            # What is raised undoes everything that was written.
            async with task.batch():
                task.done = written
    return written


async def _remember(db: AsyncSession, import_id: UUID, made: list[Written]) -> None:
    rows = [
        {
            "import_id": import_id,
            "id": one.id,
            "row": one.row,
            "before": one.before and orjson.dumps(one.before).decode(),
        }
        for one in made
    ]
    await copy_in(db, "import_rows", rows)


async def expire(db: AsyncSession, before: datetime) -> int:
    """Imports that nobody decided about in time are discarded; answers how many."""
    gone = await run(
        db,
        update(imports)
        .where(imports.c.state == ImportState.CHECKED, imports.c.checked_at < before)
        .values(state=ImportState.DISCARDED.value, version=imports.c.version + 1),
    )
    return gone.rowcount
