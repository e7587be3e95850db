"""The extended covariates equal their second computation from the raw tables, for every stay of the demo."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import BUILD, RunDbt
from tests.recompute.extended import Extended
from tests.recompute.source import CsvSource
from tests.recompute.trial.choices import Choices
from tests.recompute.trial.compared import EXTENDED, differing, mart_of
from tests.recompute.trial.trial import Mart, Trial

pytestmark = pytest.mark.needs_shared

OTHERWISE = {
    "first_day_before_h": 2,
    "first_day_after_h": 48,
    "first_day_intervention_h": 12,
    "lab_key": "patient",
    "gcs_intubated": "missing",
    "vasoactive_items": "extended",
    "chart_fio2_lookback_h": 2,
}


def meant(folder: Path, choices: dict[str, Any]) -> Mart:
    """The mart, recomputed."""
    return Extended(Trial(CsvSource(folder), Choices(choices))).baseline_extended


def test_the_demo_holds_what_is_compared(demo_folder: Path) -> None:
    rows = meant(demo_folder, {}).values()
    assert len(rows) == 140
    for name in ("rass", "gcs", "pao2fio2_mmhg", "lactate_mmol_l"):
        values = {row[name] for row in rows} - {None}
        assert len(values) >= 10, name
    assert sum(row["code_status"] == "limited" for row in rows) >= 5
    assert sum(row["code_status"] == "comfort" for row in rows) >= 2
    assert sum(row["norepinephrine_equivalent_mcg_kg_min"] > 0 for row in rows) >= 30
    assert len({row["care_unit"] for row in rows}) >= 5


def test_every_cell_by_default(built_demo: str, demo_folder: Path) -> None:
    assert differing(mart_of(built_demo, EXTENDED), meant(demo_folder, {})) == []


@pytest.mark.needs_an_hour
def test_every_cell_in_other_readings(built_demo: str, run_dbt: RunDbt, demo_folder: Path) -> None:
    run_dbt(built_demo, *BUILD, "--select", f"+{EXTENDED}", schema="extended", variables=json.dumps(OTHERWISE))
    assert differing(mart_of(built_demo, EXTENDED, "extended"), meant(demo_folder, OTHERWISE)) == []
