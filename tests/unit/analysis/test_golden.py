"""The whole study of ../shared/reference/study against R, and that the comparison sees what is wrong."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis_py.statistics.errors import NotEstimable
from analysis_py.study.results import Row
from analysis_py.study.study import Study
from analysis_py.study.suppression import suppress
from tests.golden import __main__ as command
from tests.golden.compare import Tally, compare_rows, compare_tables
from tests.golden.folder import Record, Reference, read_reference
from tests.golden.ours import GivenCopies, build, compare_study

pytestmark = pytest.mark.needs_shared

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "study"
Found = tuple[Reference, Study, GivenCopies]


@pytest.fixture(scope="module")
def found() -> Found:
    reference = read_reference(REFERENCE)
    return reference, *build(reference)


def test_every_row_of_the_results_is_that_of_r(found: Found) -> None:
    tallies = compare_study(*found)
    assert {name: tally.faults for name, tally in tallies.items() if tally.faults} == {}
    known = [tally for tally in tallies.values() if not tally.unknown]
    assert sum(tally.equal for tally in known) == sum(tally.expected for tally in known)
    assert sum(tallies[name].equal for name in {record["analysis"] for record in found[0].expected}) == len(
        found[0].expected
    )


def change(place: dict[str, str], **cells: str) -> Callable[[list[Record]], list[Record]]:
    def changed(records: list[Record]) -> list[Record]:
        chosen = [record for record in records if place.items() <= record.items()]
        assert len(chosen) == 1
        return [record | cells if record is chosen[0] else record for record in records]

    return changed


HAZARD = {"analysis": "outcome_models", "cohort": "matched", "outcome": "died_28d_hospital", "model": "model 3"}


@pytest.mark.parametrize(
    ("damage", "faults"),
    [
        (change(HAZARD, estimate="0.5"), ["estimate is"]),
        (change(HAZARD, p_value=""), ["p_value is"]),
        (change(HAZARD, n="429"), ["n is 428, not 429"]),
        (change(HAZARD, estimate="", how="not estimable: separation"), ["estimate is", "should be not estimable"]),
        (change(HAZARD, model="model 4"), ["missing in ours", "not in the reference"]),
        (lambda records: [record for record in records if not HAZARD.items() <= record.items()], ["not in the ref"]),
        (lambda records: [record for record in records if record["analysis"] != "outcome_models"], []),
    ],
)
def test_one_damaged_number_of_the_reference_is_seen(
    found: Found, damage: Callable[[list[Record]], list[Record]], faults: list[str]
) -> None:
    reference, study, _ = found
    tallies = compare_rows(suppress(study.rows, 0), damage(reference.expected))
    told = [fault for tally in tallies.values() for fault in tally.faults]
    assert len(told) == len(faults) and all(part in fault for part, fault in zip(faults, told, strict=True)), told
    # what the reference does not know at all is told, and no fault
    assert (tallies["outcome_models"].unknown > 0) == (not faults)


def test_numbers_are_equal_within_the_tolerance_and_counts_exactly() -> None:
    row = Row("a", "full", estimate=1.0, n=10)
    record = dict.fromkeys(("outcome", "model", "term", "level", "measure", "lower", "upper", "p_value", "events"), "")
    record |= {"analysis": "a", "cohort": "full", "estimate": "1.000001", "n": "10", "tolerance": "2e-06", "how": "R"}
    for change, equal in (({}, 1), ({"tolerance": "9e-07"}, 0), ({"n": "11"}, 0), ({"n": ""}, 0), ({"lower": "1"}, 0)):
        assert compare_rows([row], [record | change])["a"].equal == equal
    assert compare_rows([row, row], [record])["a"].faults == ["a | full: 2 times in ours"]
    tally = compare_tables({("x",): {"value": 1.0}, ("z",): {}}, {("x",): {"value": "1.1"}, ("y",): {}}, 1e-6)
    assert (tally.expected, tally.compared, tally.equal, len(tally.faults)) == (2, 1, 0, 3)


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("expected.csv", None, "expected.csv is not in"),
        ("completed_1.csv.gz", None, "completed_1.csv.gz is not in"),
        ("expected.csv", lambda content: content[:-9], "expected.csv is cut short"),
        (
            "expected.csv",
            lambda content: content[: content.rindex(b"\n", 0, -1) + 20] + b"\n",
            "expected.csv is cut short",
        ),
        ("stays.csv.gz", lambda content: content[:-999], "stays.csv.gz is cut short"),
        ("pairs.csv.gz", lambda _: gzip.compress(b'"cohort","treated"\n'), "pairs.csv.gz lacks the column control"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused_by_the_file_at_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, damage: Callable[[bytes], bytes] | None, message: str
) -> None:
    folder = tmp_path / "study"
    shutil.copytree(REFERENCE, folder)
    folder.chmod(0o755)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage is not None:
        (folder / name).write_bytes(damage(content))
    assert command.main([str(folder)]) == 1
    assert pd.Series([capsys.readouterr().err]).str.contains(f"^error: .*{message}", regex=True).all()


def test_the_command_fails_on_any_fault(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "read_reference", lambda folder: folder)
    monkeypatch.setattr(command, "build", lambda reference: (None, None))
    tallies = {"balance": Tally(2, 2, 2), "new": Tally(unknown=3)}
    monkeypatch.setattr(command, "compare_study", lambda *_: tallies)
    assert command.main(["anywhere"]) == 0
    assert "not compared: new (3 rows)" in capsys.readouterr().out
    tallies["balance"].lacking("balance | full")
    assert command.main(["anywhere"]) == 1
    told = capsys.readouterr().out
    assert "balance: balance | full: missing in ours" in told and "2 rows compared, 2 equal, 1 faults" in told


def test_given_copies_must_be_of_our_stays_and_leave_what_is_known(found: Found) -> None:
    reference, _, _ = found
    data = reference.cohort
    given = GivenCopies(reference)
    given.impute(data.assign(weight_kg=data["weight_kg"] + 1), 5, 1, 1, None)
    assert given.checks["copy 2"]["observed_cells_changed"] == int(data["weight_kg"].notna().sum())
    with pytest.raises(NotEstimable, match="1 stays are in our cohort or in the copy"):
        given.impute(data.iloc[1:], 5, 1, 1, None)
