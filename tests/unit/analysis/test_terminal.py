"""What a run shows, how it ends, and what a broken-off one leaves behind."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from analysis_py import run as command
from analysis_py.interrupt import terminable
from analysis_py.marts.profile import Target
from analysis_py.marts.read import Marts
from analysis_py.report.first_screen.screen import first_words
from analysis_py.report.output_folder import DBT_DOCS, replaced
from analysis_py.report.stages import Stages
from analysis_py.report.terminal import show, summary
from analysis_py.run import parse
from analysis_py.study.gate.run import with_gate
from analysis_py.study.read_marts import type_cohort
from analysis_py.study.results import Row
from analysis_py.study.study import Study, run_study
from analysis_py.study.suppression import HIDDEN, SUPPRESS_BELOW, suppress, suppress_flow
from analysis_py.study.trial.suppression import suppress_all

MakeCohort = Callable[..., pd.DataFrame]


@pytest.fixture
def study(make_cohort: MakeCohort, flow: pd.DataFrame) -> Study:
    cohort = type_cohort(make_cohort(300), "dexsic.analysis_cohort")
    return run_study(cohort, flow, 1, 1, lambda _: None)


@pytest.fixture
def without_database(monkeypatch: pytest.MonkeyPatch, make_cohort: MakeCohort, flow: pd.DataFrame) -> None:
    """The command on marts that need no server, and with a writer that is done at once."""
    cohort = type_cohort(make_cohort(300), "dexsic.analysis_cohort")

    def write(folder: Path, study: Study, flow: pd.DataFrame, below: int, *rest: object) -> list[Row]:
        (folder / "report.html").write_text("new")
        return suppress(study.rows, below)

    def run_once(cohort: pd.DataFrame, flow: pd.DataFrame, *rest: object) -> Study:
        return run_study(cohort, flow, 1, 1, lambda _: None)

    monkeypatch.setattr(command, "find_profiles", lambda _: Path())
    monkeypatch.setattr(command, "read_target", lambda *_: Target("dexsic", None, {}))
    monkeypatch.setattr(command, "read_marts", lambda _: Marts(cohort, cohort, flow, "300 generated ICU stays, seed 7"))
    monkeypatch.setattr(command, "run_study", run_once)
    monkeypatch.setattr(command, "write_results", write)


# --- what is shown -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_database")
def test_json_is_one_object_and_nothing_else_is_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--json", "--output", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["generated"] and "nothing here is evidence" in found["warning"]
    assert found["paths"]["report"] == str(tmp_path / "out" / "report.html")
    assert len(found["estimates"]) == 12
    assert {"estimate", "lower", "upper", "p_value", "n", "events"} <= set(found["estimates"][0])
    assert found["cohorts"]["full"]["control"]["n"] > 200
    assert found["largest_smd"]["matched"]["variable"]
    assert "writing" in told.err


@pytest.mark.usefixtures("without_database")
def test_quiet_says_where_the_report_is_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--quiet", "--output", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    assert told.out == f"{tmp_path / 'out' / 'report.html'}\n"
    assert told.err == ""


def test_the_terminal_and_the_json_show_counts_as_the_report_does(study: Study, tmp_path: Path) -> None:
    rows = [replace(row, events=7) if row.term == "died_28d_hospital" and row.events else row for row in study.rows]
    shown = suppress(rows, SUPPRESS_BELOW)
    text = io.StringIO()
    show(Console(file=text, width=100), study, shown)
    told = text.getvalue()
    deaths = told.partition("Deaths in hospital within 28 days")[2].partition("Hazard ratio")[0]
    assert deaths.count(f"<{SUPPRESS_BELOW}") == 4
    counts = summary(study, shown, tmp_path, SUPPRESS_BELOW)["cohorts"]["full"]
    assert counts["control"]["deaths_28d"] == counts["treated"]["deaths_28d"] == f"<{SUPPRESS_BELOW}"
    for part in ("Patients", "Hazard ratio", "Largest difference"):
        assert part in told


def test_a_log_gets_a_line_with_the_seconds_of_each_stage() -> None:
    log = io.StringIO()
    with Stages(Console(file=log), quiet=False) as say:
        for text in ("matching", "robustness: calipers", "robustness: strict", "writing"):
            say(text)
    lines = log.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["matching", "robustness", "writing", "total"]
    assert all(line.endswith(" s") for line in lines)


def test_stages_add_up_to_their_total_and_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    log = io.StringIO()
    with Stages(Console(file=log), quiet=False, loading=2.5) as say:
        for text in ("matching", "robustness: calipers", "robustness: strict", "writing"):
            now[0] += 1.0  # between the stages, too
            say(text)
            now[0] += 3.0
    lines = {line[:-9].strip(): float(line[-9:].removesuffix("s")) for line in log.getvalue().splitlines()}
    total = lines.pop("total")
    assert total == now[0] - 100.0 + 2.5 == sum(lines.values())
    assert lines == {"loading libraries": 2.5, "matching": 5.0, "robustness": 8.0, "writing": 3.0}


def test_stages_that_are_broken_off_have_no_total() -> None:
    log = io.StringIO()
    with pytest.raises(RuntimeError), Stages(Console(file=log), quiet=False) as say:
        say("matching")
        raise RuntimeError
    assert "total" not in log.getvalue()


def test_the_first_screen_comes_first_and_json_has_it_too(study: Study, tmp_path: Path) -> None:
    gated = replace(with_gate(study), generated="300 generated ICU stays, seed 7")
    rows = suppress_all(gated.rows, SUPPRESS_BELOW)
    text = io.StringIO()
    show(Console(file=text, width=160), gated, rows)
    lines = [line.strip() for line in text.getvalue().strip().splitlines()]
    first = first_words(gated, rows)
    assert lines[0].startswith("The patients are generated") and lines[1:3] == [first.question, first.answer]
    for line, number in zip(lines[3:6], first.numbers, strict=True):
        assert line.startswith(number.label) and number.value in line and line.endswith(number.note)
    assert lines[6] == "  ".join(f"{mark.sign} {mark.title}" for mark in first.marks) and len(first.marks) == 7
    narrow = io.StringIO()
    show(Console(file=narrow, width=60), gated, rows)
    marks = [line for line in narrow.getvalue().splitlines() if line.startswith(("  ✓", "  ✗", "  ~", "  –"))]
    assert len(marks) == 2 and all(len(line) <= 60 for line in marks)
    found = json.loads(json.dumps(summary(gated, rows, tmp_path, SUPPRESS_BELOW)))["first"]
    assert (found["question"], found["answer"]) == (first.question, first.answer)
    assert [one["value"] for one in found["numbers"]] == [one.value for one in first.numbers]
    assert found["numbers"][0]["label"] == "Generated patients"
    assert {mark["word"] for mark in found["marks"]} <= {"passes", "caution", "fails", "not evaluated"}
    assert set(found["marks"][0]) == {"title", "sign", "word", "value", "limit"}


def test_no_sentence_is_said_twice(study: Study) -> None:
    gated = with_gate(study)
    text = io.StringIO()
    show(Console(file=text, width=500), gated, suppress_all(gated.rows, SUPPRESS_BELOW))
    told = [line.strip() for line in text.getvalue().splitlines()]
    lines = [line for line in told if len(line) > 60 and "  " not in line]
    assert len(lines) > 4 and len(lines) == len(set(lines))


def test_help_tells_what_is_read_written_and_returned(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for part in ("reads", "writes", "examples:", "exit codes: 0 done; 1", "130 interrupted", "(default: 10)"):
        assert part in text


def test_wrong_usage_ends_with_2() -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--imputations", "none"])
    assert ended.value.code == 2


# --- how it ends ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_database")
@pytest.mark.parametrize("stage", ["read_marts", "run_study", "write_results"])
def test_an_interrupt_at_any_stage_leaves_the_earlier_results(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    with replaced(output) as folder:
        (folder / "report.html").write_text("old")

    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM if stage == "write_results" else signal.SIGINT)
        time.sleep(5)

    monkeypatch.setattr(command, stage, interrupt)
    assert command.main(["--output", str(output)]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert (output / "report.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


WRITER = """
import sys, time
from pathlib import Path
from analysis_py.interrupt import terminable
from analysis_py.report.output_folder import replaced
try:
    with terminable(), replaced(Path(sys.argv[1])) as folder:
        (folder / "report.html").write_text("half")
        print("writing", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_from_outside_leaves_no_half_written_folder(number: signal.Signals, tmp_path: Path) -> None:
    output = tmp_path / "out"
    with replaced(output) as folder:
        (folder / "report.html").write_text("old")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(output)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    assert len(list(tmp_path.iterdir())) == 2
    writer.send_signal(number)
    assert writer.wait(20) == 130
    assert (output / "report.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_signal_between_the_two_renames_does_not_lose_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"
    with replaced(output) as folder:
        (folder / "report.html").write_text("old")
    rename = Path.rename

    def signalled(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        os.kill(os.getpid(), signal.SIGINT)
        return moved

    with replaced(output) as folder:
        (folder / "report.html").write_text("new")
        monkeypatch.setattr(Path, "rename", signalled)
    assert (output / "report.html").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.usefixtures("without_database")
def test_the_documentation_of_the_models_stays_beside_the_report(tmp_path: Path) -> None:
    output, page = tmp_path / "out", tmp_path / "page.html"
    page.write_text("lineage")
    assert command.main(["--quiet", "--output", str(output), "--dbt-docs", str(page)]) == 0
    assert command.main(["--quiet", "--output", str(output)]) == 0
    assert (output / DBT_DOCS).read_text() == "lineage"


# --- small counts --------------------------------------------------------------------------------------------------


def died(group: str, events: int, n: int = 100, cohort: str = "full") -> list[Row]:
    """The rows that tell of the deaths in one group."""
    place = Row("outcomes", f"{cohort} {group}", term="died_28d_hospital", measure="percent", n=n, events=events)
    survival = Row("kaplan_meier", f"{cohort} {group}", "died_28d_hospital", measure="survival at day 28")
    return [
        replace(place, estimate=100 * events / n),
        replace(survival, n=n, events=events, estimate=1 - events / n, lower=0.1, upper=0.9),
    ]


def total(events: int, n: int = 200) -> Row:
    return Row("outcome_models", "full", "died_28d_hospital", "model 1", "treated", measure="HR", n=n, events=events)


def test_nine_is_hidden_by_default_and_ten_is_not() -> None:
    assert SUPPRESS_BELOW == 10
    assert [row.events for row in suppress([*died("control", 10), *died("treated", 10)], SUPPRESS_BELOW)] == [10] * 4
    assert suppress(died("control", 9), SUPPRESS_BELOW)[0].events == "<10"


def test_deaths_of_one_group_cannot_be_had_from_the_total_and_the_other_group() -> None:
    rows = suppress([*died("control", 50), *died("treated", 4), total(54)], 10)
    assert [row.events for row in rows] == [HIDDEN, HIDDEN, "<10", "<10", 54]
    assert all(row.estimate is None and row.lower is None for row in rows[:4])


def test_the_total_of_two_small_counts_is_hidden() -> None:
    rows = suppress([*died("control", 9), *died("treated", 9), total(18)], 10)
    assert [row.events for row in rows] == ["<10", "<10", "<10", "<10", HIDDEN]


def test_those_without_the_measured_thing_are_not_told_by_those_with_it() -> None:
    hours = Row("outcomes", "full treated", term="ventilation_h", measure="median", estimate=20.0, n=96)
    control = replace(hours, cohort="full control", n=70)
    both = Row("outcomes", "full", term="ventilation_h", measure="SMD", estimate=0.1, n=166)
    rows = suppress([*died("control", 50), *died("treated", 40), hours, control, both], 10)
    assert [(row.n, row.estimate) for row in rows[4:]] == [(HIDDEN, 20.0), (HIDDEN, 20.0), (HIDDEN, 0.1)]


def steps(*excluded: int, left: int) -> pd.DataFrame:
    after = [left + sum(excluded[at + 1 :]) for at in range(len(excluded))]
    before = [rest + gone for rest, gone in zip(after, excluded, strict=True)]
    flow = pd.DataFrame({"n_before": before, "n_excluded": list(excluded), "n_after": after})
    return flow.assign(step=range(1, len(excluded) + 1), rule="rule")


@pytest.mark.parametrize(
    ("flow", "excluded", "after"),
    [
        # nothing is hidden behind a step that took nobody: the next larger one is
        (steps(900, 3, 0, 700, left=500), [HIDDEN, "<10", 0, 700], [HIDDEN, 1200, 1200, 500]),
        (steps(3, 0, 700, left=500), ["<10", 0, HIDDEN], [HIDDEN, HIDDEN, 500]),
        # two small ones are not each other's cover
        (steps(1, 1, 700, left=500), ["<10", "<10", HIDDEN], [HIDDEN, HIDDEN, 500]),
        # a small rest would be told by what was taken
        (steps(900, 700, left=9), [900, HIDDEN], [709, "<10"]),
        (steps(900, 700, 9, left=0), [900, HIDDEN, "<10"], [709, "<10", 0]),
        # no step is large enough to hide behind
        (steps(0, 4, left=500), [HIDDEN, "<10"], [HIDDEN, 500]),
    ],
)
def test_no_small_step_can_be_computed_from_the_flow(
    flow: pd.DataFrame, excluded: list[object], after: list[object]
) -> None:
    shown = suppress_flow(flow, 10)
    assert shown["n_excluded"].tolist() == excluded
    assert shown["n_after"].tolist() == after
    assert shown["n_before"].tolist()[1:] == after[:-1]
    for before, gone, rest in shown[["n_before", "n_excluded", "n_after"]].itertuples(index=False):
        assert [isinstance(count, str) for count in (before, gone, rest)].count(True) != 1


def test_a_flow_of_open_data_is_shown_whole() -> None:
    flow = steps(3, 0, 1, left=2)
    assert suppress_flow(flow, 0)["n_excluded"].tolist() == [3, 0, 1]


@pytest.mark.parametrize("seconds", [0.25, 0.5, 0.8])
def test_ctrl_c_while_libraries_are_imported_shows_no_traceback(seconds: float, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "analysis_py.run", "--profiles-dir", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=restore_interrupts) as started:
        time.sleep(seconds)
        started.send_signal(signal.SIGINT)
        _, told = started.communicate(timeout=60)
    # 1: it was faster, and has found no profile
    assert started.returncode in (130, 1) and "Traceback" not in told


def restore_interrupts() -> None:
    """A test run in the background has them switched off, and hands that on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_closed_terminal_does_not_end_what_nohup_has_begun() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with terminable():
            os.kill(os.getpid(), signal.SIGHUP)
        with pytest.raises(KeyboardInterrupt), terminable():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
