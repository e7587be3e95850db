"""The section of the page, its files, the terminal and the checklist: a reader sees the numbers of the rows."""

import json
import pickle
import re
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from docx import Document
from rich.console import Console

from analysis_py import run as command
from analysis_py.marts.profile import Target
from analysis_py.marts.read import Marts
from analysis_py.marts.trial import TrialMarts, type_trial
from analysis_py.report import pictures
from analysis_py.report.captions.shown import Shown
from analysis_py.report.present import write_results
from analysis_py.report.terminal import show, summary
from analysis_py.report.trial.words import ABSENT, TITLE
from analysis_py.statistics.trial import bootstrap, clones
from analysis_py.study.read_marts import TRIAL_NEEDED, type_cohort
from analysis_py.study.results import Row
from analysis_py.study.study import Study, run_study, with_trial
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.trial.designs import PRIMARY, WAYS
from analysis_py.study.trial.frames import make_frames
from analysis_py.study.variables import DEATH_28D, TRIAL_OUTCOMES

MakeMarts = Callable[..., dict[str, pd.DataFrame]]
MakeCohort = Callable[..., pd.DataFrame]
SEED, RESAMPLES = 1, 10
TABLES = ("trial_protocol", "trial_flow", "trial_designs", "trial_clones", "trial_positivity", "trial_balance")


class Text(HTMLParser):
    """The words of the section on the trial."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.words = False, list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self.inside = ("id", "trial") in attrs

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside and data.strip():
            self.words.append(" ".join(data.split()))


def section(folder: Path) -> list[str]:
    reader = Text()
    reader.feed((folder / "report.html").read_text(encoding="utf-8"))
    return reader.words


class Made:
    """A study with everything that it leaves behind."""

    def __init__(self, folder: Path, study: Study, flow: pd.DataFrame, below: int) -> None:
        folder.mkdir()
        self.folder, self.study, self.below = folder, study, below
        self.rows: list[Row] = write_results(folder, study, flow, below, SEED)
        self.words = section(folder)


@pytest.fixture(scope="module")
def trial_marts(make_marts: MakeMarts) -> TrialMarts:
    return type_trial(make_marts(700), "dexsic", TRIAL_NEEDED)


@pytest.fixture(scope="module")
def make_study(make_cohort: MakeCohort) -> Callable[[TrialMarts | None], Study]:
    """All else of the study is made once."""
    base = run_study(type_cohort(make_cohort(250), "mart"), FLOW, 1, SEED, lambda _: None)

    def made(marts: TrialMarts | None) -> Study:
        return base if marts is None else with_trial(base, marts, SEED, lambda _: None, RESAMPLES)

    return made


FLOW = pd.DataFrame({"step": [1], "rule": ["Sepsis-3"], "n_before": [900], "n_excluded": [650], "n_after": [250]})


@pytest.fixture(scope="module")
def made(
    trial_marts: TrialMarts,
    make_study: Callable[[TrialMarts | None], Study],
    tmp_path_factory: pytest.TempPathFactory,
) -> Made:
    return Made(tmp_path_factory.mktemp("trial") / "output", make_study(trial_marts), FLOW, 10)


def test_figures_drawn_in_a_process_that_shares_nothing_are_the_same(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where processes are spawned, not forked: all that a process is given is sent to it."""

    def sent(work: Callable[..., object], common: tuple[object, ...], names: list[str]) -> list[object]:
        return [work(*pickle.loads(pickle.dumps((*common, name)))) for name in names]  # noqa: S301 (our own)

    monkeypatch.setattr(pictures, "in_parallel", sent)
    pictures.draw(tmp_path, Shown(made.study, made.rows, FLOW, made.below))
    drawn = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert {"propensity_overlap.svg", "trial_weights.png"} < set(drawn)
    assert drawn == {file.name: file.read_bytes() for file in (made.folder / "figures").iterdir()}


