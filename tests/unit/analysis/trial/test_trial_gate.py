"""The gate over a whole study: its numbers recomputed, its marks wherever an estimate stands, the head of the page."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import StringIO
from math import exp, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from docx import Document
from rich.console import Console
from scipy import stats

from analysis_py import run as command
from analysis_py.marts.profile import Target
from analysis_py.marts.read import Marts
from analysis_py.marts.trial import TrialMarts, type_trial
from analysis_py.report.captions.shown import Shown
from analysis_py.report.first_screen.screen import first_screen
from analysis_py.report.gate.sentence import answer_of
from analysis_py.report.gate.tables import SIGNS, checks_table
from analysis_py.report.pictures import draw
from analysis_py.report.present import write_results
from analysis_py.report.tables.cells import CAUTION_MARK, FAIL_MARK, ratio, told_interval
from analysis_py.report.terminal import show, summary
from analysis_py.report.trial.tables import designs_table
from analysis_py.statistics.diagnostics import preference_score
from analysis_py.statistics.propensity import fit_propensity
from analysis_py.statistics.trial import clones
from analysis_py.study.analyses.pooling import main_row
from analysis_py.study.controls.calibrate import EASE as EASE_MEASURE
from analysis_py.study.controls.calibrate import USED
from analysis_py.study.estimators import names
from analysis_py.study.gate import checks
from analysis_py.study.gate.checks import (
    BALANCE,
    CHECKS,
    EASE,
    EQUIPOISE,
    EVENTS,
    FAIL,
    KEPT,
    NOT_EVALUATED,
    PASS,
    POWER,
    WEIGHTS,
    Verdict,
)
from analysis_py.study.gate.marks import mark_of, marked, place_of, without_mark
from analysis_py.study.gate.rows import ANALYSIS, PUBLISHED, verdicts, verdicts_of
from analysis_py.study.gate.run import with_gate
from analysis_py.study.read_marts import TRIAL_NEEDED, type_cohort
from analysis_py.study.results import Row, find
from analysis_py.study.study import Study, run_study, with_trial
from analysis_py.study.suppression import suppress_flow
from analysis_py.study.trial.designs import PRIMARY, PUBLISHED_CRUDE, PUBLISHED_MATCHED, SEQUENTIAL, UNWEIGHTED, WAYS
from analysis_py.study.trial.suppression import suppress_all
from analysis_py.study.variables import DEATH_28D, DEATH_28D_ANYWHERE, TABLE_ONE, TREATMENT, TRIAL_OUTCOMES

pytestmark = pytest.mark.needs_half_an_hour

MakeMarts = Callable[..., dict[str, pd.DataFrame]]
MakeCohort = Callable[..., pd.DataFrame]
SEED, RESAMPLES, GRACE = 1, 4, 48
FLOW = pd.DataFrame({"step": [1], "rule": ["Sepsis-3"], "n_before": [700], "n_excluded": [300], "n_after": [400]})
Z = float(stats.norm.ppf(0.8) + stats.norm.ppf(0.975))


def calibration(ease: float, used: int, design: str = PRIMARY, cohort: str = "trial") -> list[Row]:
    """What the controls leave behind of a design."""
    place = Row("calibration", cohort, model=design, level="exposure")
    return [
        replace(place, measure=USED, estimate=float(used)),
        replace(place, measure=EASE_MEASURE, estimate=ease, lower=ease / 2, upper=2 * ease),
    ]


@pytest.fixture(scope="module")
def trial_marts(make_marts: MakeMarts) -> TrialMarts:
    return type_trial(make_marts(500), "dexsic", TRIAL_NEEDED)


@pytest.fixture(scope="module")
def before(make_cohort: MakeCohort, trial_marts: TrialMarts) -> Study:
    """Without the gate."""
    base = run_study(type_cohort(make_cohort(400), "mart"), FLOW, 1, SEED, lambda _: None)
    return with_trial(base, trial_marts, SEED, lambda _: None, RESAMPLES)


@pytest.fixture(scope="module")
def study(before: Study) -> Study:
    """With the gate, and with controls that show systematic error of the published design alone."""
    controls = [*calibration(0.08, 20), *calibration(0.31, 20, PUBLISHED_MATCHED, "full")]
    return with_gate(replace(before, rows=[*before.rows, *controls]))


def of(study: Study, cohort: str, model: str, outcome: str = DEATH_28D) -> dict[str, Verdict]:
    found = verdicts_of(study.rows, cohort, outcome, model)
    assert [one.check for one in found] == list(CHECKS)
    return {one.check: one for one in found}


# --- the numbers ------------------------------------------------------------------------------------------------------


def test_every_design_has_every_check(study: Study) -> None:
    places = set(verdicts(study.rows))
    expected = {("matched", DEATH_28D, PUBLISHED)}
    expected |= {("full", DEATH_28D, name) for name in ("published, crude", "published, adjusted")}
    expected |= {("trial", outcome, way.name) for outcome in TRIAL_OUTCOMES for way in WAYS}
    expected |= {(names.cohort_of(name), DEATH_28D, name) for name in names.ESTIMATORS}
    assert places == expected
    for found in verdicts(study.rows).values():
        assert [one.check for one in found] == list(CHECKS)


def test_the_published_estimate_s_numbers_are_those_of_its_pairs(study: Study) -> None:
    found, matched, full = of(study, "matched", PUBLISHED), study.matched, study.full
    assert matched is not None
    score = preference_score(matched.propensity, full[TREATMENT].astype(bool))
    assert found[EQUIPOISE].value == pytest.approx(((score >= 0.3) & (score <= 0.7)).mean())
    deaths = int(matched.data[DEATH_28D].sum())
    assert found[POWER].value == pytest.approx(exp(Z / sqrt(deaths / 4)))
    assert found[WEIGHTS].value == len(matched.data) / 2
    assert found[KEPT].value == pytest.approx(len(matched.data) / 2 / full[TREATMENT].sum())
    main = main_row(study.rows)
    assert main is not None and found[EVENTS].value == main.events_per_coefficient
    largest = max(
        row.estimate or 0
        for row in study.rows
        if (row.analysis, row.cohort, row.measure) == ("balance", "matched", "SMD")
    )
    assert found[BALANCE].value == largest
    assert (found[EASE].value, found[EASE].verdict) == (0.31, FAIL)


def test_the_estimators_numbers_are_those_of_their_weights(study: Study) -> None:
    for name in (names.IPTW_ATE, names.OVERLAP, names.MATCHED_2, names.AIPW):
        found = of(study, names.cohort_of(name), name)
        own = [row for row in study.rows if (row.analysis, row.model) == (names.WEIGHTS_ANALYSIS, name)]
        sizes = {row.cohort.split(" ")[-1]: row for row in own if row.measure == names.ESS}
        effective = {group: row.estimate or 0 for group, row in sizes.items()}
        assert found[WEIGHTS].value == min(effective.values())
        largest = next(row.estimate for row in own if row.measure == names.LARGEST_SMD)
        assert found[BALANCE].value == pytest.approx(largest)
        n = {group: int(row.n or 0) for group, row in sizes.items()}
        share = n["treated"] / sum(n.values())
        events = sum(int(row.events or 0) for row in sizes.values())
        assert found[POWER].value == pytest.approx(exp(Z / sqrt(events * share * (1 - share))))
        kept = effective["treated"] / study.full[TREATMENT].sum()
        about_all = name in (names.IPTW_ATE, names.AIPW)
        assert found[KEPT].value == pytest.approx(1.0 if about_all else kept)
        assert found[EQUIPOISE].value == of(study, "matched", PUBLISHED)[EQUIPOISE].value
        assert found[EASE].verdict == NOT_EVALUATED


def test_a_weighted_estimator_has_one_coefficient(study: Study) -> None:
    events = int(study.full[DEATH_28D].sum())
    assert of(study, "full", names.IPTW_ATE)[EVENTS].value == events
    assert of(study, "full", "published, crude")[EVENTS].value == events
    adjusted = of(study, "full", names.ADJUSTED)[EVENTS].value
    assert adjusted is not None and adjusted < events / 20


@pytest.mark.parametrize("outcome", TRIAL_OUTCOMES)
def test_the_primary_s_balance_is_that_of_its_clones(study: Study, outcome: str) -> None:
    """Clones beyond the grace period by their weights; decisions pooled by the number who start at each."""
    trial = study.trial
    assert trial is not None and trial.frames is not None
    frames = trial.frames
    patients = frames.of(outcome, trial.marts.outcomes)
    design = clones(patients, frames.intervals, covariates=frames.treatment)
    rows = design.rows()
    beyond = rows[rows["start"] >= GRACE]
    known = pd.get_dummies(frames.patients.set_index("id")[list(frames.baseline)], drop_first=True).astype(float)
    largest = 0.0
    for column in known.loc[beyond["id"]].to_numpy().T:
        sides = [
            (column[arm], beyond.loc[arm, "weight"].to_numpy()) for arm in (beyond["clone"] == 1, beyond["clone"] == 0)
        ]
        spread = sqrt(sum(values.var() for values, _ in sides) / 2)
        means = [np.average(values, weights=weights) for values, weights in sides]
        if spread > 1e-9:
            largest = max(largest, abs(means[0] - means[1]) / spread)
    found = of(study, "trial", PRIMARY, outcome)[BALANCE]
    assert found.value is not None and found.value == pytest.approx(largest, rel=1e-6)
    decisions = of(study, "trial", SEQUENTIAL, outcome)[BALANCE]
    table = design.decisions().merge(frames.intervals, on=["id", "k"])
    means_by_column: dict[str, list[tuple[float, int]]] = {}
    current = pd.get_dummies(
        table[[name for name in frames.treatment if name.endswith(("_now", "_missing"))]], drop_first=True
    ).astype(float)
    for _, here in table.groupby("k"):
        starts = here["starts"].to_numpy(dtype=bool)
        weights = 1 / np.where(starts, here["probability"], 1 - here["probability"])
        for name in current.columns:
            column = current.loc[here.index, name].to_numpy()
            spread = sqrt((column[starts].var() + column[~starts].var()) / 2)
            if spread > 1e-9:
                gap = np.average(column[starts], weights=weights[starts]) - np.average(
                    column[~starts], weights=weights[~starts]
                )
                means_by_column.setdefault(name, []).append((gap / spread, int(starts.sum())))
    averaged = [
        abs(np.average([gap for gap, _ in each], weights=[n for _, n in each])) for each in means_by_column.values()
    ]
    assert decisions.value == pytest.approx(max(averaged), rel=1e-6)
    unweighted = of(study, "trial", UNWEIGHTED, outcome)[BALANCE].value
    assert decisions.value is not None and unweighted is not None and decisions.value < unweighted / 2


def test_the_trial_s_equipoise_power_and_kept_are_those_of_its_patients(study: Study) -> None:
    trial = study.trial
    assert trial is not None and trial.frames is not None
    patients = trial.frames.of(DEATH_28D, trial.marts.outcomes)
    starts = patients["start_h"] < GRACE
    propensity = fit_propensity(patients.assign(starts=starts), "starts", trial.frames.baseline)
    share = preference_score(propensity, starts).between(0.3, 0.7).mean()
    p = starts.mean()
    found = of(study, "trial", PRIMARY)
    assert found[EQUIPOISE].value == pytest.approx(share)
    assert found[POWER].value == pytest.approx(exp(Z / sqrt(patients["died"].sum() * p * (1 - p))))
    assert (found[KEPT].value, found[EVENTS].value) == (1.0, patients["died"].sum())
    sizes = [
        find(study.rows, "trial", f"trial {group}", outcome=DEATH_28D, model=PRIMARY, measure="effective sample size")
        for group in ("treated", "control")
    ]
    assert found[WEIGHTS].value == min(row.estimate or 0 for row in sizes if row is not None)
    assert (found[EASE].value, found[EASE].verdict) == (0.08, PASS)
    crude = of(study, "trial", PUBLISHED_CRUDE)
    stayed = patients["icu_end_h"] >= 48
    treated = starts & (patients["duration_h"] >= 4) & stayed
    never = patients["start_h"].isna() & stayed
    assert crude[KEPT].value == pytest.approx(treated.sum() / starts.sum())
    died = patients.loc[treated | never, "died"].sum()
    share = treated.sum() / (treated | never).sum()
    assert crude[POWER].value == pytest.approx(exp(Z / sqrt(died * share * (1 - share))))
    matched = of(study, "trial", PUBLISHED_MATCHED)
    pairs = find(study.rows, "trial", "trial treated", outcome=DEATH_28D, model=PUBLISHED_MATCHED, measure="risk")
    assert pairs is not None and matched[KEPT].value == pytest.approx(int(pairs.n or 0) / starts.sum())
    after, groups = matched[BALANCE].value, crude[BALANCE].value
    assert after is not None and groups is not None and after < groups / 2


def test_the_controls_are_about_the_paper_s_outcome_and_two_designs(study: Study) -> None:
    evaluated = {place for place, found in verdicts(study.rows).items() if found[-1].verdict != NOT_EVALUATED}
    assert evaluated == {("matched", DEATH_28D, PUBLISHED), ("trial", DEATH_28D, PRIMARY)}
    assert of(study, "trial", PRIMARY, DEATH_28D_ANYWHERE)[EASE].verdict == NOT_EVALUATED


def test_four_controls_are_too_few(before: Study) -> None:
    found = of(with_gate(replace(before, rows=[*before.rows, *calibration(0.08, 4)])), "trial", PRIMARY)
    assert found[EASE].verdict == NOT_EVALUATED and "5 are needed" in found[EASE].note


# --- the marks --------------------------------------------------------------------------------------------------------


def test_each_estimate_of_a_failed_design_is_marked_and_no_other(study: Study, before: Study) -> None:
    old = {id(row): row for row in before.rows}
    assert len(old) == len(before.rows)
    by_place = verdicts(study.rows)
    counted = dict.fromkeys((FAIL, ""), 0)
    for row, unmarked in zip(study.rows, before.rows, strict=False):
        assert without_mark(row.note) == unmarked.note and replace(row, note=unmarked.note) == unmarked
        place = place_of(row)
        failed = [one.check for one in by_place.get(place, []) if one.verdict == FAIL] if place is not None else []
        if row.estimate is not None and failed:
            assert mark_of(row.note) == FAIL and row.note.endswith(f"fails the gate: {', '.join(failed)}")
            counted[FAIL] += 1
        else:
            assert mark_of(row.note) != FAIL
            counted[""] += 1
    assert min(counted.values()) > 50
    main = main_row(study.rows)
    assert main is not None and "EASE" in main.note


def test_what_belongs_to_which_design() -> None:
    ratio = Row("", "matched", DEATH_28D, "model 3", TREATMENT, measure="HR", estimate=0.7)
    published, primary = ("matched", DEATH_28D, PUBLISHED), ("trial", DEATH_28D, PRIMARY)
    for analysis in ("outcome_models", "pooled_clustered", "pooled_event_df", "subgroup", "exposure_dose_tertiles"):
        assert place_of(replace(ratio, analysis=analysis)) == published
    assert place_of(replace(ratio, analysis="robustness", level="another caliper")) is None
    full = replace(ratio, analysis="outcome_models", cohort="full")
    assert place_of(replace(full, model="model 1")) == ("full", DEATH_28D, "published, crude")
    assert place_of(replace(full, model="model 2")) == place_of(full) == ("full", DEATH_28D, "published, adjusted")
    assert place_of(replace(full, cohort="zigong")) is None
    assert place_of(Row("table_one", "matched treated", term="age_years", measure="median", estimate=70)) is None
    trial = Row("trial", "trial", DEATH_28D, PRIMARY, TREATMENT, measure="risk difference", estimate=0.1)
    assert place_of(trial) == primary
    assert place_of(replace(trial, measure="risk", cohort="trial treated")) is None
    estimator = Row(names.ANALYSIS, "full", DEATH_28D, names.OVERLAP, TREATMENT, "extended", "RD", 0.1)
    assert place_of(estimator) == ("full", DEATH_28D, "overlap weights, extended")
    control = Row("controls", "trial", DEATH_28D, PRIMARY, "dexmedetomidine", "drug", "HR", 0.7)
    assert place_of(control) == primary
    assert place_of(replace(control, level="exposure", term="senna")) is None


def test_marking_twice_is_marking_once(study: Study) -> None:
    assert marked(study.rows) == study.rows


# --- what a reader sees -----------------------------------------------------------------------------------------------


class Told:
    """What a study says in rows, in the terminal and to a program."""

    def __init__(self, study: Study, below: int = 10) -> None:
        self.study, self.rows = study, suppress_all(study.rows, below)
        stream = StringIO()
        show(Console(file=stream, width=250), study, self.rows)
        self.terminal = stream.getvalue()
        self.verdict = json.loads(json.dumps(summary(study, self.rows, Path(), below)))["verdict"]


class Made(Told):
    """The same, with everything that it leaves behind."""

    def __init__(self, folder: Path, study: Study) -> None:
        super().__init__(study)
        folder.mkdir()
        self.folder = folder
        self.rows = write_results(folder, study, FLOW, 10, SEED)
        self.page = (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("gate") / "output", study)


def unescaped(page: str) -> str:
    return page.replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def test_the_first_sentence_is_at_the_top_of_the_page_the_terminal_and_in_json(made: Made) -> None:
    found = answer_of(made.rows, made.study.build.drug, made.study.trial)
    assert found is not None
    (first, *_) = re.findall(r'<p class="lead">(.*?)</p>', unescaped(made.page))
    assert first == found.first
    assert made.terminal.strip().splitlines()[1] == found.short
    told = made.verdict
    assert told == {
        "sentence": found.sentence,
        "may_be_read_as_effect": found.may_be_read,
        "failed": list(found.failed),
        "not_evaluated": list(found.not_evaluated),
    }
    primary = of(made.study, "trial", PRIMARY)
    assert told["failed"] == [check for check in CHECKS if primary[check].verdict == FAIL]
    hazard = find(made.rows, "trial", "trial", outcome=DEATH_28D, model=PRIMARY, measure="HR")
    assert hazard is not None and f"{hazard.estimate:.2f}, 95 % CI {hazard.lower:.2f}" in first
    assert "published design, which fails" in first


def test_the_first_screen_s_numbers_are_those_of_results_csv(made: Made) -> None:
    first = first_screen(Shown(made.study, made.rows, suppress_flow(FLOW, 10), 10), {})
    results = pd.read_csv(made.folder / "results.csv", keep_default_na=False)
    place = (results["outcome"] == DEATH_28D) & (results["model"] == PRIMARY)
    trial = results[place & (results["analysis"] == "trial")]

    def number(measure: str, column: str = "estimate", cohort: str = "trial") -> float:
        return float(trial.loc[(trial["measure"] == measure) & (trial["cohort"] == cohort), column].item())

    patients, risks, difference = first.numbers
    flow = results[(results["analysis"] == "flow") & (results["measure"] == "n_after")].set_index("cohort")["n"]
    assert patients.value == f"{int(flow['trial'].iloc[-1]):,}"
    assert patients.note == "eligible for the trial; 400 in the published cohort"
    shares = [100 * number("risk", cohort=f"trial {group}") for group in ("treated", "control")]
    assert risks.value == f"{shares[0]:.1f} % with, {shares[1]:.1f} % without"
    assert difference.value.split(" points")[0] == f"{100 * number('risk difference'):+.1f}"
    limits = [100 * number("risk difference", column) for column in ("lower", "upper")]
    assert difference.note == f"95 % CI {limits[0]:+.1f} to {limits[1]:+.1f}"
    assert f"{number('HR'):.2f}, 95 % CI {number('HR', 'lower'):.2f} to {number('HR', 'upper'):.2f}" in first.answer
    levels = results.loc[place & (results["analysis"] == ANALYSIS) & (results["cohort"] == "trial"), "level"]
    assert [mark.sign for mark in first.marks] == [SIGNS[level] for level in levels] and len(levels) == len(CHECKS)


def test_the_first_screen_s_picture_shows_both_designs(study: Study, tmp_path: Path) -> None:
    rows = suppress_all(study.rows, 0)
    shown = Shown(study, rows, FLOW, 0)
    pictures = draw(tmp_path, shown)
    first = first_screen(shown, pictures)
    assert first.picture is not None and first.instead == ""
    svg = (tmp_path / "first.svg").read_text(encoding="utf-8")
    main, hazard = (
        main_row(rows),
        find(rows, "trial", "trial", outcome=DEATH_28D, model=PRIMARY, measure="HR"),
    )
    for row in (main, hazard):
        assert row is not None and row.estimate is not None and row.lower is not None and row.upper is not None
        assert f"HR {ratio(row.estimate, row.lower, row.upper)}" in svg
        assert told_interval(row) in first.picture.alternative
    failed = [one for one in of(study, "matched", PUBLISHED).values() if one.verdict == FAIL]
    assert len(failed) > 1 and f"fails {len(failed)} checks" in svg
    published, trial = first.picture.panels
    assert published.y_limits == trial.y_limits
    last = find(rows, "trial_curve", "trial treated", outcome=DEATH_28D, level="28")
    assert last is not None and trial.curves[1].name == "With dexmedetomidine"
    assert trial.curves[1].y[-1] == pytest.approx(100 * (last.estimate or 0), abs=1e-3)
    died = find(rows, "outcomes", "matched treated", term=DEATH_28D)
    assert died is not None and published.curves[1].y[-1] == pytest.approx(died.estimate, abs=1e-3)
    for name in ("trial_curves", "kaplan_meier"):
        assert len(pictures[name].panels) == 2


def test_the_section_is_the_first_and_its_table_has_the_rows_numbers_and_signs(made: Made) -> None:
    anchors = re.findall(r'<section id="([^"]+)"', made.page)
    assert anchors[:3] == ["first", "words", "checks"] and "May it be believed?" in made.page
    table = checks_table(made.rows)
    assert list(pd.read_csv(made.folder / "tables" / "gate_checks.csv")["Design"]) == list(table["Design"])
    primary = table[table["Design"] == "Clone, censor, weight (primary)"].iloc[0]
    found = of(made.study, "trial", PRIMARY)
    assert primary["EASE"] == "0.08 ✓" and primary["In equipoise"] == f"{100 * (found[EQUIPOISE].value or 0):.0f} % ✓"
    section = made.page.split('<section id="checks">')[1].split("</section>")[0]
    for word in ("passes", "fails", "not evaluated"):
        assert f'<span class="unseen">{word}</span>' in section
    for check in CHECKS:
        assert checks.LIMITS[check] in unescaped(section)
    assert "would have been found with 80 % power" in section
    assert "agrees" not in section


def test_marks_stand_beside_numbers_everywhere_with_their_meaning(made: Made) -> None:
    row = find(made.rows, "outcome_models", "full", outcome=DEATH_28D, model="model 1")
    assert row is not None and row.estimate is not None
    shown = f"{row.estimate:.2f} ({row.lower:.2f}–{row.upper:.2f})"
    assert f"{shown} {FAIL_MARK}" in made.terminal and f"{FAIL_MARK} fails the gate" in made.terminal
    table = pd.read_csv(made.folder / "tables" / "table2_models.csv", keep_default_na=False).astype(str)
    assert table.map(lambda cell: cell.startswith(shown) and FAIL_MARK in cell).any(axis=None)
    designs = pd.read_csv(made.folder / "tables" / "trial_designs.csv", keep_default_na=False)
    crude = designs[designs["Design"] == "Published definition, crude"]
    for column in ("HR (95 % CI)", "Risk difference, points (95 % CI)", "Risk ratio (95 % CI)"):
        assert crude[column].str.endswith(f" {FAIL_MARK}").all()
    assert f'<span class="fails-the-gate"><span aria-hidden="true">{FAIL_MARK}</span>' in made.page
    document = Document(str(made.folder / "manuscript" / "tables.docx"))
    assert any(f"{FAIL_MARK} fails the gate." in paragraph.text for paragraph in document.paragraphs)
    assert f"{FAIL_MARK} fails the gate" in made.page.split('id="trial"')[1]
    for name in ("trial_forest", "robustness", "kaplan_meier"):
        svg = (made.folder / "figures" / f"{name}.svg").read_text(encoding="utf-8")
        assert FAIL_MARK in svg, name
    written = pd.read_csv(made.folder / "results.csv", keep_default_na=False)
    assert written.loc[written["analysis"] == "outcome_models", "note"].str.contains("fails the gate").any()
    assert set(written.loc[written["analysis"] == ANALYSIS, "term"]) == set(CHECKS)
    assert [column for column in written.columns if column != "generated"][-1] == "events_per_coefficient"


def test_no_p_value_is_bold(made: Made) -> None:
    """Of no design at all: so of none that fails."""
    p_value = re.compile(r"\bp\s*(=|&lt;|<)\s*0?\.\d")
    for tag in ("<b>", "<strong>", '<th scope="rowgroup"[^>]*><span>', "<h2>"):
        for text in re.findall(f"{tag}[^<]*", made.page):
            assert not p_value.search(text), text
    document = Document(str(made.folder / "manuscript" / "tables.docx"))
    for table in document.tables:
        for line in table.rows:
            for cell in line.cells:
                for run in (run for paragraph in cell.paragraphs for run in paragraph.runs if run.bold):
                    assert not p_value.search(run.text), run.text
    latex = (made.folder / "manuscript" / "tables.tex").read_text(encoding="utf-8")
    assert not any(p_value.search(text) for text in re.findall(r"\\textbf\{([^}]*)\}", latex))
    stream = StringIO()
    show(Console(file=stream, width=250, force_terminal=True), made.study, made.rows)
    for text in re.findall(r"\x1b\[1[;m].*?\x1b\[0m", stream.getvalue()):
        assert not p_value.search(text), text


def test_what_is_read_as_an_effect_is_not_marked(before: Study) -> None:
    """The same study where every check of the primary passes: no mark, and the sentence says that it may be read."""
    gated = with_gate(replace(before, rows=[*before.rows, *calibration(0.08, 20)]))
    rows = [
        replace(row, level=PASS, note="")
        if (row.analysis, row.model) == (ANALYSIS, PRIMARY)
        else replace(row, note=without_mark(row.note))
        for row in gated.rows
    ]
    told = Told(replace(gated, rows=marked(rows)))
    assert told.verdict["may_be_read_as_effect"] and "This may be read" in told.terminal
    designs = designs_table(told.rows)
    primary = designs.loc[designs["Design"].str.contains("primary"), "HR (95 % CI)"]
    assert not primary.str.contains(f"{FAIL_MARK}|{CAUTION_MARK}").any()
    crude = designs.loc[designs["Design"] == "Published definition, crude", "HR (95 % CI)"]
    assert crude.str.contains(FAIL_MARK).all()


# --- what is not there ------------------------------------------------------------------------------------------------


def small_numbers(rows: Sequence[Row], below: int) -> list[Row]:
    return [row for row in rows if any(isinstance(count, int) and 0 < count < below for count in (row.n, row.events))]


def test_small_counts_are_hidden_and_the_verdicts_stay(make_marts: MakeMarts, before: Study) -> None:
    marts = type_trial(make_marts(60), "dexsic", TRIAL_NEEDED)
    base = replace(before, rows=[row for row in before.rows if row.cohort.split(" ")[0] != "trial"], trial=None)
    gated = with_gate(with_trial(base, marts, SEED, lambda _: None, 2))
    own = [row for row in Told(gated).rows if row.analysis == ANALYSIS]
    assert not small_numbers(own, 10)
    assert not any(isinstance(row.n, int) and row.n for row in own)  # a verdict needs no counts
    kept = {(row.cohort, row.outcome, row.model, row.term): row.level for row in gated.rows if row.analysis == ANALYSIS}
    assert {(row.cohort, row.outcome, row.model, row.term): row.level for row in own} == kept
    for row in gated.rows:
        if row.analysis != ANALYSIS or row.cohort != "trial" or row.term not in (POWER, EVENTS, WEIGHTS, KEPT):
            continue
        if any(isinstance(count, int) and 0 < count < 10 for count in (row.n, row.events)):
            shown = find(own, ANALYSIS, "trial", outcome=row.outcome, model=row.model, term=row.term)
            assert shown is not None and shown.estimate is None
    assert any(row.analysis == ANALYSIS and isinstance(row.n, int) for row in Told(gated, 0).rows)


def test_without_the_trial_the_published_design_is_no_effect(before: Study) -> None:
    base = replace(before, rows=[row for row in before.rows if row.cohort.split(" ")[0] != "trial"], trial=None)
    told = Told(with_gate(base)).verdict
    assert not told["may_be_read_as_effect"]
    assert "the build left out the trial" in told["sentence"]


@pytest.mark.parametrize("patients", [0, 2, 40])
def test_a_trial_of_nobody_or_few_is_refused(
    make_marts: MakeMarts, before: Study, tmp_path: Path, patients: int
) -> None:
    frames = make_marts(max(patients, 1))
    if not patients:
        frames |= {name: frame.iloc[:0] for name, frame in frames.items() if name != "trial_flow"}
    base = replace(before, rows=[row for row in before.rows if row.cohort.split(" ")[0] != "trial"], trial=None)
    gated = with_gate(with_trial(base, type_trial(frames, "dexsic", TRIAL_NEEDED), SEED, lambda _: None, 2))
    told = Told(gated).verdict if patients else Made(tmp_path / "output", gated).verdict
    assert not told["may_be_read_as_effect"] and (told["failed"] or told["not_evaluated"])
    if patients == 40:
        assert "too few" in told["sentence"]


def test_a_cohort_of_one_kind_has_verdicts_too(make_cohort: MakeCohort, tmp_path: Path) -> None:
    cohort = make_cohort(120).assign(treated=False)
    gated = with_gate(run_study(type_cohort(cohort, "mart"), FLOW, 1, SEED, lambda _: None))
    found = of(gated, "matched", PUBLISHED)
    assert {one.verdict for one in found.values()} == {NOT_EVALUATED}
    assert not Made(tmp_path / "output", gated).verdict["may_be_read_as_effect"]


def test_without_the_gate_nothing_is_said(before: Study, tmp_path: Path) -> None:
    made = Made(tmp_path / "output", before)
    assert made.verdict is None
    assert 'id="checks"' not in made.page and FAIL_MARK not in made.terminal


def test_the_command_runs_the_gate_last(
    before: Study,
    trial_marts: TrialMarts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    marts = Marts(before.full, before.full, FLOW, "", trial=trial_marts)
    monkeypatch.setattr(command, "find_profiles", lambda _: Path())
    monkeypatch.setattr(command, "read_target", lambda *_: Target("dexsic", None, {}))
    monkeypatch.setattr(command, "read_marts", lambda _: marts)
    monkeypatch.setattr(command, "run_study", lambda *_: replace(before, trial=None, rows=[]))
    monkeypatch.setattr(command, "with_trial", lambda *_: before)
    assert command.main(["--output", str(tmp_path / "out"), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)["verdict"]
    assert told["sentence"].startswith("Asked whether starting dexmedetomidine within 48 h")
    assert EASE in told["not_evaluated"] and not told["may_be_read_as_effect"]


def test_all_variables_of_table_one_are_in_the_balance(study: Study) -> None:
    compared = {
        row.term for row in study.rows if (row.analysis, row.cohort, row.measure) == ("balance", "matched", "SMD")
    }
    assert compared == {variable.name for variable in TABLE_ONE}
