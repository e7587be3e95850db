"""What the trial's marts say of a moment stays as it is when everything that is known later goes another way.

Rows known after a moment of each patient are deleted, moved by some hours or given other values, and the ends of stays
and lives come later: the cells that describe the time up to then must not tell.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from mimic_db.__main__ import main as mimic_db
from tests.integration.conftest import BUILD, PERMISSIVE, RunDbt
from tests.recompute.source import CsvSource
from tests.recompute.trial.choices import Choices
from tests.recompute.trial.compared import mart_of, recomputed
from tests.recompute.trial.future import by_patient, differing_before, moments_of
from tests.recompute.trial.later import Tables, otherwise, tables_of, write
from tests.recompute.trial.trial import Trial

pytestmark = pytest.mark.needs_shared

CHOICES = Choices(PERMISSIVE)


@pytest.fixture(scope="module")
def tables(demo_folder: Path) -> Tables:
    """What the study reads of the demo."""
    return tables_of(demo_folder)


@pytest.fixture(scope="module")
def trial(demo_folder: Path) -> Trial:
    """The trial of the demo as it was."""
    return Trial(CsvSource(demo_folder), CHOICES)


def told(tables: Tables, trial: Trial, folder: Path, seed: int) -> list[str]:
    """Recomputed cells that tell how it went on."""
    moments = moments_of(trial, seed)
    gone_otherwise = Trial(CsvSource(write(otherwise(tables, by_patient(trial, moments)), folder)), CHOICES)
    assert recomputed(trial, "trial_outcomes") != recomputed(gone_otherwise, "trial_outcomes")
    marts = (partial(recomputed, trial), partial(recomputed, gone_otherwise))
    return differing_before(*marts, moments, CHOICES["trial_interval_h"])


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.needs_an_hour) for seed in (1, 2, 3))])
def test_the_recomputed_marts(tables: Tables, trial: Trial, tmp_path: Path, seed: int) -> None:
    assert told(tables, trial, tmp_path, seed) == []


@pytest.mark.needs_an_hour
def test_a_value_that_is_read_before_it_is_entered_is_found(
    tables: Tables, demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.recompute.trial.record.known_at", lambda charted, stored: charted)
    assert told(tables, Trial(CsvSource(demo_folder), CHOICES), tmp_path, seed=0) != []


@pytest.mark.needs_an_hour
def test_the_marts_of_the_database(
    tables: Tables,
    trial: Trial,
    tmp_path: Path,
    built_demo: str,
    permissive_demo: str,
    make_database: Callable[[], str],
    run_dbt: RunDbt,
) -> None:
    moments = moments_of(trial, seed=0)
    folder = write(otherwise(tables, by_patient(trial, moments)), tmp_path)
    dsn = make_database()
    assert mimic_db(["load", "--csv", str(folder), "--dsn", dsn]) == 0
    run_dbt(dsn, *BUILD, variables=json.dumps(PERMISSIVE))
    marts = (partial(mart_of, built_demo, schema=permissive_demo), partial(mart_of, dsn))
    assert differing_before(*marts, moments, CHOICES["trial_interval_h"]) == []
