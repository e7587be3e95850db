"""`python -m analysis_py.multiverse`: its files, going on after an interrupt, and the page."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis_py import multiverse as command
from analysis_py import run as study_command
from analysis_py.marts.read import Marts
from analysis_py.report.multiverse.folder import FILES, UNFINISHED, keep_multiverse, read_multiverse
from analysis_py.report.multiverse.words import ABSENT
from analysis_py.report.output_folder import MARKER
from analysis_py.study.analyses.cohorts import Completed
from analysis_py.study.multiverse import run as engine
from analysis_py.study.multiverse.found import Found
from analysis_py.study.multiverse.record import Record

pytestmark = pytest.mark.needs_half_an_hour

BUILD = "0123456789ab"
ONLY = "estimator=IPTW, ATE,estimator=matched 1:1, model 1,caliper=caliper 0.05 SD,heparin=any in the ICU"
WEIGHTED = "estimator=IPTW, ATT,organs=four organs,follow_up=day28,heparin=any in the ICU,heparin=infusion"


@pytest.fixture
def marts(make_marts: Callable[..., Marts], monkeypatch: pytest.MonkeyPatch) -> Callable[[Marts], None]:
    """What the commands read instead of a database; can be changed."""

    def show(marts: Marts) -> None:
        for module in (command, study_command):
            monkeypatch.setattr(module, "read_marts", lambda _: marts)
            monkeypatch.setattr(module, "find_profiles", lambda _: None)
            monkeypatch.setattr(module, "read_target", lambda *_: None)

    show(make_marts(200))
    # in this process, so that what is replaced here is replaced there
    monkeypatch.setattr(engine, "in_parallel", _one_by_one)
    return show


def _one_by_one(work: Callable[..., Any], common: tuple[Any, ...], items: list[Any], *_: object) -> Iterator[Any]:
    for item in items:
        yield work(*common, item)


def files_of(output: Path) -> dict[str, bytes]:
    folder = output / "multiverse"
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def section(output: Path) -> str:
    (found,) = re.findall(r'<section id="multiverse".*?</section>', (output / "report.html").read_text(), re.DOTALL)
    return str(found)


@pytest.mark.usefixtures("marts")
def test_it_leaves_specifications_summary_and_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "output"
    assert command.main(["--output", str(output), "--only", WEIGHTED, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(files_of(output)) == set(FILES)
    table = pd.read_csv(output / "multiverse" / "specifications.csv", keep_default_na=False)
    assert len(table) == printed["multiverse"]["specifications"] == 4
    assert set(table["estimator"]) == {"IPTW, ATT"}
    assert set(table["sic"]) == {"paper", "strict"}
    assert printed["multiverse"]["by_choice"][0]["value"] == "all"
    assert printed["report"] is None
    assert (output / MARKER).is_file()
    assert all(path.stat().st_mode & 0o077 == 0 for path in [output / "multiverse", *(output / "multiverse").iterdir()])


@pytest.mark.usefixtures("marts")
@pytest.mark.parametrize(
    ("only", "told"),
    [("heparin=some", "heparin is never 'some' here: infusion"), ("organ=four", "no choice 'organ'"), ("x", "'x' is")],
)
def test_what_is_not_known_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], only: str, told: str
) -> None:
    assert command.main(["--output", str(tmp_path / "output"), "--only", only]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "output").exists()


@pytest.mark.usefixtures("marts")
def test_a_folder_of_others_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").touch()
    assert command.main(["--output", str(tmp_path), "--only", WEIGHTED]) == 1
    assert "thesis.tex" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_interrupted_run_goes_on_and_gives_the_same_bytes(
    tmp_path: Path,
    marts: Callable[[Marts], None],
    make_marts: Callable[..., Marts],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert command.main(["--output", str(whole), "--only", ONLY, "--quiet"]) == 0
    assert capsys.readouterr().out == f"{whole / 'multiverse' / 'specifications.csv'}\n"

    calls = interrupt_after(3, monkeypatch)
    assert command.main(["--output", str(parts), "--only", ONLY]) == 130
    assert "--resume goes on" in capsys.readouterr().err
    assert len(calls) == 4
    assert set(files_of(parts)) == {UNFINISHED}
    assert (parts / "multiverse" / UNFINISHED).stat().st_mode & 0o777 == 0o600
    with (parts / "multiverse" / UNFINISHED).open("a") as file:
        file.write('{"published|died_28d_hospital|paper|four')  # as a process leaves it that is killed

    more = interrupt_after(99, monkeypatch)
    assert command.main(["--output", str(parts), "--only", ONLY, "--resume"]) == 0
    assert files_of(parts) == files_of(whole)
    assert len(calls) - 1 + len(more) == 8  # of eight cohorts none is reckoned twice

    # what there is of an interrupted run of another build is not taken
    calls = interrupt_after(1, monkeypatch)
    assert command.main(["--output", str(parts), "--only", ONLY]) == 130
    assert set(files_of(parts)) == {UNFINISHED, *FILES}, "earlier results stay as they were"
    marts(make_marts(200, "another"))
    capsys.readouterr()
    more = interrupt_after(99, monkeypatch)
    assert command.main(["--output", str(parts), "--only", ONLY, "--resume"]) == 0
    assert "is of another build or seed: this one starts anew" in capsys.readouterr().err
    assert len(more) == 8


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ctrl-C after so many cohorts; gives the list of those that are begun."""
    begun: list[str] = []
    own = of_adjustment

    def counted(completed: Completed, adjustment: str, wanted: Any) -> list[Found]:
        begun.append(wanted[0].key)
        if len(begun) > count:
            raise KeyboardInterrupt
        return own(completed, adjustment, wanted)

    monkeypatch.setattr(engine, "of_adjustment", counted)
    return begun


