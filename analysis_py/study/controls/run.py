"""All controls by both designs, on all cores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from analysis_py.marts.controls import ControlMarts
from analysis_py.marts.errors import StudyError
from analysis_py.marts.trial import TrialMarts
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.workers import in_parallel
from analysis_py.study.analyses.cohorts import Completed
from analysis_py.study.controls import emulated, published
from analysis_py.study.controls.calibrate import calibration_rows
from analysis_py.study.controls.found import Found, rows_of
from analysis_py.study.results import Row
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.trial.frames import Frames

Say = Callable[[str], None]
Task = Callable[[], list[Found]]
NO_TRIAL = "The build has no trial (tag trial): the controls are those of the published design alone."


@dataclass(frozen=True)
class Controls:
    """Every control by every design that the build has, with the drug in their midst; the rows of them."""

    found: list[Found]
    rows: list[Row]
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Emulation:
    """The trial as the drug's own analysis has it."""

    marts: TrialMarts
    frames: Frames
    definitions: Definitions


def run_controls(
    marts: ControlMarts,
    completed: Completed,
    emulation: Emulation | None,
    drug: str,
    seed: int,
    say: Say,
    only: Sequence[str] = (),
    processes: int | None = None,
) -> Controls:
    """Each control exposure in the place of `drug`, each control outcome asked of `drug`, by both designs.

    `completed` is the published cohort without gaps, of which the first copy is used. `only` names the controls that
    are wanted (all).

    Raises:
        StudyError: a name that is no control.
    """
    if unknown := [name for name in only if name not in names(marts)]:
        raise StudyError(f"there is no control {unknown[0]}: {', '.join(names(marts))}")
    say("controls: filling gaps")
    tasks, remarks = _tasks(marts, completed, emulation, drug, seed, only)
    found: list[Found] = []
    for done, some in enumerate(in_parallel(_run, (tasks,), range(len(tasks)), processes), start=1):
        found += [one for one in some if not only or one.name in (*only, drug)]
        say(f"controls: {done} of {len(tasks)} parts")
    return Controls(found, [*rows_of(found), *calibration_rows(found)], remarks)


def names(marts: ControlMarts) -> list[str]:
    """Every control of the build."""
    return [*marts.exposure_names, *marts.outcomes.columns, str(marts.bradycardia.name)]


def _tasks(
    marts: ControlMarts,
    completed: Completed,
    emulation: Emulation | None,
    drug: str,
    seed: int,
    only: Sequence[str],
) -> tuple[list[Task], list[str]]:
    """What does not wait for one another, by design, the drug with the outcomes first; and what cannot be done."""
    wanted = [name for name in marts.exposure_names if not only or name in only]
    tasks: list[Task] = []
    remarks = []
    try:
        one = published.prepare(marts, completed.copies[0], completed.unusable, seed)
        tasks.append(partial(published.drug_and_outcomes, one, drug))
        tasks += [partial(_exposure_published, one, name) for name in wanted]
    except NotEstimable as reason:
        remarks.append(f"No controls of the published design: {reason}.")
    if emulation is None or marts.trial is None:
        return tasks, [*remarks, NO_TRIAL]
    try:
        other = emulated.prepare(
            marts, marts.trial, emulation.marts.outcomes, emulation.frames, emulation.definitions, drug
        )
        tasks.append(partial(emulated.drug_and_outcomes, other, drug))
        tasks += [partial(_exposure_emulated, other, name) for name in wanted]
    except NotEstimable as reason:
        remarks.append(f"No controls of the trial: {reason}.")
    return tasks, remarks


def _exposure_published(one: published.Published, name: str) -> list[Found]:
    return [published.exposure(one, name)]


def _exposure_emulated(one: emulated.Emulated, name: str) -> list[Found]:
    return [emulated.exposure(one, name)]


def _run(tasks: Sequence[Task], at: int) -> list[Found]:
    return tasks[at]()
