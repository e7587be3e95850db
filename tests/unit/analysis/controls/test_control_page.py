"""The controls' section of the page, the terminal, the JSON and the command: a reader sees the numbers of the rows."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from analysis_py import controls as command
from analysis_py import run as study_command
from analysis_py.marts.profile import Target
from analysis_py.marts.read import Marts
from analysis_py.report.controls.words import ABSENT, TITLE
from analysis_py.report.present import write_results
from analysis_py.report.terminal import show, summary
from analysis_py.study.analyses.cohorts import Completed
from analysis_py.study.controls.calibrate import CALIBRATED, EASE, MEDIAN
from analysis_py.study.controls.found import DRUG, EXPOSURE, OUTCOME
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.results import Row, find
from analysis_py.study.study import Study, run_study, with_controls
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.trial.designs import PRIMARY, PUBLISHED_MATCHED
from analysis_py.study.trial.frames import make_frames
from analysis_py.study.trial.run import Trial
from tests.unit.analysis.conftest import _make_cohort
from tests.unit.analysis.controls.conftest import EXPOSURES, Made

pytestmark = pytest.mark.needs_half_an_hour

FLOW = pd.DataFrame({"step": [1], "rule": ["Sepsis-3"], "n_before": [900], "n_excluded": [200], "n_after": [700]})
SEED = 1


@pytest.fixture(scope="module")
def base() -> Study:
    return run_study(type_cohort(_make_cohort(700), "mart"), FLOW, 1, SEED, lambda _: None)


@pytest.fixture(scope="module")
def study(base: Study, made: Made) -> Study:
    """Its trial has no rows of its own here: what the controls ask of it are its tables."""
    definitions = Definitions.of(base.build)
    frames = make_frames(made.trial, definitions, base.build.drug, SEED)
    weights = pd.DataFrame({"clone": [], "weight": []})
    trial = Trial(made.trial, definitions, 2, [], weights, frames=frames)
    found = with_controls(replace(base, trial=trial), made.marts, SEED, lambda _: None)
    return replace(found, trial=None)


class Output:
    """What a study leaves behind."""

    def __init__(self, folder: Path, study: Study) -> None:
        folder.mkdir()
        self.folder, self.study = folder, study
        self.rows: list[Row] = write_results(folder, study, FLOW, 10, SEED)
        self.page = (folder / "report.html").read_text(encoding="utf-8")
        self.section = re.findall(r'<section id="controls".*?</section>', self.page, re.DOTALL)[0]


@pytest.fixture(scope="module")
def output(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Output:
    return Output(tmp_path_factory.mktemp("controls") / "output", study)


def row(output: Output, measure: str, design: str, kind: str = EXPOSURE) -> Row:
    cohort = {PUBLISHED_MATCHED: "full", PRIMARY: "trial"}[design]
    found = next(
        one for one in output.rows if (one.cohort, one.model, one.level, one.measure) == (cohort, design, kind, measure)
    )
    assert found.estimate is not None
    return found


def test_the_drug_of_the_published_design_is_table_twos(output: Output) -> None:
    theirs = find(
        output.rows, "robustness", "matched", model="model 1", outcome="died_28d_hospital",
        level="standard error clustered on pair",
    )  # fmt: skip
    own = row(output, "HR", PUBLISHED_MATCHED, DRUG)
    assert theirs is not None
    assert (own.estimate, own.lower, own.p_value) == (theirs.estimate, theirs.lower, theirs.p_value)


def test_the_page_says_what_the_rows_say(output: Output) -> None:
    assert TITLE in output.section
    words = " ".join(re.sub("<[^>]+>", " ", output.section).split())
    for design in (PUBLISHED_MATCHED,):
        median, error = row(output, MEDIAN, design), row(output, EASE, design)
        assert f"the median of their hazard ratios is {median.estimate:.2f} (quartiles {median.lower:.2f} to" in words
        assert f"systematic error (EASE) {error.estimate:.2f} (95 % {error.lower:.2f} to {error.upper:.2f})" in words
        own, calibrated = row(output, "HR", design, DRUG), row(output, CALIBRATED, design)
        assert (
            f"{own.estimate:.2f} (95 % CI {own.lower:.2f} to {own.upper:.2f}), is {calibrated.estimate:.2f} (95 % CI"
            f" {calibrated.lower:.2f} to {calibrated.upper:.2f})" in words
        )
    # seven hundred patients in sixty covariates are too few for the weights to make any exposure's clones alike
    assert "As the trial, 0 of 8 exposures that cannot change death count: 5 are needed" in words
    error = row(output, EASE, PRIMARY, OUTCOME)
    assert f"give an EASE of {error.estimate:.2f} (95 % {error.lower:.2f} to {error.upper:.2f})" in words
    assert "odds ratio" in words
    assert output.page.index('id="controls"') > output.page.index('id="trial"')


def test_tables_and_figure_have_every_control(output: Output) -> None:
    table = pd.read_csv(output.folder / "tables" / "controls.csv")
    assert {name.capitalize() for name in EXPOSURES} < set(table["Control"])
    line = table.set_index("Control").loc["Senna"]
    own = next(one for one in output.rows if (one.term, one.model, one.measure) == ("senna", PRIMARY, "HR"))
    assert line["As the trial: ratio (95 % CI)"] == f"{own.estimate:.2f} ({own.lower:.2f}–{own.upper:.2f})"
    treated = next(
        one for one in output.rows if (one.term, one.model, one.cohort) == ("senna", PRIMARY, "trial treated")
    )
    assert line["As the trial: events / n with it"] == f"{treated.events} / {treated.n}"
    calibration = pd.read_csv(output.folder / "tables" / "controls_calibration.csv")
    assert len(calibration) == 4
    assert (output.folder / "figures" / "controls_funnel.svg").is_file()
    assert "Funnel plots of the controls" in output.section


def test_no_small_count_is_anywhere(output: Output) -> None:
    own = pd.DataFrame([vars(one) for one in output.rows if one.analysis in ("controls", "calibration")])
    for column in ("n", "events"):
        assert not own[column].map(lambda count: isinstance(count, int) and 0 < count < 10).any()
    assert (own["n"] == "<10").any() or (own["events"] == "<10").any()


def test_terminal_and_json_have_them(output: Output) -> None:
    text = StringIO()
    show(Console(file=text, width=200), output.study, output.rows)
    assert "controls: As published, " in text.getvalue()
    told = summary(output.study, output.rows, output.folder, 10)["controls"]
    error = next(one for one in told[PRIMARY]["calibration"] if (one["controls"], one["measure"]) == (OUTCOME, EASE))
    assert error["estimate"] == row(output, EASE, PRIMARY, OUTCOME).estimate
    assert {one["control"] for one in told[PUBLISHED_MATCHED]["estimates"] if one["kind"] == EXPOSURE} > {*EXPOSURES}
    json.dumps(told)


def test_without_them_the_page_says_so_in_one_line_and_all_else_is_as_before(
    base: Study, output: Output, tmp_path: Path
) -> None:
    without = Output(tmp_path / "output", base)
    assert ABSENT.replace("`", "") in re.sub("<[^>]+>|`", "", without.section)
    assert without.rows == [one for one in output.rows if one.analysis not in ("controls", "calibration")]
    assert not list((without.folder / "tables").glob("controls*"))
    assert summary(base, without.rows, without.folder, 10)["controls"] is None


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def marts(monkeypatch: pytest.MonkeyPatch, made: Made, base: Study) -> Callable[..., None]:
    """A build that holds the controls of `made`, but for what is changed."""

    def held(**changed: object) -> None:
        found = Marts(
            type_cohort(_make_cohort(700), "mart"), base.full, FLOW, "", trial=made.trial, controls=made.marts
        )
        monkeypatch.setattr(command, "find_profiles", lambda _: Path())
        monkeypatch.setattr(command, "read_target", lambda *_: Target("dexsic", None, {}))
        monkeypatch.setattr(command, "read_marts", lambda _: replace(found, **changed))  # type: ignore[arg-type]

    return held


def test_the_command_gives_what_the_run_gives(
    marts: Callable[..., None], output: Output, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marts()
    folder = tmp_path / "out"
    assert command.main(["--output", str(folder), "--only", "senna,gout"]) == 0
    found = pd.read_csv(folder / "controls.csv", dtype=str).query("analysis == 'controls'")
    theirs = pd.read_csv(output.folder / "results.csv", dtype=str).query("analysis == 'controls'")
    theirs = theirs[theirs["term"].isin(["senna", "gout", "dexmedetomidine"])]
    pd.testing.assert_frame_equal(found.reset_index(drop=True), theirs.reset_index(drop=True))
    assert {path.name for path in folder.iterdir()} == {
        ".dexsic-output", "controls.csv", "controls_funnel.png", "controls_funnel.svg",
    }  # fmt: skip
    assert oct(folder.joinpath("controls.csv").stat().st_mode & 0o777) == "0o600"
    told = capsys.readouterr().out
    assert "Senna" in told
    assert "Famotidine" not in told
    assert "not evaluated" in told
    before = (folder / "controls.csv").read_bytes()
    assert command.main(["--output", str(folder), "--only", "senna,gout", "--json", "--quiet"]) == 0
    assert (folder / "controls.csv").read_bytes() == before
    assert set(json.loads(capsys.readouterr().out)["controls"]) == {PUBLISHED_MATCHED, PRIMARY}


def test_the_folder_of_a_run_takes_the_files_and_the_next_run_the_folder(
    marts: Callable[..., None], output: Output
) -> None:
    marts()
    assert command.main(["--output", str(output.folder), "--only", "senna", "--quiet"]) == 1  # not marked as ours
    (output.folder / ".dexsic-output").touch()
    before = (output.folder / "report.html").read_bytes()
    assert command.main(["--output", str(output.folder), "--only", "senna", "--quiet"]) == 0
    assert (output.folder / "report.html").read_bytes() == before
    study_command.refuse_foreign(output.folder)


@pytest.mark.parametrize(
    ("changed", "options", "code", "said"),
    [
        ({"controls": None}, [], 1, "tag controls"),
        ({}, ["--only", "heparin"], 1, "there is no control heparin"),
        ({"trial": None}, ["--only", "senna", "--quiet"], 0, ""),
    ],
)
def test_what_cannot_be_done_is_explained(
    marts: Callable[..., None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, object],
    options: list[str],
    code: int,
    said: str,
) -> None:
    marts(**changed)
    assert command.main(["--output", str(tmp_path / "out"), *options]) == code
    assert said in capsys.readouterr().err
    assert (tmp_path / "out").exists() == (code == 0)


def test_an_interrupt_leaves_nothing_half_written(
    marts: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marts()
    assert command.main(["--output", str(tmp_path / "out"), "--only", "senna", "--quiet"]) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "control_figures", interrupted)
    assert command.main(["--output", str(tmp_path / "out"), "--only", "gout", "--quiet"]) == 130
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("options", [["--only", " ,"], ["--seed", "-1"], ["--suppress-below", "x"]])
def test_wrong_usage(options: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.parse(options)
    assert ended.value.code == 2


def test_nobody_in_the_cohort_or_the_trial(
    marts: Callable[..., None], made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = made.completed.copies[0].iloc[:0]
    marts(cohort=empty)
    assert command.main(["--output", str(tmp_path / "out")]) == 1
    assert "nobody is in the cohort" in capsys.readouterr().err
    nobody = replace(made.marts, stays=made.marts.stays.iloc[:0])
    found = with_controls(
        Study(empty, Completed((empty,), pd.DataFrame(), ()), None, "", []), nobody, SEED, lambda _: None, 1
    )
    assert "nobody is eligible but for the exposure" in found.remarks[0]
