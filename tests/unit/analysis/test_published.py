"""The paper's own numbers, recomputed from its own counts, and their way into the comparison with ours."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis_py.report.published import published_and_ours, read_published
from analysis_py.statistics.balance import chi_square, standardized_mean_difference
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.study import run_study
from analysis_py.study.variables import OUTCOMES, TABLE_ONE

PUBLISHED = read_published()
SIZES = {("full", "control"): 5913, ("full", "treated"): 596, ("matched", "control"): 592, ("matched", "treated"): 592}
COUNTED = [v for v in (*TABLE_ONE, *OUTCOMES) if v.kind != "continuous" and v.name in set(PUBLISHED["variable"])]
CASES = [(variable.name, cohort) for variable in COUNTED for cohort in ("full", "matched")]


def counts(variable: str, cohort: str) -> np.ndarray:
    """Level x arm; for a binary variable, with the row of those who do not have it."""
    here = PUBLISHED[(PUBLISHED["variable"] == variable) & (PUBLISHED["cohort"] == cohort)]
    here = here[(here["statistic"] == "count") & here["source"].isin(["Table 1", "Table 3"])]
    table = here.pivot(index="level", columns="arm", values="value").to_numpy()
    if len(table) == 1:
        table = np.vstack([table, [SIZES[cohort, "control"], SIZES[cohort, "treated"]] - table[0]])
    return table


def printed(variable: str, cohort: str, statistic: str) -> pd.Series:
    here = PUBLISHED[(PUBLISHED["variable"] == variable) & (PUBLISHED["cohort"] == cohort)]
    here = here[(here["statistic"] == statistic) & here["source"].isin(["Table 1", "Table 3"])]
    assert len(here) == 1
    return here.iloc[0]


@pytest.mark.parametrize(("variable", "cohort"), CASES)
def test_p_values_are_chi_square_with_yates_correction(variable: str, cohort: str) -> None:
    row = printed(variable, cohort, "p")
    ours = chi_square(counts(variable, cohort))
    if row["printed"].startswith("<"):
        assert ours < 0.001
    else:
        assert ours == pytest.approx(row["p_value"], abs=0.00051)


@pytest.mark.parametrize(
    ("variable", "cohort"), [case for case in CASES if case[0] not in ("died_28d_hospital", "died_hospital")]
)
def test_smds_follow_from_the_counts(variable: str, cohort: str) -> None:
    table = counts(variable, cohort).astype(int)
    arms = [np.repeat(np.arange(len(table)), table[:, arm]) for arm in (0, 1)]
    data = pd.DataFrame({"x": np.concatenate(arms), "treated": np.repeat([0, 1], [len(arm) for arm in arms])})
    ours = standardized_mean_difference(data, "x", "treated", "categorical")
    assert ours == pytest.approx(printed(variable, cohort, "SMD")["value"], abs=0.00051)


def test_percentages_follow_from_the_counts() -> None:
    both = PUBLISHED[
        PUBLISHED["source"].isin(["Table 1", "Table 3"]) & PUBLISHED["statistic"].isin(["count", "percent"])
    ]
    place = ["source", "printed_row", "level", "cohort", "arm"]
    wide = both.pivot(index=place, columns="statistic", values="value").reset_index()
    size = [SIZES[cohort, arm] for cohort, arm in zip(wide["cohort"], wide["arm"], strict=True)]
    assert (100 * wide["count"] / size - wide["percent"]).abs().max() < 0.06


def test_all_cells_are_transcribed() -> None:
    assert PUBLISHED.groupby(["source", "statistic"]).size().to_dict() == {
        ("Table 1", "median"): 88,
        ("Table 1", "count"): 84,
        ("Table 1", "percent"): 84,
        ("Table 1", "SMD"): 78,
        ("Table 1", "p"): 78,
        ("Table 2", "HR"): 6,
        ("Table 2", "OR"): 6,
        ("Table 3", "median"): 16,
        ("Table 3", "count"): 8,
        ("Table 3", "percent"): 8,
        ("Table 3", "p"): 12,
        ("Table 4", "count"): 8,
        ("Table 4", "percent"): 8,
        ("Table 4", "HR"): 6,
        ("Table 4", "OR"): 6,
        ("Figure 3", "HR"): 21,
        ("Figure 3", "p for interaction"): 9,
        ("Section 3.6", "HR"): 2,
        ("Section 3.6", "p"): 1,
    }


def test_every_published_number_finds_ours(make_cohort: Callable[..., pd.DataFrame], flow: pd.DataFrame) -> None:
    cohort = type_cohort(make_cohort(1500), "dexsic.analysis_cohort")
    comparison = published_and_ours(run_study(cohort, flow, 1, 1, lambda _: None).rows)
    assert (comparison["note"] == "").all()
    hazard = comparison[(comparison["source"] == "Table 2") & (comparison["cohort"] == "matched")].iloc[4]
    assert (hazard["model"], hazard["statistic"], hazard["published_value"]) == ("model 3", "HR", 0.71)
    assert hazard["inside"] == ("yes" if 0.53 <= hazard["our_value"] <= 0.95 else "no")
    # what is printed as a count stands beside a count of ours, a percentage beside a percentage
    women = comparison[(comparison["variable"] == "is_female") & (comparison["cohort"] == "full")]
    for arm, members in (("control", cohort[~cohort["treated"]]), ("treated", cohort[cohort["treated"]])):
        ours = women[women["arm"] == arm].set_index("statistic")["our_value"]
        assert ours["count"] == int(members["is_female"].sum())
        assert ours["percent"] == pytest.approx(100 * members["is_female"].mean())
