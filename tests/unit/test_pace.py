"""The clock of a study: its parts add up, and what it measured is told the next time."""

import re
from pathlib import Path

import pytest

from pipeline import pace
from pipeline.pace import Pace
from twin.trial.design import STAYS
from twin.trial.power import power, too_small


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock: one reading after the other."""
    readings: list[float] = []
    monkeypatch.setattr(pace.time, "monotonic", lambda: readings.pop(0))
    return readings


def _run(file: Path, seconds: list[float], *readings: float) -> str:
    seconds[:] = readings
    clock = Pace("4000 generated on postgres", file)
    for name in ("data", "dbt build", "statistics"):
        with clock.stage(name):
            pass
    return clock.told()


def test_the_stages_add_up_to_what_is_told_as_done(tmp_path: Path, seconds: list[float]) -> None:
    told = _run(tmp_path / "pace.json", seconds, 10.0, 22.34, 63.38, 99.88)
    assert told == "[bold]done[/bold] in 89.8 s: data 12.3, dbt build 41.0, statistics 36.5"
    whole, *parts = (float(number) for number in re.findall(r"\d+\.\d", told))
    assert round(sum(parts), 1) == whole == pytest.approx(89.88, abs=0.1)  # all of the time between the readings


def test_the_next_run_says_how_long_it_took(tmp_path: Path, seconds: list[float]) -> None:
    file = tmp_path / "target" / "pace.json"
    _run(file, seconds, 0.0, 12.0, 53.0, 173.0)
    seconds[:] = [0.0]
    again = Pace("4000 generated on postgres", file)
    assert (again.before("dbt build"), again.before("statistics")) == (", 41 s the last time", ", 2 min the last time")
    assert (again.whole(), again.before("dbt docs")) == ("3 min", "")
    seconds[:] = [0.0]
    assert Pace("another size", file).whole() == ""


def test_a_stage_that_was_skipped_is_no_measurement(tmp_path: Path, seconds: list[float]) -> None:
    file = tmp_path / "pace.json"
    _run(file, seconds, 0.0, 12.0, 53.0, 93.0)
    _run(file, seconds, 0.0, 0.4, 0.5, 33.0)
    seconds[:] = [0.0]
    again = Pace("4000 generated on postgres", file)
    assert (again.before("data"), again.before("statistics")) == (", 12 s the last time", ", 32 s the last time")


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"4000 generated on postgres": {"data": "soon"}}'])
def test_a_file_cut_short_is_as_none(tmp_path: Path, seconds: list[float], content: str) -> None:
    file = tmp_path / "pace.json"
    file.write_text(content)
    assert "done" in _run(file, seconds, 0.0, 1.0, 2.0, 3.0)


def test_the_default_data_set_is_as_large_as_nine_in_ten_take() -> None:
    assert power(STAYS) >= 0.9 > power(STAYS - 1000)
    assert "51 of 100" in too_small(2000)
