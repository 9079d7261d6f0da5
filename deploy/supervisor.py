"""Starts the suite in order, keeps it running, and stops it in the opposite order."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial

from deploy.checks import check_all
from deploy.engines.databases import ensure_service
from deploy.engines.postgres import Postgres
from deploy.engines.process import PROJECT, Child
from deploy.home import Secrets, write_private
from deploy.leftovers import wait_for_leftovers
from deploy.prepared import fingerprint, is_prepared, note_prepared
from deploy.problems import CannotStart
from deploy.suite import ENGINE_LOGS, NAMES, SERVICES, Service, ServiceProcess, Suite, kit, told_to
from services.kit.keys import create_keys

READY_S = 60.0
WATCH_S = 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STEADY_S = 60.0  # a process that lived this long starts with the first pause again

Say = Callable[[str], None]


class Supervisor:
    """One run of the suite, from the first check to the last process ended."""

    def __init__(self, suite: Suite, say: Say) -> None:
        self.suite = suite
        self._say = say
        self.code = fingerprint(suite.given)
        self.stopping = asyncio.Event()
        self.engines: list[Child] = []
        self.services: list[ServiceProcess] = []
        self.restarts: dict[str, int] = {}
        self.began = time.monotonic()

    async def run(self) -> None:
        """Start, watch until told to stop, stop. Raises CannotStart when the start fails."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stopping.set)
        try:
            if not await self._unless_stopped(self._start()):
                return
            self._write_state()
            self._introduce()
            await self._unless_stopped(self._watch())
        finally:
            await self._stop()

    async def _unless_stopped(self, work: Coroutine[None, None, None]) -> bool:
        """Do `work`; give up when told to stop. Answers whether it was done."""
        task = asyncio.create_task(work)
        stop = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task.done():
            task.result()
            return True
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return False

    async def _start(self) -> None:
        suite = self.suite
        await asyncio.to_thread(wait_for_leftovers, suite.home)
        await asyncio.to_thread(check_all, suite)
        self._step("检查通过", "checks passed")
        suite.home.state.unlink(missing_ok=True)
        suite.home.rotate_logs(ENGINE_LOGS + suite.process_names)
        create_keys(suite.keys)
        secrets = suite.home.secrets(NAMES)
        engines: list[Coroutine[None, None, None]] = []
        if suite.own_nats:
            engines.append(self._start_engine(suite.nats(secrets)))
        if suite.own_postgres:
            engines.append(self._start_postgres(suite.postgres(secrets), secrets))
        await together(*engines)
        environ = suite.environ(secrets)
        await together(*(self._start_service(service, environ) for service in SERVICES))

    async def _start_engine(self, engine: Child) -> None:
        self.engines.append(engine)
        await bring_up(engine)
        self._step(f"{engine.name} 已启动", "started")

    async def _start_postgres(self, engine: Postgres, secrets: Secrets) -> None:
        if not engine.data.exists():
            self._step("初始化 PostgreSQL", "making the database cluster")
        await self._start_engine(engine)
        for name in NAMES:
            await ensure_service(engine, name, secrets.roles)
        self._step("数据库就绪", f"databases: {', '.join(NAMES)}")

    async def _start_service(self, service: Service, environ: Mapping[str, str]) -> None:
        # Databases of the operator may have changed behind our back; ours have not.
        if self.suite.own_postgres and is_prepared(self.suite.home, service.name, self.code):
            self._step(f"{service.name} 无变化", "unchanged since the last start")
        else:
            await self._prepare(service, environ)
        processes = [
            ServiceProcess(self.suite, service, name, environ)
            for name in self.suite.processes(service)
        ]
        self.services.extend(processes)
        await together(*(bring_up(process) for process in processes))
        self._step(f"{service.name} 就绪", "ready")

    async def _prepare(self, service: Service, environ: Mapping[str, str]) -> None:
        await run_kit("prepare", service, environ, partial(self._told_by, service))
        self._step(f"{service.name} 数据已载入", "loaded")
        if self.suite.own_postgres:
            note_prepared(self.suite.home, service.name, self.code)

    def _told_by(self, service: Service, line: str) -> None:
        self.say(f"    {service.name} · {line}")

    async def _watch(self) -> None:
        await together(*(self._keep(child) for child in (*self.engines, *self.services)))

    async def _keep(self, child: Child) -> None:
        """Start a process again whenever it ends, each time a little later."""
        pause = FIRST_PAUSE_S
        while True:
            since = time.monotonic()
            while not child.exited():  # noqa: ASYNC110 - a process sets no asyncio event
                await asyncio.sleep(WATCH_S)
            if time.monotonic() - since > STEADY_S:
                pause = FIRST_PAUSE_S
            code = child.process.returncode if child.process else None
            self.say(f"⚠ {child.name} 意外退出，{pause:g} 秒后重启 · ended ({code}), restarting")
            while not await self._is_back(child, pause):
                pause = min(pause * 2, LONGEST_PAUSE_S)
            pause = min(pause * 2, LONGEST_PAUSE_S)
            self.say(f"✓ {child.name} 已恢复 · is back")

    async def _is_back(self, child: Child, pause: float) -> bool:
        await asyncio.sleep(pause)
        try:
            await bring_up(child)
            self.restarts[child.name] = self.restarts.get(child.name, 0) + 1
            self._write_state()
        except (CannotStart, OSError) as error:  # a full disk passes too
            self.say(f"⚠ {error}")
            return False
        return True

    async def _stop(self) -> None:
        """Gateway, services, NATS, PostgreSQL: who asks ends before who answers."""
        if not self.engines and not self.services:
            return
        self._step("正在停止", "stopping")
        public = [process for process in self.services if process.service.is_public]
        others = [process for process in self.services if not process.service.is_public]
        await asyncio.gather(*(asyncio.to_thread(process.stop) for process in public))
        await asyncio.gather(*(asyncio.to_thread(process.stop) for process in others))
        for engine in sorted(self.engines, key=lambda engine: isinstance(engine, Postgres)):
            await asyncio.to_thread(engine.stop)
        self.suite.home.state.unlink(missing_ok=True)
        self._step("已停止", "stopped")

    def say(self, line: str) -> None:
        """Tell the person at the keyboard, who may have left: the suite runs on without them."""
        with suppress(OSError):
            self._say(line)

    def _step(self, chinese: str, english: str) -> None:
        self.say(f"[{time.monotonic() - self.began:5.1f} s] {chinese} · {english}")

    def _introduce(self) -> None:
        address = self.suite.address
        self._step("全部就绪", "all ready")
        self.say(f"\n  平台地址 · open    {address}\n  接口文档 · API     {address}/api/v1/docs")
        accounts = self.suite.home.demo_accounts
        if accounts.exists():
            self.say("\n  演示账号（只显示这一次）· demo accounts, shown once:")
            for line in accounts.read_text(encoding="utf-8").splitlines():
                self.say(f"    {line}")
            accounts.unlink()
        self.say("\n  按 Ctrl-C 停止 · Ctrl-C stops it\n")

    def _write_state(self) -> None:
        processes = {
            child.name: {"pid": child.process.pid, "restarts": self.restarts.get(child.name, 0)}
            for child in (*self.engines, *self.services)
            if child.process is not None
        }
        state = {"pid": os.getpid(), "address": self.suite.address, "processes": processes}
        write_private(self.suite.home.state, json.dumps(state, indent=1))