def test_the_reader_sees_the_estimators_numbers(made: Made, trial_marts: TrialMarts) -> None:
    definitions = Definitions.of(made.study.build)
    frames = make_frames(trial_marts, definitions, made.study.build.drug, SEED)
    design = clones(frames.of(DEATH_28D, trial_marts.outcomes), frames.intervals, covariates=frames.treatment)
    result, draws = design.result(), bootstrap(design, RESAMPLES, SEED, processes=1)
    lower, upper = draws.interval("hazard_ratio")
    told = f"{result.hazard_ratio:.2f} (95 % CI {lower:.2f} to {upper:.2f})"
    first = next(line for line in made.words if "would die in hospital within 28 days" in line)
    assert told in first
    assert f"{100 * result.risk1:.1f} %" in first and f"{100 * result.risk0:.1f} %" in first
    low, high = (100 * end for end in draws.interval("difference"))
    difference = f"{100 * result.difference:+.1f} ({low:+.1f} to {high:+.1f})"
    assert difference in first
    cells = made.words[made.words.index("Clone, censor, weight (primary)") :]
    assert cells[1:3] == [
        f"{sum(result.events.values()):,} / {sum(result.patients.values()):,}",
        f"{result.hazard_ratio:.2f} ({lower:.2f}–{upper:.2f})",
    ]
    assert difference in cells[:12]
    assert f"{max(result.max_weight.values()):,.1f}" in cells[:12]
    assert f"{result.ess[True]:,.0f} / {result.ess[False]:,.0f}" in cells[:12]


def test_every_design_stands_there_for_both_outcomes_and_in_results_csv(made: Made) -> None:
    written = pd.read_csv(made.folder / "results.csv")
    own = written[written["analysis"] == "trial"]
    for way in WAYS:
        assert made.words.count(way.title) == len(TRIAL_OUTCOMES)
        assert set(own.loc[own["model"] == way.name, "outcome"]) == set(TRIAL_OUTCOMES)
    assert {"trial_clones", "trial_weights", "trial_positivity", "trial_balance", "trial_curve"} <= set(
        written["analysis"]
    )
    assert (written.loc[written["cohort"] == "trial", "analysis"] == "flow").any()


def test_the_section_says_what_the_difference_between_the_rows_means(made: Made) -> None:
    (sentence,) = [line for line in made.words if line.startswith("All rows are of the same patients")]
    published = next(row for row in made.rows if (row.model, row.measure) == ("published, matched", "HR"))
    assert f"{published.estimate:.2f} (95 % CI" in sentence
    assert "no effect of the drug" in sentence


def test_tables_and_figures_are_files_too(made: Made) -> None:
    for name in TABLES:
        assert len(pd.read_csv(made.folder / "tables" / f"{name}.csv"))
    for name in ("trial_clone_flow", "trial_curves", "trial_forest", "trial_balance_over_time", "trial_weights"):
        assert (made.folder / "figures" / f"{name}.svg").stat().st_size
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    assert len(re.findall(r"<img[^>]*alt=\"(?:Curves of risk|Histograms of weights|Dot plots)", page)) == 3


def test_word_and_latex_hold_the_page_s_numbers(made: Made) -> None:
    table = pd.read_csv(made.folder / "tables" / "trial_designs.csv", keep_default_na=False)
    document = Document(str(made.folder / "manuscript" / "tables.docx"))
    printed = {cell.text for grid in document.tables for line in grid.rows for cell in line.cells}
    latex = (made.folder / "manuscript" / "tables.tex").read_text(encoding="utf-8")
    for ratio in table["HR (95 % CI)"]:
        assert ratio in printed or ratio.startswith("not estimable")
    assert "Protocol of the target trial and its emulation" in latex
    primary = table.loc[table["Design"].str.contains("primary"), "Effective size"].iloc[0]
    assert primary in printed and primary in latex


def test_the_terminal_and_json_tell_the_trial(made: Made) -> None:
    stream = StringIO()
    show(Console(file=stream, width=200), made.study, made.rows)
    lines = [line for line in stream.getvalue().splitlines() if line.startswith("trial: ")]
    assert len(lines) == 1 and "no effect of the drug" in lines[0]  # the numbers are on the first screen
    assert "Dead in hospital by day 28" in stream.getvalue()
    found = json.loads(json.dumps(summary(made.study, made.rows, made.folder, made.below)))["trial"]
    assert (found["primary"], found["grace_h"], found["resamples"]) == (PRIMARY, 48, RESAMPLES)
    own = next(row for row in made.rows if (row.model, row.measure) == (PRIMARY, "HR"))
    told = next(one for one in found["estimates"] if (one["design"], one["measure"]) == (PRIMARY, "HR"))
    assert (told["estimate"], told["lower"], told["n"]) == (own.estimate, own.lower, own.n)


