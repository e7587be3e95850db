"""The controls of the trial's twin: no effect is planted in them, the marts can see each of their classes."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analysis_py.statistics import calibration, outcome, trial
from bench.control_recovery import HISTORY, PUBLISHED, WEIGHTED, eases, judge, replicate
from tests.unit.generate.test_generate_trial import block, meant
from twin.plan.population import COMORBIDITIES
from twin.rows import Columns, take
from twin.trial import population
from twin.trial.controls import CONFOUNDED, EXPOSURES, OUTCOMES
from twin.trial.design import TrialDesign
from twin.trial.frames import COVARIATES, TrialData, control_frames, control_starts, draw_trial, null_outcome_frame
from twin.trial.grid import BLOCK_H, DECISIONS
from twin.trial.population import draw_stays, eligible
from twin.trial.tables.history import CODES
from twin.truth.controls import bradycardia

SEEDS = Path(__file__).parents[3] / "seeds"
PATIENTS = 12_000
NONE, HIDDEN = TrialDesign(1.0), TrialDesign(1.0, 1.5)
NUMBER = {exposure.name: number for number, exposure in enumerate(EXPOSURES)}


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@cache
def data(design: TrialDesign) -> TrialData:
    return draw_trial(design, PATIENTS, seed=11)


def log_ratios(design: TrialDesign, name: str) -> tuple[float, float]:
    """Of a null exposure as published and by clone-censor-weight."""
    patients, intervals = control_frames(data(design).plan, np.arange(PATIENTS), NUMBER[name])
    weighted = trial.clone_censor_weight(patients, intervals, covariates=COVARIATES)
    return float(np.log(trial.published(patients).result().hazard_ratio)), float(np.log(weighted.hazard_ratio))


def exposures_meant_by(drug: str, route: str) -> set[str]:
    """By the seed, as its description says: a name in lower case that contains or equals a pattern."""
    name = drug.strip().lower()
    return {
        row["exposure"]
        for row in seed("negative_control_exposure")
        if (row["pattern"] in name if row["match"] == "contains" else row["pattern"] == name)
        and row["route"] in ("", route)
    }


def test_the_controls_are_those_of_the_seeds() -> None:
    assert {row["exposure"] for row in seed("negative_control_exposure")} == {each.name for each in EXPOSURES}
    assert {row["outcome"] for row in seed("negative_control_outcome")} == {each.name for each in OUTCOMES}


def test_every_drug_that_is_ordered_means_what_it_is_ordered_for() -> None:
    meaning = {exposure.drug: {exposure.name} for exposure in EXPOSURES}
    rows = block().tables["prescriptions"]
    ordered = set(zip(np.char.decode(rows["drug"]), np.char.decode(rows["route"]), strict=True))
    assert meaning.keys() <= {drug for drug, _ in ordered}
    for drug, route in ordered:
        assert exposures_meant_by(drug, route) == meaning.get(drug, set()), drug


def test_every_old_diagnosis_has_codes_of_its_own() -> None:
    rows = [row for row in seed("negative_control_outcome") if row["kind"] == "diagnosis"]
    assert CODES.keys() == {row["outcome"] for row in rows}
    for name, versions in CODES.items():
        for version, codes in versions.items():
            for code in codes:
                found = {
                    row["outcome"]
                    for row in rows
                    if int(row["icd_version"]) == version
                    and row["code_from"] <= code[: int(row["prefix_length"])] <= row["code_to"]
                }
                assert found == {name}, code


def test_controls_change_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = draw_stays(np.random.default_rng(3), 500, HIDDEN)
    monkeypatch.setattr(population, "draw_controls", lambda *_: None)
    without = draw_stays(np.random.default_rng(3), 500, HIDDEN)
    added = {"control_block", "control_hours", "control_before", "null_outcomes"}
    assert drawn.keys() - without.keys() == added
    for name, values in without.items():
        assert np.array_equal(drawn[name], values, equal_nan=values.dtype.kind == "f"), name


def test_a_null_exposure_is_biased_as_published_and_not_by_clone_censor_weight() -> None:
    found = np.array([log_ratios(NONE, name) for name in ("docusate", "melatonin", "zinc", "nystatin")])
    assert (found[:, 0] < -0.1).all()
    assert found[:, 0].mean() < -0.2
    assert abs(found[:, 1].mean()) < 0.05
    assert (np.abs(found[:, 1]) < 0.12).all()


def test_one_exposure_is_off_without_any_switch() -> None:
    assert log_ratios(NONE, CONFOUNDED)[1] < -0.35


def test_an_unmeasured_cause_is_seen_by_exposures_and_outcomes() -> None:
    for name in ("docusate", "zinc"):
        assert log_ratios(HIDDEN, name)[1] < -0.3
    for design, seen in ((NONE, False), (HIDDEN, True)):
        history = null_outcome_frame(data(design).plan, np.arange(PATIENTS))
        history["treated"] = (data(design).patients["start_h"] < BLOCK_H * DECISIONS).to_numpy()
        history = history.iloc[:5000]
        some = [null.name for null in OUTCOMES[::4]]
        found = [outcome.logistic(history, name, ["age_years", *COMORBIDITIES], "treated").value for name in some]
        assert (np.mean(np.log(found)) < -0.5) == seen
        assert seen or abs(np.mean(np.log(found))) < 0.1


def test_the_truth_of_both_strategies_knows_the_unmeasured_cause() -> None:
    """Who carries much of it dies more often under either strategy, and the strategies do not differ."""
    found, cause = data(HIDDEN).truth, data(HIDDEN).plan["unmeasured"]
    assert found["died_28d_a"].equals(found["died_28d_b"])
    assert found["died_28d_a"][cause > 1].mean() > found["died_28d_a"][cause < -1].mean() + 0.4


def of_the_trial(number: int) -> Columns:
    plan = block(number).plan
    return take(plan, eligible(plan))


@pytest.mark.parametrize("number", range(2))
def test_the_mart_has_the_starts_of_the_frames(number: int) -> None:
    """The bench draws from the plan, the mart comes from rows: who had it before time zero, and who starts when."""
    plan, mart = of_the_trial(number), meant(number)["trial_control_exposure"]
    assert set(mart["stay_id"].tolist()) <= set(plan["stay_id"].tolist())
    # what is ordered before a later ICU stay of the admission can begin in this one, of which its plan knows nothing
    admissions, stays = np.unique(block(number).plan["hadm_id"], return_counts=True)
    alone = np.isin(plan["hadm_id"], admissions[stays == 1])
    assert alone.sum() > 100
    plan = take(plan, alone)
    found = {
        (stay, name.decode()): (start, prevalent)
        for stay, name, start, prevalent in zip(
            mart["stay_id"].tolist(), mart["exposure"].tolist(), mart["start_h"], mart["is_prevalent"], strict=True
        )
    }
    starts = control_starts(plan)
    for row, stay in enumerate(plan["stay_id"].tolist()):
        for drug, exposure in enumerate(EXPOSURES):
            start, prevalent = found.get((stay, exposure.name), (np.nan, False))
            assert prevalent == (plan["control_before"][row, drug] > 0)
            if not prevalent:
                assert start == pytest.approx(starts[row, drug], nan_ok=True)


def test_every_class_of_an_exposure_occurs() -> None:
    rows = meant(0)["negative_control_exposure"]
    for name in ("is_prevalent", "is_late", "is_short", "is_exposed"):
        by_exposure = {each: int(rows[name][rows["exposure"] == each.encode()].sum()) for each in NUMBER}
        assert min(by_exposure.values()) >= 1, name
    # two orders are enough, however short
    brief = (rows["ordered_h"] < 4) & ~rows["is_prevalent"]
    assert (brief & (rows["order_count"] >= 2)).any()
    assert not (rows["is_short"] & (rows["order_count"] >= 2)).any()
    assert not rows["is_exposed"][rows["is_prevalent"] | rows["is_late"] | rows["is_short"]].any()


def test_the_mart_has_the_history_of_the_plan() -> None:
    plan, mart = block().plan, meant(0)["negative_control_outcome"]
    row_of = {stay: row for row, stay in enumerate(plan["stay_id"].tolist())}
    row = np.array([row_of[stay] for stay in mart["stay_id"].tolist()])
    for number, null in enumerate(OUTCOMES):
        mine = mart["outcome"] == null.name.encode()
        planned = plan["null_outcomes"][row[mine], number]
        occurred, known = mart["occurred"][mine], mart["is_known"][mine]
        assert not occurred[~known].any()
        if null.name == "screening_positive":  # or another screen has grown something
            assert occurred.sum() >= (planned & known).sum() * 0.8
        elif null.name == "prior_year_admissions_two":
            assert np.array_equal(occurred, planned & plan["null_outcomes"][row[mine], number - 1])
        elif null.name == "mcv_low":  # whose cells are large has no small ones
            assert np.array_equal(occurred, planned & known & ~plan["null_outcomes"][row[mine], number - 1])
        else:
            assert np.array_equal(occurred, planned & known), null.name
        assert 0 < occurred.sum() < len(occurred), null.name


def test_the_pulse_is_slow_more_often_after_the_start() -> None:
    share = {True: [0, 0], False: [0, 0]}
    for number in range(3):
        made = block(number)
        plan = made.plan
        since = plan["intime"] + np.round(np.nan_to_num(plan["dex_start_h"], nan=4) * 3600).astype("timedelta64[s]")
        found = bradycardia(plan, made.intent, since)["bradycardia_48h"]
        for treated, counts in share.items():
            counts[0] += int(found[plan["dex_on"] == treated].sum())
            counts[1] += int((plan["dex_on"] == treated).sum())
    rate = {treated: slow / all_ for treated, (slow, all_) in share.items()}
    assert rate[True] > rate[False] + 0.1


def test_ease_of_a_small_data_set_is_judged() -> None:
    found = replicate(NONE, 600, seed=1)
    assert set(found["kind"]) == {PUBLISHED, WEIGHTED, HISTORY}
    ease = eases(found)
    rows = found[found["kind"] == WEIGHTED]
    assert ease.loc[1, WEIGHTED] == calibration.ease(calibration.fit_null(rows["log_ratio"], rows["error"]))
    assert judge(WEIGHTED, ease[WEIGHTED] * 0 + 0.1, is_planted=False) == "met"
    assert judge(WEIGHTED, ease[WEIGHTED] * 0 + 0.1, is_planted=True).startswith("NOT")
    assert judge(WEIGHTED, ease[WEIGHTED] * 0 + 0.4, is_planted=True).startswith("met")
    assert judge(PUBLISHED, ease[WEIGHTED] * 0 + 0.1, is_planted=False).startswith("NOT")
