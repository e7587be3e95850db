"""Unions of intervals and the measures of dexmedetomidine, on random infusions, against counting half hours."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.integration.conftest import RunDbt

ADMITTED = datetime(2150, 1, 1, 7)
SLOT = timedelta(minutes=30)
SLOTS_PER_HOUR = 2
# models in order, and the table that each becomes
MODELS = {
    "int_running_infusion": "int_running_infusion",
    "int_exposure_row": "int_exposure_row",
    "int_exposure_run": "int_exposure_run",
    "int_exposure_episode": "int_exposure_episode",
    "exposure": "dexmedetomidine_exposure",
}


class Row(NamedTuple):
    """An infusion at one rate; start and end in half hours after ICU admission."""

    start: int
    end: int
    rate: float | None


Stay = list[Row]


@st.composite
def rows(draw: st.DrawFn) -> Row:
    # close together, so that they overlap, touch and leave short gaps; around admission or around 48 hours
    start = draw(st.integers(-6, 16) | st.integers(86, 100))
    length = draw(st.integers(-2, 9))
    rate = draw(st.sampled_from([None, 0.0, -0.1, 0.2, 0.4, 0.7, 1.5]))
    return Row(start, start + length, rate)


@pytest.fixture(scope="module")
def connection(built_generated: str, run_dbt: RunDbt) -> Iterator[psycopg.Connection[Any]]:
    """A database with the compiled models as views on two tables that a test fills, and the seed of units."""
    target = run_dbt(built_generated, "compile", "--select", *MODELS, schema="intervals")
    compiled = {path.stem: path.read_text() for path in (target / "compiled").rglob("*.sql")}
    with psycopg.connect(built_generated, autocommit=True) as connection:
        connection.execute("create schema intervals")
        connection.execute("set search_path to intervals")
        for table in ("int_icu_stay", "int_infusion"):
            connection.execute(f"create table {table} (like dexsic.{table})")
        connection.execute("create table rate_unit as table dexsic.rate_unit")
        for model, table in MODELS.items():
            connection.execute(f"create view {table} as {compiled[model]}".encode())
        yield connection


def fill(connection: psycopg.Connection[Any], stays: list[Stay]) -> None:
    connection.execute("truncate int_icu_stay, int_infusion")
    with connection.cursor() as cursor:
        with cursor.copy("copy int_icu_stay (stay_id, icu_admitted_at) from stdin") as copy:
            for stay in range(len(stays)):
                copy.write_row((stay, ADMITTED))
        columns = "stay_id, drug, reading, started_at, ended_at, rate, rate_unit, is_running"
        with cursor.copy(f"copy int_infusion ({columns}) from stdin") as copy:
            for stay, infusions in enumerate(stays):
                for row in infusions:
                    times = (ADMITTED + row.start * SLOT, ADMITTED + row.end * SLOT)
                    # as int_infusion judges a row
                    runs = row.end > row.start and row.rate is not None and row.rate > 0
                    copy.write_row((stay, "dexmedetomidine", "default", *times, row.rate, "mcg/kg/hour", runs))


def doses(stay: Stay) -> dict[int, float]:
    """The summed rate of each half hour in which anything ran."""
    found: dict[int, float] = {}
    for row in stay:
        for slot in range(row.start, row.end):
            if row.rate is not None and row.rate > 0:
                found[slot] = found.get(slot, 0) + row.rate
    return found


def stretches(slots: set[int], bridge: int) -> list[tuple[int, int]]:
    """(start, end) of stretches of slots, gaps of up to `bridge` slots closed."""
    found: list[tuple[int, int]] = []
    for slot in sorted(slots):
        if found and slot - found[-1][1] <= bridge:
            found[-1] = (found[-1][0], slot + 1)
        else:
            found.append((slot, slot + 1))
    return found


def read_stretches(connection: psycopg.Connection[Any], model: str, stays: int) -> list[list[tuple[int, int]]]:
    found: list[list[tuple[int, int]]] = [[] for _ in range(stays)]
    query = f"select stay_id, started_at, ended_at from {model} order by started_at"
    for stay, start, end in connection.execute(query.encode()):
        found[stay].append((round((start - ADMITTED) / SLOT), round((end - ADMITTED) / SLOT)))
    return found


def measures(stay: Stay) -> tuple[Any, ...] | None:
    """start_offset_h, running_h, longest_episode_h, mean_rate_48h, is_exposed."""
    dose = doses(stay)
    if not dose:
        return None
    start_h, running_h = min(dose) / SLOTS_PER_HOUR, len(dose) / SLOTS_PER_HOUR
    longest = max(end - start for start, end in stretches(set(dose), SLOTS_PER_HOUR))
    in_window = [rate for slot, rate in dose.items() if 0 <= slot < 48 * SLOTS_PER_HOUR]
    rate = pytest.approx(sum(in_window) / len(in_window)) if in_window else None
    return start_h, running_h, longest / SLOTS_PER_HOUR, rate, start_h <= 48 and running_h >= 4


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(stays=st.lists(st.lists(rows(), max_size=8), min_size=1, max_size=25))
# touching, overlapping, nested; gaps of the bridge and just over it; zero length, reversed; paused, before admission
@example(stays=[[Row(0, 2, 0.2), Row(2, 4, 0.4)], [Row(0, 3, 0.2), Row(2, 4, 0.4)], [Row(0, 9, 0.2), Row(2, 4, 0.4)]])
@example(stays=[[Row(0, 2, 0.2), Row(4, 6, 0.4)], [Row(0, 2, 0.2), Row(5, 7, 0.4)], [Row(4, 6, 0.4), Row(0, 2, 0.2)]])
@example(stays=[[Row(3, 3, 0.2)], [Row(5, 3, 0.2)], [Row(0, 8, 0.2), Row(3, 3, 0.4), Row(6, 4, 0.4)]])
@example(
    stays=[[Row(0, 2, 0.2), Row(2, 4, 0.0), Row(4, 6, 0.2)], [Row(0, 2, None)], [Row(-6, 2, 0.7)], [Row(-6, -2, 0.7)]]
)
@example(stays=[[Row(96, 104, 0.2)], [Row(97, 105, 0.2)], [Row(94, 101, 0.2)], [Row(0, 8, 0.2)], [Row(0, 7, 0.2)]])
def test_intervals_equal_counting(connection: psycopg.Connection[Any], stays: list[Stay]) -> None:
    fill(connection, stays)
    slots = [set(doses(stay)) for stay in stays]
    assert read_stretches(connection, "int_exposure_run", len(stays)) == [stretches(stay, 0) for stay in slots]
    episodes = [stretches(stay, SLOTS_PER_HOUR) for stay in slots]
    assert read_stretches(connection, "int_exposure_episode", len(stays)) == episodes
    columns = "stay_id, start_offset_h, running_h, longest_episode_h, mean_rate_48h, is_exposed"
    query = f"select {columns} from dexmedetomidine_exposure"
    found = {stay: tuple(values) for stay, *values in connection.execute(query.encode())}
    assert found == {stay: expected for stay, row in enumerate(stays) if (expected := measures(row))}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stays=st.lists(st.lists(rows(), max_size=8), min_size=1, max_size=25), random=st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant(
    connection: psycopg.Connection[Any], stays: list[Stay], random: Random
) -> None:
    def read() -> list[Any]:
        return connection.execute("select * from dexmedetomidine_exposure order by stay_id").fetchall()

    fill(connection, stays)
    first = read()
    fill(connection, [random.sample(stay, len(stay)) for stay in stays])
    assert read() == first
