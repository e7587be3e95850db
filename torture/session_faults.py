"""Others on the same server: locks that somebody holds, time limits that somebody set, a second run at once."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from mimic_db.tables import TABLES, create_table
from torture import moment
from torture.campaign import Trial
from torture.disturb import Case, Fault, attempt, case, differs, not_mended
from torture.ground import NAME, SCHEMA, Ground
from torture.message import complaint, excerpt
from torture.process import Running

# stage, table, mode of the lock that another session holds
_LOCKS = [
    ("build", f"{SCHEMA}.outcomes", "access share"),  # an open transaction that has read a mart: dbt cannot rename it
    ("build", "mimiciv_icu.chartevents", "access exclusive"),
    ("build", f"{SCHEMA}.infusion_item", "access share"),
    ("build", f"{SCHEMA}.build_run", "access exclusive"),
    ("statistics", f"{SCHEMA}.baseline", "access exclusive"),
    ("load", "mimiciv_icu.inputevents", "access share"),
    ("generate", "mimiciv_icu.inputevents", "access share"),
]

_LIMITS = (
    ("statement_timeout", "1ms"),
    ("statement_timeout", "50ms"),
    ("transaction_timeout", "100ms"),
    ("idle_in_transaction_session_timeout", "1ms"),
    ("idle_session_timeout", "20ms"),
    ("temp_file_limit", "0"),
)


def holding(table: str, mode: str) -> Fault:
    """Another session holds a lock all the time."""

    @contextmanager
    def fault(tried: Case) -> Iterator[Callable[[Running], None]]:
        with moment.lock(tried.dsn, table, mode):
            yield lambda running: None

    return fault


def set_for_all(setting: str, value: str) -> Fault:
    """A setting of the database."""

    @contextmanager
    def fault(tried: Case) -> Iterator[Callable[[Running], None]]:
        alter(tried.dsn, f"alter database {NAME} set {setting} = '{value}'")
        try:
            yield lambda running: None
        finally:
            alter(tried.dsn, f"alter database {NAME} reset {setting}")

    return fault


def alter(dsn: str, statement: str) -> None:
    """Change a database's settings, from another database: its own may refuse by then."""
    with moment.watcher(dsn) as watching:
        watching.execute(statement.encode())


def trials(ground: Ground, chance: random.Random) -> Iterator[Trial]:
    """Locks, time limits, and two of every command at once."""
    for stage, table, mode in _LOCKS:
        yield attempt("lock held", f"{stage}, {mode} on {table}", _emptied(case(ground, stage)), holding(table, mode))
    for stage in ("generate", "load", "build", "statistics"):
        for setting, value in _LIMITS if stage == "build" else chance.sample(_LIMITS, 3):
            yield attempt("time limit", f"{stage}, {setting} {value}", case(ground, stage), set_for_all(setting, value))
    for stage in ("load", "generate", "build", "study", "statistics"):
        yield two_at_once(ground, stage, chance.uniform(0, 0.5))


def _emptied(tried: Case) -> Case:
    """Before a load, there is no table to lock: make one, empty."""
    if tried.stage in ("load", "generate"):
        with psycopg.connect(tried.dsn) as connection:
            connection.execute("create schema mimiciv_icu")
            connection.execute(
                create_table(next(table for table in TABLES if table.name == "inputevents"), "mimiciv_icu")
            )
    return tried


def two_at_once(ground: Ground, stage: str, delay: float) -> Trial:
    """The same command twice on the same database and output folder: one is done, the other too or it refuses."""
    name = f"{stage}, the second {delay:.1f} s after the first"
    tried = case(ground, stage)
    first = tried.start()
    time.sleep(delay)
    second = tried.start()
    try:
        ends = [first.wait(120), second.wait(120)]
    finally:
        first.end()
        second.end()
    said = " / ".join(excerpt(ended.text, 1) for ended in ends)
    if any(ended.code == 0 for ended in ends) and (harm := differs(tried.state(), tried.expected)):
        return Trial("two at once", name, "wrong", f"{harm}: {said}")
    if harm := not_mended(tried):
        return Trial("two at once", name, "lost", f"a run afterwards does not mend it: {harm}: {said}")
    if all(ended.code == 0 for ended in ends):
        return Trial("two at once", name, "survived")
    if all(ended.code != 0 for ended in ends):
        return Trial("two at once", name, "unclear", f"neither is done: {said}")
    # of dbt's many words, those of the project must be among them
    if tried.is_dbt and not any("another build" in ended.text for ended in ends):
        return Trial("two at once", name, "unclear", said)
    reason = next(complaint(ended, 1, tried.is_dbt) for ended in ends if ended.code != 0)
    return Trial("two at once", name, "unclear" if reason else "refused", f"{reason}: {said}" if reason else said)
