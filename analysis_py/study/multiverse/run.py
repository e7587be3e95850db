"""Every specification on all cores, by cohort: what a cohort needs once is done once."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from analysis_py.marts.read import Marts
from analysis_py.statistics.errors import NotEstimable
from analysis_py.statistics.workers import in_parallel
from analysis_py.study.analyses.cohorts import ITERATIONS, complete_cohort
from analysis_py.study.analyses.extended import complete_extended
from analysis_py.study.estimators.names import EXTENDED, PAPER
from analysis_py.study.multiverse.choices import TRIAL, Specification, specifications
from analysis_py.study.multiverse.cohorts import of_adjustment
from analysis_py.study.multiverse.found import Found
from analysis_py.study.multiverse.record import Record
from analysis_py.study.multiverse.trial import of_trial
from analysis_py.study.readings import cohort_of
from analysis_py.study.variables import EXTENDED as EXTENDED_VARIABLES
from analysis_py.study.variables import tells_exposure

Say = Callable[[str], None]


@dataclass(frozen=True)
class Unit:
    """Specifications that share their data: those of one cohort (by its place in a list), or of the trial."""

    wanted: tuple[Specification, ...]
    cohort: int | None = None


@dataclass(frozen=True)
class Plan:
    """Units in the order in which they are begun, and the cohorts that they are about."""

    units: list[Unit] = field(default_factory=list)
    cohorts: list[pd.DataFrame] = field(default_factory=list)


def known_specifications(marts: Marts) -> list[Specification]:
    """Every specification that these marts allow."""
    adjustments = (PAPER,) if marts.extended is None else (PAPER, EXTENDED)
    return specifications(marts.stays.columns, adjustments, marts.trial is not None)


def plan(marts: Marts, wanted: Sequence[Specification]) -> Plan:
    """The cohorts of `wanted`, each once: readings that keep the same patients with the same values share all."""
    of_trial_alone = tuple(one for one in wanted if one.design == TRIAL)
    made = Plan([Unit(of_trial_alone)] if of_trial_alone else [])  # it takes longest
    place: dict[str, int] = {}
    members: dict[int, list[Specification]] = {}
    for one in wanted:
        if one.design == TRIAL:
            continue
        label = one.reading.label
        if label not in place:
            cohort = cohort_of(marts.stays, one.reading)
            same = (at for at, other in enumerate(made.cohorts) if other.equals(cohort))
            place[label] = next(same, len(made.cohorts))
            if place[label] == len(made.cohorts):
                made.cohorts.append(cohort)
        members.setdefault(place[label], []).append(one)
    made.units.extend(Unit(tuple(own), at) for at, own in members.items())
    return made


def find_all(
    marts: Marts,
    wanted: Sequence[Specification],
    seed: int,
    say: Say,
    record: Record | None = None,
    done: Mapping[str, Found] | None = None,
    processes: int | None = None,
) -> list[Found]:
    """An entry for each of `wanted`, in their order; those of `done` are taken as they are, others kept in `record`.

    The same seed gives the same numbers on any number of `processes`, in one run or in several.

    Raises:
        StudyError: as make_frames() of the trial.
        OSError: the record cannot be written.
    """
    found = dict(done or {})
    missing = [one for one in wanted if one.key not in found]
    planned = plan(marts, missing)
    total, began = len(wanted), time.monotonic()
    say(f"specifications: {len(found):,} of {total:,}")
    at_first = len(found)
    common = (marts, planned.cohorts, seed, record)
    for entries in in_parallel(_of_unit, common, planned.units, processes):
        found |= {entry.specification.key: entry for entry in entries}
        left = (time.monotonic() - began) * (total - len(found)) / max(len(found) - at_first, 1)
        say(f"specifications: {len(found):,} of {total:,}, about {left:.0f} s left")
    return [found[one.key] for one in wanted]


def _of_unit(
    marts: Marts, cohorts: Sequence[pd.DataFrame], seed: int, record: Record | None, unit: Unit
) -> list[Found]:
    """What a unit's specifications give; what is found is kept at once, adjustment by adjustment."""
    found: list[Found] = []
    if unit.cohort is None:
        if marts.trial is not None:
            found = of_trial(marts.trial, marts.build, unit.wanted, seed)
            _keep(record, found)
        return found
    held_out = tells_exposure(marts.build.drug)
    try:
        completed = complete_cohort(cohorts[unit.cohort], 1, ITERATIONS, seed, held_out=held_out)
    except NotEstimable as reason:
        return [Found(one).refused(reason) for one in unit.wanted]
    for adjustment in dict.fromkeys(one.adjustment for one in unit.wanted):
        own = [one for one in unit.wanted if one.adjustment == adjustment]
        try:
            if adjustment == EXTENDED and marts.extended is not None:
                completed = complete_extended(
                    completed, marts.extended, seed, tells_exposure(marts.build.drug, EXTENDED_VARIABLES)
                )
            entries = of_adjustment(completed, adjustment, own)
        except NotEstimable as reason:
            entries = [Found(one).refused(reason) for one in own]
        _keep(record, entries)
        found += entries
    return found


def _keep(record: Record | None, found: Sequence[Found]) -> None:
    if record is not None:
        record.keep(found)
