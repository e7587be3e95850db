"""From a study to the rows, table and figure of what was not measured, each number again by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from analysis_py.report.present import write_results
from analysis_py.statistics.imputation import pool
from analysis_py.study.analyses.cohorts import match_cohort
from analysis_py.study.analyses.effects import effect_clustered
from analysis_py.study.analyses.not_at_random import SHIFTS, shift_label, toward_death
from analysis_py.study.analyses.pooling import main_row
from analysis_py.study.analyses.tipping import SHARES, tipping_rows
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.results import Row
from analysis_py.study.study import Study, run_study
from analysis_py.study.variables import DEATH_28D, MODEL_3, TABLE_ONE
from tests.unit.analysis.conftest import _make_cohort, _make_flow

STAYS = 900


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    return type_cohort(_make_cohort(STAYS), "dexsic.analysis_cohort")


@pytest.fixture(scope="module")
def study(raw: pd.DataFrame) -> Study:
    return run_study(raw, _make_flow(STAYS), 3, 1, lambda _: None)


def of(study: Study, analysis: str) -> list[Row]:
    return [row for row in study.rows if row.analysis == analysis]


@pytest.mark.parametrize(("hazard", "limit"), [((0.6, 0.4, 0.9), 0.9), ((1.8, 1.3, 2.5), 1.3)])
def test_a_cause_of_the_strength_given_leaves_nothing(hazard: tuple[float, float, float], limit: float) -> None:
    rows = tipping_rows(Row("any", "matched", DEATH_28D, "model 3", measure="HR", **_estimate(hazard)))
    wanted = {"point": hazard[0], "limit": limit}
    assert {row.measure for row in rows} == {"point", "limit"}
    for row in rows:
        treated, others = (float(share) for share in row.level.split(" and "))
        assert (treated < others) == (hazard[0] < 1)  # what harms is rarer where fewer die
        assert row.estimate is not None and row.estimate > 1
        bias = (1 + treated * (row.estimate - 1)) / (1 + others * (row.estimate - 1))
        ratio = wanted[row.measure]
        assert bias == pytest.approx((1 - 0.5 ** np.sqrt(ratio)) / (1 - 0.5 ** np.sqrt(1 / ratio)))
    enough = {row.level for row in rows if row.measure == "point"}
    # a cause that is absent in one group can move the ratio no further than to 1 / its share in the other
    assert enough < {f"{a:g} and {b:g}" for a in SHARES for b in SHARES}


def _estimate(hazard: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("estimate", "lower", "upper"), hazard, strict=True))


def test_where_the_interval_holds_1_its_limit_is_not_explained_away() -> None:
    rows = tipping_rows(Row("any", "matched", measure="HR", **_estimate((0.8, 0.6, 1.1))))
    assert rows and {row.measure for row in rows} == {"point"}


def test_an_interval_beside_its_estimate_is_a_reason_and_no_number() -> None:
    (row,) = tipping_rows(Row("any", "trial", measure="HR", **_estimate((1.2, 1.3, 1.9))))
    assert row.estimate is None and "no ratio with its interval" in row.note


def test_the_main_estimate_is_asked_about(study: Study) -> None:
    main = main_row(study.rows)
    assert main is not None and of(study, "tipping_point") == tipping_rows(main)


def test_what_was_imputed_is_moved_toward_death_and_all_else_stays(study: Study, raw: pd.DataFrame) -> None:
    rows = {row.level: row for row in of(study, "not_at_random")}
    assert list(rows) == [shift_label(shift) for shift in SHIFTS]
    numbers = [v.name for v in TABLE_ONE if v.kind == "continuous" and raw[v.name].isna().any()]
    assert len(numbers) > 3
    for shift in SHIFTS:
        estimates = []
        for copy in study.completed.copies:
            moved = copy.copy()
            for name in numbers:
                died = raw[name][raw[DEATH_28D].astype(bool)].mean() > raw[name][~raw[DEATH_28D].astype(bool)].mean()
                step = shift * raw[name].std() * (1 if died else -1)
                moved[name] = copy[name].where(raw[name].notna(), copy[name] + step)
            estimates.append(effect_clustered(match_cohort(moved).data, DEATH_28D, MODEL_3))
        wanted, row = pool(estimates), rows[shift_label(shift)]
        assert (row.estimate, row.lower, row.upper) == pytest.approx((wanted.value, wanted.lower, wanted.upper))
        assert (row.n, row.events) == (None, None)


def test_worse_is_where_those_who_died_are(raw: pd.DataFrame) -> None:
    made = raw.assign(age_years=np.where(raw[DEATH_28D], 80.0, 40.0), weight_kg=np.where(raw[DEATH_28D], 50.0, 90.0))
    assert toward_death(made, "age_years") == 1
    assert toward_death(made, "weight_kg") == -1
    # and by another library: a higher hazard
    model = CoxPHFitter().fit(
        made.assign(age=made["age_years"] + np.arange(STAYS) % 30, died=made[DEATH_28D].astype(int))[
            ["age", "died", "followup_28d_days"]
        ],
        "followup_28d_days",
        "died",
    )
    assert model.params_["age"] > 0


def test_the_page_has_the_curves_and_both_tables(study: Study, tmp_path: Path) -> None:
    write_results(tmp_path, study, _make_flow(STAYS), 0, 1)
    assert (tmp_path / "figures" / "tipping_point.svg").is_file()
    points = pd.read_csv(tmp_path / "tables" / "tipping_points.csv")
    shown = {row.level for row in of(study, "tipping_point")}
    assert len(points) == len(shown)
    shifted = pd.read_csv(tmp_path / "tables" / "not_at_random.csv")
    assert shifted["Choice"].tolist() == [*map(shift_label, SHIFTS[:2]), "as imputed", *map(shift_label, SHIFTS[2:])]
    page = (tmp_path / "report.html").read_text()
    assert "How strong an unmeasured cause must be" in page and "If values are missing because of what they are" in page
