"""The server dies, stops or drops its sessions while a command works on it."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg

from mimic_db import server
from torture import moment
from torture.campaign import Trial
from torture.disturb import Case, Fault, attempt, case
from torture.ground import SCHEMA, Ground
from torture.message import complaint, excerpt
from torture.process import Running, run

# (stage, where it waits when the fault strikes; None: some time after its first session, up to so many seconds)
_GATES: dict[str, tuple[str, ...]] = {
    "generate": (),
    "load": (),
    "build": ("mimiciv_icu.chartevents", f"{SCHEMA}.infusion_item", f"{SCHEMA}.sofa_hourly", f"{SCHEMA}.outcomes"),
    "statistics": (f"{SCHEMA}.analysis_cohort", f"{SCHEMA}.baseline"),
}
_LENGTH = {"generate": 1.0, "load": 1.0, "build": 5.0, "statistics": 0.1}

Strike = Callable[[Case, moment.Connection], None]


def kill_all(tried: Case, watching: moment.Connection) -> None:
    """kill -9 of the postmaster and of every process of its own."""
    running = server.status(tried.ground.shop.data_dir)
    if running is None:
        return
    postmaster = psutil.Process(running.pid)
    doomed = [postmaster, *postmaster.children(recursive=True)]
    for process in doomed:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(doomed, timeout=10)


def kill_backend(tried: Case, watching: moment.Connection) -> None:
    """kill -9 of one session: the server restarts itself and empties its unlogged tables."""
    for pid in moment.sessions(watching)[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def stop_fast(tried: Case, watching: moment.Connection) -> None:
    """Somebody stops the server."""
    server.stop(tried.ground.shop.data_dir)


def terminate(tried: Case, watching: moment.Connection) -> None:
    """The connections are dropped."""
    watching.execute("select pg_terminate_backend(pid) from unnest(%s::int[]) as pid", [moment.sessions(watching)])


def cancel(tried: Case, watching: moment.Connection) -> None:
    """An administrator cancels what runs."""
    watching.execute("select pg_cancel_backend(pid) from unnest(%s::int[]) as pid", [moment.sessions(watching)])


STRIKES: dict[str, tuple[str, Strike]] = {
    "killed": ("server killed", kill_all),
    "one session killed": ("server killed", kill_backend),
    "stopped": ("server killed", stop_fast),
    "terminated": ("connection dropped", terminate),
    "cancelled": ("connection dropped", cancel),
}


def striking(strike: Strike, gate: str | None, delay: float) -> Fault:
    """`strike` while the command waits at `gate`, or `delay` seconds after it has connected."""

    @contextmanager
    def fault(tried: Case) -> Iterator[Callable[[Running], None]]:
        with moment.watcher(tried.dsn) as watching, moment.lock(tried.dsn, gate) if gate else nullcontext():

            def inject(running: Running) -> None:
                if gate:
                    moment.at_the_gate(watching, running)
                elif moment.connected(watching, running):
                    time.sleep(delay)
                with suppress(psycopg.Error):
                    strike(tried, watching)

            yield inject

    return fault


def trials(ground: Ground, chance: random.Random) -> Iterator[Trial]:
    """Every way to lose the server, in every stage."""
    for stage, gates in _GATES.items():
        for what, (kind, strike) in STRIKES.items():
            for gate in (None, *chance.sample(gates, min(2, len(gates)))):
                delay = chance.uniform(0, _LENGTH[stage])
                place = f"waiting for {gate}" if gate else f"after {delay:.2f} s"
                yield attempt(kind, f"{stage}, {place}: {what}", case(ground, stage), striking(strike, gate, delay))
    for command in ("test cohort_flow_adds_up", "run sofa_hourly", "run analysis_cohort", "run int_icu_stay"):
        verb, _, model = command.partition(" ")
        yield after_a_crash(ground, (verb, "--select", model))


def after_a_crash(ground: Ground, command: tuple[str, ...]) -> Trial:
    """A crash has emptied the unlogged tables; then dbt is asked for a part only: no mart may be made of nothing."""
    tried = case(ground, "build")
    before = tried.state()
    with moment.watcher(tried.dsn) as watching, psycopg.connect(tried.dsn):
        kill_backend(tried, watching)
    time.sleep(0.5)  # until the server knows
    _come_back(ground.shop.data_dir)
    options = ("--profiles-dir", str(ground.profiles), "--project-dir", ".", "--quiet")
    asked = {"DBT_EXCLUDE_RESOURCE_TYPES": ""} if command[0] == "test" else {}
    ended = run(("dbt.cli.main", *command, *options), {**ground.environment, **asked}, ground.shop.folder)
    name = f"session killed, then dbt {' '.join(command)}"
    if tried.state().marts != before.marts:
        return Trial("server killed", name, "wrong", f"a mart has another content: {excerpt(ended.text)}")
    if ended.code == 0:
        return Trial("server killed", name, "wrong" if command[0] == "test" else "survived", excerpt(ended.text))
    is_told = "Run `dbt build`" in ended.text or not complaint(ended, 1, is_dbt=True)
    return Trial("server killed", name, "refused" if is_told else "unclear", excerpt(ended.text))


def _come_back(data_dir: Path) -> None:
    """Wait until the server that restarts itself takes connections again."""
    until = time.monotonic() + moment.PATIENCE
    while time.monotonic() < until:
        with suppress(psycopg.Error), psycopg.connect(server.url("postgres", data_dir)):
            return
        time.sleep(0.1)