def test_the_command_runs_the_trial_that_the_marts_hold(
    make_study: Callable[[TrialMarts | None], Study],
    trial_marts: TrialMarts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    base = make_study(None)
    marts = Marts(base.full, base.full, FLOW, "", trial=trial_marts)
    monkeypatch.setattr(command, "find_profiles", lambda _: Path())
    monkeypatch.setattr(command, "read_target", lambda *_: Target("dexsic", None, {}))
    monkeypatch.setattr(command, "read_marts", lambda _: marts)
    monkeypatch.setattr(command, "run_study", lambda *_: base)
    monkeypatch.setattr(command, "with_trial", partial(with_trial, resamples=2))
    assert command.main(["--output", str(tmp_path / "out"), "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)["trial"]
    assert found["resamples"] == 2
    assert {one["design"] for one in found["estimates"]} == {way.name for way in WAYS}
    assert section(tmp_path / "out")[0] == TITLE


def test_the_checklist_has_every_item_of_target(made: Made) -> None:
    filled = pd.read_csv(made.folder / "tables" / "checklist.csv")
    items = filled.loc[filled["item"].str.startswith("TARGET "), "item"].str.removeprefix("TARGET ")
    assert set(items.str.rstrip("abcdefgh").astype(int)) == set(range(1, 22))
    for number in "67":
        assert {f"{number}{letter}" for letter in "abcdefgh"} <= set(items)
    answers = dict(zip(filled["item"], filled["answer"], strict=True))
    assert "within 48 h" in answers["TARGET 6b"]
    assert "would die in hospital" in answers["TARGET 13"]


def test_without_the_trial_the_page_says_so_in_one_line_and_all_else_is_as_before(
    make_study: Callable[[TrialMarts | None], Study], made: Made, tmp_path: Path
) -> None:
    without = Made(tmp_path / "output", make_study(None), FLOW, 10)
    assert without.words == [TITLE, ABSENT]
    assert without.rows == [row for row in made.rows if row.cohort.split(" ")[0] != "trial"]
    assert not list((without.folder / "tables").glob("trial_*"))
    assert not any(
        line.startswith("TARGET") for line in pd.read_csv(without.folder / "tables" / "checklist.csv")["item"]
    )
    assert summary(without.study, without.rows, without.folder, 10)["trial"] is None


@pytest.mark.needs_half_an_hour
@pytest.mark.parametrize("patients", [0, 2, 40])
def test_a_trial_of_nobody_or_few_is_said_and_not_a_crash(
    make_marts: MakeMarts, make_study: Callable[[TrialMarts | None], Study], tmp_path: Path, patients: int
) -> None:
    frames = make_marts(max(patients, 1))
    if not patients:
        frames |= {name: frame.iloc[:0] for name, frame in frames.items() if name != "trial_flow"}
    made = Made(tmp_path / "output", make_study(type_trial(frames, "dexsic", TRIAL_NEEDED)), FLOW, 10)
    assert any("cannot be estimated" in line for line in made.words) or patients == 40
    designs = pd.read_csv(made.folder / "tables" / "trial_designs.csv")["Design"].tolist()
    assert designs.count("Sequential trials, intention to treat") == len(TRIAL_OUTCOMES)
    if not patients:
        assert any(line.startswith(f"None of {len(designs)} lines can be estimated") for line in made.words)
        assert any("nobody is eligible for the trial" in remark for remark in made.study.remarks)


def test_small_counts_are_on_no_part_of_the_page(
    make_marts: MakeMarts, make_study: Callable[[TrialMarts | None], Study], tmp_path: Path
) -> None:
    marts = type_trial(make_marts(60), "dexsic", TRIAL_NEEDED)
    made = Made(tmp_path / "output", make_study(marts), FLOW, 10)
    written = pd.read_csv(made.folder / "results.csv", dtype=str)
    own = written[written["analysis"].str.startswith("trial")]
    for column in ("n", "events"):
        counts = pd.to_numeric(own[column], errors="coerce").dropna()
        assert not ((counts > 0) & (counts < 10)).any()
