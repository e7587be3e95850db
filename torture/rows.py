"""Faulty rows in the source tables: does a wrong row change a result without anybody being told?

Every fault goes to a patient of its own, in one database; then the tables are built and tested again. A patient's rows
in the marts, before and after, tell whether a result changed; tests and the mart data_quality whether it was said.
"""

import importlib
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from mimic_db import server
from torture.campaign import Outcome, Trial, Workshop
from torture.message import excerpt
from torture.process import PROJECT, run
from torture.row_faults import FAULTS, RowFault

KIND = "raw rows"
STAYS = 400
ROUNDS = 5
SCHEMA = "dexsic"
MARTS = (
    "sofa_hourly",
    "sepsis3",
    "sic_score",
    "dexmedetomidine_exposure",
    "outcomes",
    "baseline",
    "cohort_eligibility",
)
# the tests that look at source rows
_TESTS = ("test", "--exclude", "test_type:unit", "--select", "staging", "int_infusion", "int_exposure_row")

Dbt = Callable[..., Any]
Counts = Mapping[str, int]  # by check of data_quality, and by name of a failing or warning test


@dataclass(frozen=True)
class Said:
    """What tests and data_quality count; `refused` are the tests that stop a build."""

    counts: Counts
    refused: frozenset[str]


def trials(workshop: Workshop, thorough: bool, seed: int) -> Iterator[Trial]:
    """Each fault once, or in ROUNDS other patients each."""
    for number in range(ROUNDS if thorough else 1):
        yield from _round(workshop, seed + number)


def _round(workshop: Workshop, seed: int) -> Iterator[Trial]:
    dsn = workshop.database()
    made = run(("twin", "generate", "--stays", str(STAYS), "--seed", str(seed), "--dsn", dsn), {}, workshop.folder)
    if made.code != 0:
        raise RuntimeError(f"the data cannot be generated: {excerpt(made.text)}")
    with _dbt(dsn, workshop.new_folder()) as dbt:
        for command in (("seed",), ("run",), _TESTS):
            _must(dbt(*command))
        # a session for each step: the server counts what a session wrote when it ends
        with psycopg.connect(dsn, autocommit=True) as connection:
            before, said_before = _patients(connection), _said(connection)
            planted = _plant(connection, random.Random(seed))
        built = dbt("run")
        if not built.success:
            yield Trial(KIND, "all faults together", "unclear", f"dbt run fails: {_messages(built)}")
            return
        dbt(*_TESTS)
        with psycopg.connect(dsn, autocommit=True) as connection:
            after, said = _patients(connection), _said(connection)
    due = Counter(name for fault, patient in planted if patient for name in fault.heard)
    for fault, patient in planted:
        if patient is None:
            yield Trial(KIND, fault.name, "lost", "no generated patient has such a row: the fault could not be tried")
            continue
        heard = [found for part in fault.heard for found in _risen(part, due[part], said_before.counts, said.counts)]
        outcome: Outcome = "survived" if before.get(patient) == after.get(patient) else "wrong"
        if heard:
            outcome = "refused" if said.refused.intersection(heard) else "flagged"
        yield Trial(KIND, fault.name, outcome, f"patient {patient} of seed {seed}")


def _must(result: Any) -> None:
    if not result.success:
        raise RuntimeError(f"without any fault, dbt fails: {_messages(result)}")


def _messages(result: Any) -> str:
    nodes = [node for node in result.result or () if node.status in ("error", "fail", "runtime error")]
    return "; ".join(f"{node.node.name}: {node.message}" for node in nodes) or str(result.exception)


