"""The catalog of mutants: each still has its place in the code, and the runner's judgement."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutants import __main__ as command
from tests.mutants.catalog import Mutant, MutantError, read_catalog, unit_tests_of
from tests.mutants.workshop import PROJECT, Outcome, Workshop

FILE = """
[tests]
"analysis_py/*.py" = ["tests/unit/{stem}.py"]
[[mutant]]
name = "one"
file = "analysis_py/study/suppression.py"
old = "SUPPRESS_BELOW = 10"
new = "SUPPRESS_BELOW = 1"
reason = "why"
"""


@pytest.mark.parametrize("mutant", read_catalog(), ids=lambda mutant: mutant.name)
def test_every_mutant_finds_its_place_once(mutant: Mutant) -> None:
    with (PROJECT / mutant.file).open(newline="") as file:
        assert mutant.applied_to(file.read())
    tests = [step.split()[0] for step in mutant.steps if not step.startswith("dbt ")]
    assert [path for path in tests if not (PROJECT / path.split("::")[0]).exists()] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("reason", "grounds"), "grounds, reason missing or unknown"),
        (("analysis_py/*.py", "models/*.sql"), "no rule says which tests see analysis_py/study/suppression.py"),
        (("[[mutant]]", FILE.partition("[[mutant]]")[2].join(["[[mutant]]", "[[mutant]]"])), "name used twice: one"),
    ],
)
def test_a_catalog_that_cannot_be_used_says_why(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    (tmp_path / "a.toml").write_text(FILE.replace(*change))
    with pytest.raises(MutantError, match=message):
        read_catalog(tmp_path)


def test_a_mutant_knows_its_tests_by_rule_and_its_place_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(FILE)
    (mutant,) = read_catalog(tmp_path)
    assert mutant.steps == ("tests/unit/suppression.py",)
    assert mutant.applied_to("a\nSUPPRESS_BELOW = 10\n") == "a\nSUPPRESS_BELOW = 1\n"
    with pytest.raises(MutantError, match="2 times"):
        mutant.applied_to("SUPPRESS_BELOW = 10\n" * 2)


def plan(*mutants: Mutant) -> object:
    return lambda: list(mutants)


MUTANT = Mutant(
    "one", "analysis_py/study/suppression.py", "SUPPRESS_BELOW = 10", "SUPPRESS_BELOW = 1", "why", ("tests/x.py",)
)
EXPLAINED = Mutant("two", MUTANT.file, MUTANT.old, "SUPPRESS_BELOW = 2", "why", MUTANT.steps, "nobody can tell")


@pytest.fixture
def trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Outcome]:
    """How each mutant ends, by name; the runner without its workshops."""
    outcomes: dict[str, Outcome] = {}
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(Workshop, "__init__", lambda *_: None)
    monkeypatch.setattr(Workshop, "close", lambda _: None)
    monkeypatch.setattr(Workshop, "run", lambda *_: Outcome("", ""))
    monkeypatch.setattr(Workshop, "try_out", lambda _, mutant: outcomes[mutant.name])
    return outcomes


def test_the_runner_fails_on_a_survivor_without_an_explanation(
    trials: dict[str, Outcome], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "read_catalog", plan(MUTANT))
    trials["one"] = Outcome("", "")
    assert command.main([]) == 1
    assert "1 survived without an explanation" in capsys.readouterr().out
    trials["one"] = Outcome("tests/x.py", "FAILED tests/x.py::test_y")
    assert command.main([]) == 0
    assert "1 caught (100.0 %)" in capsys.readouterr().out
    # what was caught is not tried again
    del trials["one"]
    assert command.main([]) == 0
    with pytest.raises(KeyError):
        command.main(["--fresh"])


def test_an_explained_survivor_is_no_failure_but_counts_against_the_share(
    trials: dict[str, Outcome], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    others = [
        Mutant(f"m{at}", MUTANT.file, MUTANT.old, f"SUPPRESS_BELOW = {at}", "why", MUTANT.steps) for at in range(11, 30)
    ]
    trials |= {mutant.name: Outcome("tests/x.py", "FAILED") for mutant in others} | {"two": Outcome("", "")}
    monkeypatch.setattr(command, "read_catalog", plan(EXPLAINED, *others))
    assert command.main([]) == 0
    assert "20 mutants: 19 caught (95.0 %), 1 equivalent, 0 survived" in capsys.readouterr().out
    monkeypatch.setattr(command, "read_catalog", plan(EXPLAINED, *others[1:]))
    assert command.main([]) == 1


def test_faults_of_different_models_are_tried_at_once_and_what_no_unit_test_sees_alone(
    trials: dict[str, Outcome], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fault(name: str, model: str) -> Mutant:
        steps = (unit_tests_of(model), "tests/x.py")
        return Mutant(name, f"models/marts/{model}.sql", "select", "select distinct", "why", steps)

    together: list[list[str]] = []

    def try_together(_: Workshop, mutants: Sequence[Mutant]) -> dict[str, Outcome]:
        together.append([mutant.name for mutant in mutants])
        return {name: Outcome("unit", "FAIL") for name in together[-1] if name != "b2"}

    monkeypatch.setattr(Mutant, "applied_to", lambda _, text: text)
    monkeypatch.setattr(Workshop, "try_together", try_together)
    monkeypatch.setattr(Workshop, "failing_unit_tests", lambda *_: {})
    faults = [fault("a1", "baseline"), fault("a2", "baseline"), fault("b1", "outcomes"), fault("b2", "outcomes")]
    monkeypatch.setattr(command, "read_catalog", plan(*faults))
    trials["b2"] = Outcome("tests/x.py", "FAILED alone")
    assert command.main([]) == 0
    assert together == [["a1", "b1"], ["a2", "b2"]]
    assert "FAILED alone" in capsys.readouterr().out
    monkeypatch.setattr(Workshop, "failing_unit_tests", lambda *_: {"baseline": "adds_up"})
    assert command.main(["--fresh"]) == 2
    assert "unit tests fail without any fault" in capsys.readouterr().err


def test_a_test_that_fails_without_a_fault_catches_nothing(
    trials: dict[str, Outcome], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "read_catalog", plan(MUTANT))
    trials["one"] = Outcome("tests/x.py", "FAILED")
    monkeypatch.setattr(Workshop, "run", lambda *_: Outcome("tests/x.py", "FAILED anyway"))
    assert command.main([]) == 2
    assert "fails without any fault" in capsys.readouterr().err
