"""What the controls say of a design, against EmpiricalCalibration; small counts; reading the marts."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from math import exp
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest

from analysis_py.marts.controls import ControlMarts, read_controls, type_controls
from analysis_py.marts.errors import StudyError
from analysis_py.statistics.estimate import Z_975, Estimate
from analysis_py.study.controls.calibrate import (
    CALIBRATED,
    EASE,
    LEFT_OUT,
    MEDIAN,
    NULL_MEAN,
    NULL_SD,
    USED,
    calibration_rows,
)
from analysis_py.study.controls.checks import Imbalance
from analysis_py.study.controls.found import CALIBRATION, DRUG, EXPOSURE, OUTCOME, POSITIVE, Found, rows_of
from analysis_py.study.controls.suppression import suppress_controls
from analysis_py.study.read_marts import CONTROLS_NEEDED
from analysis_py.study.results import Row
from analysis_py.study.suppression import HIDDEN
from analysis_py.study.trial.designs import PRIMARY, PUBLISHED_MATCHED
from analysis_py.study.trial.suppression import suppress_all
from analysis_py.study.variables import DEATH_28D
from tests.unit.analysis.conftest import _make_cohort
from tests.unit.analysis.controls.conftest import EXPOSURES, NEVER, OUTCOMES, RARE, Made
from tests.unit.analysis.trial.conftest import _make_marts

REFERENCE = Path(__file__).parents[5] / "shared" / "reference" / "r-causal" / "calibration_sccs"
ALIKE = Imbalance("age_years", 0.05, 0.1)
Frames = dict[str, pd.DataFrame]


def control(log_ratio: float, error: float, name: str = "senna", kind: str = EXPOSURE, **changed: Any) -> Found:
    limits = (exp(log_ratio + sign * Z_975 * error) for sign in (-1, 1))
    estimate = Estimate("HR" if kind != OUTCOME else "OR", exp(log_ratio), *limits, 0.5, 200, 60)
    counts = {False: (100, 30), True: (100, 30)}
    outcome = DEATH_28D if kind != OUTCOME else name
    place = Found(PUBLISHED_MATCHED, kind, name, outcome, estimate, counts, ALIKE, 0.5)
    return replace(place, **changed)


def rows_by_measure(found: list[Found], kind: str = EXPOSURE) -> dict[str, Row]:
    return {row.measure: row for row in calibration_rows(found) if row.level == kind and row.model == PUBLISHED_MATCHED}


@pytest.mark.needs_shared
def test_null_ease_and_the_calibrated_estimate_are_those_of_empirical_calibration() -> None:
    data = pd.read_csv(REFERENCE / "data.csv")
    theirs = pd.read_csv(REFERENCE / "expected_causal.csv").set_index("quantity")["value"].astype(float)
    negative = data[data["role"] == "negative"]
    drug = data.set_index("row_id").loc[24]
    found = [control(row.log_rr, row.se_log_rr, str(row.name)) for row in negative.itertuples()]
    found.append(control(float(drug["log_rr"]), float(drug["se_log_rr"]), "the drug", DRUG))
    rows = rows_by_measure(found)
    assert rows[NULL_MEAN].estimate == pytest.approx(theirs["null.mean_exact"], rel=1e-6)
    assert rows[NULL_SD].estimate == pytest.approx(theirs["null.sd_exact"], rel=1e-6)
    assert rows[EASE].estimate == pytest.approx(theirs["ease_mcmc"], rel=0.05)
    assert rows[EASE].lower is not None
    assert rows[EASE].upper is not None
    assert rows[EASE].lower < theirs["ease_exact"] < rows[EASE].upper
    calibrated = rows[CALIBRATED]
    assert calibrated.estimate == pytest.approx(exp(theirs["row24.calibrated_log_rr"]), rel=1e-6)
    assert calibrated.lower == pytest.approx(exp(theirs["row24.calibrated_lo"]), rel=1e-6)
    assert calibrated.upper == pytest.approx(exp(theirs["row24.calibrated_hi"]), rel=1e-6)
    assert calibrated.p_value == pytest.approx(theirs["row24.p_calibrated_exact"], rel=1e-6)
    assert (calibrated.term, calibrated.outcome) == ("the drug", DEATH_28D)
    ratios = np.exp(negative["log_rr"])
    assert rows[MEDIAN].estimate == pytest.approx(ratios.median())
    assert rows[MEDIAN].lower == pytest.approx(exp(np.quantile(negative["log_rr"], 0.25)))
    assert rows[USED].estimate == len(negative)


def test_only_those_that_count_are_in_it_each_kind_and_design_apart() -> None:
    good = [control(-0.2 + 0.01 * number, 0.1, f"c{number}") for number in range(6)]
    bad = [
        control(3.0, 0.1, "unlike", imbalance=Imbalance("age_years", 0.2, 0.15)),
        control(3.0, 0.1, "uneven", equipoise=0.1),
        control(3.0, 0.1, "few", counts={False: (100, 30), True: (100, 3)}),
        control(3.0, 0.1, "none", estimate=None, reason="no deaths"),
        control(3.0, 0.1, "bradycardia_48h", POSITIVE),
        control(3.0, 0.1, "trial", design=PRIMARY),
        control(3.0, 0.1, "gout", OUTCOME),
    ]
    drug = control(-0.3, 0.1, "dexmedetomidine", DRUG)
    rows = rows_by_measure([*good, *bad, drug])
    alone = rows_by_measure([*good, drug])
    for measure in (NULL_MEAN, NULL_SD, EASE, MEDIAN, CALIBRATED):
        assert rows[measure] == alone[measure]
    assert rows[MEDIAN].estimate == pytest.approx(exp(-0.175))
    assert (rows[USED].estimate, rows[LEFT_OUT].estimate) == (6, 4)
    told = "1 not balanced, 1 too little equipoise, 1 fewer than 10 events in a group, 1 not estimable"
    assert rows[LEFT_OUT].note == told
    assert {row.n for row in rows.values()} == {None}  # numbers of controls are no numbers of patients


@pytest.mark.parametrize(("used", "is_evaluated"), [(4, False), (5, True)])
def test_five_are_needed(used: int, is_evaluated: bool) -> None:
    drug = control(-0.3, 0.1, "dexmedetomidine", DRUG)
    for kind in (EXPOSURE, OUTCOME):
        rows = rows_by_measure(
            [*(control(0.1 * number, 0.2, f"c{number}", kind) for number in range(used)), drug], kind
        )
        assert (MEDIAN in rows) == (kind == EXPOSURE)
        for measure in (NULL_MEAN, EASE, CALIBRATED):
            assert (rows[measure].estimate is not None) == is_evaluated
            told = "not evaluated: 4 of 4 controls count, 5 are needed"
            assert rows[measure].note == ("" if is_evaluated else told)


def test_a_drug_without_an_estimate_has_none_calibrated() -> None:
    found = [control(0.1 * number, 0.2, f"c{number}") for number in range(5)]
    drug = control(0, 1, "dexmedetomidine", DRUG, estimate=None, reason="no pair")
    assert rows_by_measure([*found, drug])[CALIBRATED].note == "not estimable: no pair"


def test_small_counts_are_hidden_with_what_they_could_be_solved_from() -> None:
    few = control(0.1, 0.4, "gout", OUTCOME, counts={False: (100, 30), True: (100, 9)})
    many = control(0.1, 0.4, "migraine", OUTCOME)
    rows = suppress_controls(rows_of([few, many]), 10)
    hidden, shown = ([row for row in rows if row.term == term] for term in ("gout", "migraine"))
    assert hidden[0].estimate is hidden[0].lower is hidden[0].p_value is None
    assert hidden[0].events_per_coefficient is None
    assert "a count below 10 is not shown" in hidden[0].note
    assert {row.events for row in hidden if row.measure == "events"} == {"<10", HIDDEN}
    assert {row.n for row in hidden if row.measure in ("OR", "events")} == {HIDDEN}
    assert shown == rows_of([many])
    assert suppress_controls(rows_of([few]), 0) == rows_of([few])


@pytest.mark.parametrize(("known", "is_hidden"), [(100, False), (99, True), (91, True), (90, False)])
def test_how_few_are_not_known_is_hidden(known: int, is_hidden: bool) -> None:
    every = control(0.1, 0.4, "migraine", OUTCOME)
    some = control(0.1, 0.4, "hba1c_high", OUTCOME, counts={False: (known, 30), True: (100, 30)})
    own = [row for row in suppress_controls(rows_of([every, some]), 10) if row.term == "hba1c_high"]
    assert (own[1].n == HIDDEN) == is_hidden


def test_a_hazard_ratio_stays_and_numbers_of_controls_are_no_patients() -> None:
    few = control(0.1, 0.4, counts={False: (100, 30), True: (100, 9)})
    rows = suppress_all([*rows_of([few]), *calibration_rows([few])], 10)
    assert rows[0].estimate == pytest.approx(exp(0.1))
    assert (rows[0].n, rows[0].events) == (HIDDEN, HIDDEN)
    left_out = next(row for row in rows if (row.analysis, row.measure, row.level) == (CALIBRATION, LEFT_OUT, EXPOSURE))
    assert (left_out.estimate, left_out.note) == (1.0, "1 fewer than 10 events in a group")


# --- the marts ------------------------------------------------------------------------------------------------------


class Reader:
    """A connection to the tables that it is given; the record of the build says which models it made."""

    def __init__(self, tables: Frames, made: dict[str, int] | None = None) -> None:
        self.tables, self.made = tables, made

    def execute(self, query: Any) -> Any:
        text = query.as_string(None)
        if "build_model" in text:
            if self.made is None:
                raise psycopg.errors.UndefinedTable("no build_model")
            model = re.findall(r"'(\w+)'", text)[-1]
            return SimpleNamespace(fetchone=lambda: (self.made[model],))  # type: ignore[index]
        name = "stays" if "baseline" in text and "outcomes" in text else re.findall(r'from "dexsic"\."(\w+)"', text)[0]
        if name not in self.tables:
            raise psycopg.errors.UndefinedTable(name)
        table = self.tables[name]
        columns = [SimpleNamespace(name=column) for column in table.columns]
        return SimpleNamespace(description=columns, fetchall=lambda: list(table.itertuples(index=False, name=None)))

    def transaction(self) -> Any:
        return nullcontext()


def found(frames: Frames, made: dict[str, int] | None = None, has_trial: bool = True) -> Frames | None:
    return read_controls(Reader(frames, made), "dexsic", CONTROLS_NEEDED, has_trial)


def typed(frames: Frames) -> ControlMarts:
    return type_controls(frames, "dexsic", CONTROLS_NEEDED)


@pytest.fixture(scope="module")
def frames(make_controls: Callable[..., Frames]) -> Frames:
    return make_controls(_make_cohort(60), _make_marts(60))


def test_all_of_them_or_none(frames: Frames) -> None:
    read = found(frames)
    assert read is not None
    assert sorted(read) == sorted(frames)
    assert found({}) is None
    assert found(frames, {"positive_control": 0}) is None  # an earlier build has left them
    assert found(frames, {"positive_control": 1, "trial_decision": 1}) is not None
    with pytest.raises(StudyError, match="trial_decision is not there"):
        found({name: frame for name, frame in frames.items() if name != "trial_decision"})


@pytest.mark.parametrize(("made", "has_trial"), [({"positive_control": 1, "trial_decision": 0}, True), (None, False)])
def test_without_the_trial_the_rest_is_read(frames: Frames, made: dict[str, int] | None, has_trial: bool) -> None:
    read = found(frames, made, has_trial)
    assert read is not None
    assert not any(name.startswith("trial") for name in read)
    assert typed(read).trial is None


def test_what_is_not_known_is_missing(frames: Frames) -> None:
    marts = typed(frames)
    assert marts.exposure_names == (*EXPOSURES, NEVER, RARE)
    assert tuple(marts.outcomes.columns) == OUTCOMES
    for row in frames["negative_control_outcome"].itertuples():
        value = marts.outcomes.loc[row.stay_id, row.outcome]
        assert value is pd.NA if not row.is_known else value == row.occurred
    for row in frames["positive_control"].itertuples():
        value = marts.bradycardia[row.stay_id]
        assert value is pd.NA if not row.is_known else value == row.bradycardia_48h


@pytest.mark.parametrize(
    "name",
    [
        "negative_control_exposure",
        "negative_control_outcome",
        "positive_control",
        "trial_control_exposure",
        "trial_decision",
        "trial_positive_control",
    ],
)
def test_a_repeated_row_and_a_lacking_column_are_explained(frames: Frames, name: str) -> None:
    twice = pd.concat([frames[name], frames[name].iloc[:1]], ignore_index=True)
    with pytest.raises(StudyError, match=f"dexsic.{name} holds a stay_id"):
        typed(frames | {name: twice})
    with pytest.raises(StudyError, match=f"dexsic.{name} lacks"):
        typed(frames | {name: frames[name].drop(columns=frames[name].columns[-1])})


def test_stays_are_typed_as_the_cohort_is(made: Made) -> None:
    assert made.marts.stays["diabetes"].dtype == "boolean"
    assert made.marts.stays["died_28d_hospital"].dtype == bool
    assert made.marts.trial is not None
    assert made.marts.trial.decisions.index.names == ["stay_id", "k"]