@contextmanager
def _dbt(dsn: str, folder: Path) -> Iterator[Dbt]:
    """Runs dbt commands on `dsn` in this process; the project is parsed once."""
    runner = importlib.import_module("dbt.cli.main").dbtRunner
    shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")
    options = ["--log-level", "none", "--project-dir", str(PROJECT), "--profiles-dir", str(folder)]
    options += ["--target-path", str(folder / "target"), "--log-path", str(folder)]
    kept = dict(os.environ)
    os.environ.update(server.dbt_environment(dsn), DEXSIC_SCHEMA=SCHEMA)
    try:
        manifest = runner().invoke(["parse", *options]).result
        parsed = runner(manifest=manifest)
        yield lambda *command: parsed.invoke([*command, *options])
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _patients(connection: psycopg.Connection[Any]) -> dict[int, str]:
    """A hash of each patient's rows in the marts; by stay_id in them, by patient in cohort_eligibility."""
    of_stay = dict(
        connection.execute("select stay_id, min(subject_id) from mimiciv_icu.icustays group by 1").fetchall()
    )
    found: dict[int, list[str]] = {}
    for mart in MARTS:
        query = sql.SQL(
            "select stay_id, md5(string_agg(row_text, '' order by row_text)) from"
            " (select stay_id, cast(mart as text) as row_text from {} as mart) as texts group by 1 order by 1"
        ).format(sql.Identifier(SCHEMA, mart))
        for stay, digest in connection.execute(query):
            found.setdefault(of_stay.get(stay, 0), []).append(f"{mart} {stay} {digest}")
    return {patient: "\n".join(rows) for patient, rows in found.items()}


def _said(connection: psycopg.Connection[Any]) -> Said:
    checks = sql.SQL("select check_name, sum(n_affected) from {} group by check_name")
    counts = {
        name: int(rows) for name, rows in connection.execute(checks.format(sql.Identifier(SCHEMA, "data_quality")))
    }
    tests = sql.SQL("select unique_id, status, failures from {} where status in ('fail', 'warn', 'error')")
    found = connection.execute(tests.format(sql.Identifier(SCHEMA, "build_test"))).fetchall()
    counts |= {name: int(failures) for name, _, failures in found}
    return Said(counts, frozenset(name for name, status, _ in found if status != "warn"))


def _risen(part: str, due: int, before: Counts, after: Counts) -> list[str]:
    """Checks of that name that count all of their faults, and tests with it in their name that found any."""
    return [
        name
        for name, count in after.items()
        if (name == part and count - before.get(name, 0) >= due)
        or (part in name and name.startswith("test.") and count > before.get(name, 0))
    ]


def _plant(connection: psycopg.Connection[Any], chance: random.Random) -> list[tuple[RowFault, int | None]]:
    """Give each fault to a patient who has none yet, the ones of few rows first; None where nobody has such a row."""
    candidates = {fault: _who_has(connection, fault, chance) for fault in FAULTS}
    taken: set[int] = set()
    planted: list[tuple[RowFault, int | None]] = []
    for fault in sorted(FAULTS, key=lambda fault: len(candidates[fault])):
        patient = next((patient for patient in candidates[fault] if patient not in taken), None)
        if patient is not None:
            taken.add(patient)
            _change(connection, fault, patient)
        planted.append((fault, patient))
    return planted


def _who_has(connection: psycopg.Connection[Any], fault: RowFault, chance: random.Random) -> list[int]:
    """Patients with a row for the fault by chance, those in the cohort first: there a wrong result matters."""
    of_patient: LiteralString = "select distinct subject_id from {} where {}"
    query = sql.SQL(of_patient).format(sql.SQL(fault.table), sql.SQL(fault.where))
    having = {patient for (patient,) in connection.execute(query)}
    cohort = connection.execute(
        sql.SQL("select subject_id from {}").format(sql.Identifier(SCHEMA, "analysis_cohort"))
    ).fetchall()
    studied = {patient for (patient,) in cohort}
    shuffled = chance.sample(sorted(having), len(having))
    return sorted(shuffled, key=lambda patient: patient not in studied)


def _change(connection: psycopg.Connection[Any], fault: RowFault, patient: int) -> None:
    table, where = sql.SQL(fault.table), sql.SQL(fault.where)
    first = sql.SQL("(select ctid from {} where subject_id = {} and {} order by ctid limit 1)").format(
        table, sql.Literal(patient), where
    )
    if fault.copies:
        copy = sql.SQL("insert into {0} select * from {0} where ctid = {1} returning ctid").format(table, first)
        row = connection.execute(copy).fetchone()
        first = sql.SQL("{}").format(sql.Literal(row[0] if row else None))
    if fault.change:
        connection.execute(sql.SQL("update {} set {} where ctid = {}").format(table, sql.SQL(fault.change), first))
    else:
        connection.execute(sql.SQL("delete from {} where ctid = {}").format(table, first))