async def together(*works: Coroutine[None, None, None]) -> None:
    """Do all at once; when one fails, give up the others and raise what it raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def bring_up(child: Child, seconds: float = READY_S) -> None:
    """Start a process and wait until it is ready, without holding the event loop.

    Raises EngineFailed. The same steps as `Child.start`; only the spawn stays on this thread.
    """
    deadline = time.monotonic() + seconds
    while True:
        await asyncio.to_thread(child.prepare)
        child.spawn()
        while time.monotonic() < deadline and not child.exited():
            if await asyncio.to_thread(child.is_ready):
                return
            await asyncio.sleep(0.05)
        if not child.is_worth_repeating() or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.3)
    failure = child.failure()
    if not child.exited():
        await asyncio.to_thread(child.stop)
    raise failure


async def run_kit(verb: str, service: Service, environ: Mapping[str, str], say: Say) -> None:
    """Run a verb of the kit for a service to its end. Raises CannotStart with what it said."""
    process = await asyncio.create_subprocess_exec(
        *kit(verb, service),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=told_to(service, verb, environ),
        cwd=PROJECT,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    try:
        async for line in process.stdout:
            say(line.decode(errors="replace").rstrip())
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    said = (await errors).decode(errors="replace").strip().splitlines()
    if code != 0:
        # The last line is the sentence, or the last line of a traceback.
        reason = said[-1] if said else f"it ended with code {code}"
        raise CannotStart(f"{service.name} {verb}: {reason}")


def supervise(suite: Suite, say: Say) -> None:
    """Run the suite on its home until told to stop."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    suite.home.prepare()
    with suite.home.lock():
        asyncio.run(Supervisor(suite, say).run())