of_adjustment = engine.of_adjustment


@pytest.mark.usefixtures("marts")
def test_without_resume_it_says_that_it_starts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--output", str(tmp_path / "output"), "--only", WEIGHTED]
    interrupt_after(1, monkeypatch)
    assert command.main(arguments) == 130
    begun = interrupt_after(99, monkeypatch)
    assert command.main(arguments) == 0
    assert "an interrupted run is there: this one starts anew" in capsys.readouterr().err
    assert len(begun) == 3  # two of the four readings keep the same patients
    assert command.main([*arguments, "--resume"]) == 0
    assert "nothing to resume: from the start" in capsys.readouterr().err


def test_a_record_of_no_build_or_of_another_seed_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / UNFINISHED
    Record(path, "0123", 1).begin({})
    assert Record(path, "0123", 1).is_ours()
    assert not Record(path, "0123", 2).is_ours()
    assert not Record(path, "4567", 1).is_ours()
    Record(path, "", 1).begin({})
    assert not Record(path, "", 1).is_ours()


def test_any_number_of_processes_finds_the_same(make_marts: Callable[..., Marts]) -> None:
    marts = make_marts(150)
    wanted = [
        one
        for one in engine.known_specifications(marts)
        if one.estimator == "overlap weights" and one.heparin == "infusion"
    ]
    alone, together = (engine.find_all(marts, wanted, 1, lambda _: None, processes=count) for count in (1, 2))
    assert alone == together


# --- the page -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("marts")
def test_the_page_shows_the_multiverse_and_a_new_run_keeps_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "output"
    study = ["--output", str(output), "--imputations", "1", "--json"]
    assert study_command.main(study) == 0
    assert json.loads(capsys.readouterr().out)["multiverse"] is None
    assert ABSENT.split("`")[0] in section(output)

    page = (output / "report.html").read_text()
    assert command.main(["--output", str(output), "--only", WEIGHTED]) == 0
    assert f"and in {output / 'report.html'}" in capsys.readouterr().out
    shown = section(output)
    assert "4 specifications of one question" in shown and "multiverse_curve.svg" in shown
    assert (
        page.split('<section id="multiverse"')[0]
        == (output / "report.html").read_text().split('<section id="multiverse"')[0]
    )
    assert (output / "report.html").stat().st_mode & 0o777 == 0o600

    # a new run of the same build keeps it, and shows the same
    before = files_of(output)
    assert study_command.main(study) == 0
    assert json.loads(capsys.readouterr().out)["multiverse"]["specifications"] == 4
    assert files_of(output) == before
    assert section(output) == shown


@pytest.mark.usefixtures("marts")
def test_what_is_of_another_build_or_shows_more_is_not_kept(tmp_path: Path) -> None:
    output = tmp_path / "output"
    assert command.main(["--output", str(output), "--only", WEIGHTED]) == 0
    for name, (build, below) in {"same": (BUILD, 10), "less": (BUILD, 5)}.items():
        keep_multiverse(output / "multiverse", tmp_path / name, build, below)
        assert {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} == files_of(output)
        assert read_multiverse(tmp_path / name, build, below) is not None
    for name, (build, below) in {"other": ("4567", 10), "more": (BUILD, 11), "none": ("", 10)}.items():
        keep_multiverse(output / "multiverse", tmp_path / name, build, below)
        assert not (tmp_path / name).exists()
        assert read_multiverse(output / "multiverse", build, below) is None
    (output / "multiverse" / "about.json").write_text("{}")
    assert read_multiverse(output / "multiverse", BUILD, 10) is None


@pytest.mark.parametrize(("of", "changes"), [(BUILD, True), ("4567", False)])
@pytest.mark.usefixtures("marts")
def test_a_page_of_another_build_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], of: str, changes: bool
) -> None:
    output = tmp_path / "output"
    (output / "tables").mkdir(parents=True)
    (output / MARKER).touch()
    (output / "tables" / "versions.csv").write_text(f"What,Value\nData fingerprint,{of}\n")
    page = '<p>before</p><section id="multiverse">\nnothing\n</section><section id="outcomes">after</section>'
    (output / "report.html").write_text(page)
    assert command.main(["--output", str(output), "--only", WEIGHTED]) == 0
    now = (output / "report.html").read_text()
    assert (now != page) == changes == ("report.html" in capsys.readouterr().out.splitlines()[-1])
    assert now.startswith('<p>before</p><section id="multiverse"')
    assert now.endswith('</section><section id="outcomes">after</section>')


def test_results_of_generated_patients_are_marked(
    tmp_path: Path, marts: Callable[[Marts], None], make_marts: Callable[..., Marts], capsys: pytest.CaptureFixture[str]
) -> None:
    marts(replace(make_marts(200), generated="200 generated ICU stays, seed 7, none"))
    output = tmp_path / "output"
    assert command.main(["--output", str(output), "--only", WEIGHTED]) == 0
    assert "The patients are generated" in capsys.readouterr().out
    table = pd.read_csv(output / "multiverse" / "specifications.csv")
    assert table["note"].str.endswith("generated patients").all()


def test_the_trial_is_among_them(make_marts: Callable[..., Marts]) -> None:
    marts = make_marts(120, with_trial=True)
    wanted = [one for one in engine.known_specifications(marts) if one.design == "trial"]
    found = engine.find_all(marts, wanted, 1, lambda _: None, processes=1)
    assert len(found) == 22
    primary = next(one for one in found if one.specification.estimator == "clone-censor-weight")
    assert primary.estimate is not None or primary.note
    crude = next(one for one in found if one.specification.estimator == "published, crude")
    assert crude.checks.smd is None and crude.checks.verdict in ("not evaluated", "fail")
