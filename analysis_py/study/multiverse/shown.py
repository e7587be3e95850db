"""Specifications as they may be shown: the rows of specifications.csv, small counts hidden, and what they sum up to."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain, pairwise

import numpy as np
import pandas as pd

from analysis_py.study.gate.checks import PASS
from analysis_py.study.multiverse.choices import ANY, CHOICES, MAIN_CALIPER, MATCHINGS
from analysis_py.study.multiverse.found import Found
from analysis_py.study.suppression import HIDDEN, UNADJUSTED, is_small
from analysis_py.study.trial.designs import WAYS

_COUNTED = {
    *(way.name for way in WAYS if way.is_counted),
    *(name for name, matched in MATCHINGS.items() if matched.model == UNADJUSTED),
}
_NUMBERS = ("estimate", "lower", "upper", "p_value")
COLUMNS = (
    *CHOICES,
    "measure",
    *_NUMBERS,
    *("n", "events", "events_per_coefficient", "largest_smd", "equipoise", "effective_sample_size"),
    *("gate", "failed", "note"),
)
BY_CHOICE = (
    *("measure", "choice", "value", "specifications", "estimable", "median", "lower_quartile", "upper_quartile"),
    *("percent_below_1", "percent_pass", "median_of_those", "factor"),
)


def specification_table(found: Sequence[Found], below: int) -> pd.DataFrame:
    """A row per specification with the columns COLUMNS.

    Counts from 1 to `below` - 1 are hidden with all that would give them away: events per coefficient and effective
    size of the same row, the estimate of an unadjusted model, and the size of cohorts that differ by a few patients.
    """
    hidden = _hidden(found, below)
    rows = []
    for one, is_hidden in zip(found, hidden, strict=True):
        checks = one.checks
        small = is_small(one.least_count, below)
        withheld = small and one.specification.estimator in _COUNTED
        numbers = {name: None if withheld else getattr(one, name) for name in _NUMBERS}
        counts: dict[str, object] = {"n": one.n, "events": one.events}
        if is_hidden:
            counts = {name: None if count is None else HIDDEN for name, count in counts.items()}
        rows.append(
            {
                **asdict(one.specification),
                "measure": one.specification.measure,
                **numbers,
                **counts,
                "events_per_coefficient": None if is_hidden else checks.events,
                "largest_smd": checks.smd,
                "equipoise": checks.equipoise,
                "effective_sample_size": None if is_hidden else checks.effective,
                "gate": checks.verdict,
                "failed": ", ".join(checks.failed),
                "note": f"a count below {below} is not shown" if withheld else one.note,
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(_NUMBERS, float))


def _hidden(found: Sequence[Found], below: int) -> list[bool]:
    """Whose counts are hidden: a small one among them, or sizes (or deaths) that differ by less than `below`."""
    near = {name: _near([getattr(one, name) for one in found], below) for name in ("n", "events")}
    return [is_small(one.least_count, below) or one.n in near["n"] or one.events in near["events"] for one in found]


def _near(counts: Sequence[int | None], below: int) -> set[int]:
    """The counts that differ from another one by 1 to `below` - 1."""
    distinct = sorted({count for count in counts if count is not None})
    pairs = pairwise(distinct)
    return set(chain.from_iterable(pair for pair in pairs if is_small(pair[1] - pair[0], below)))


def by_choice(table: pd.DataFrame) -> pd.DataFrame:
    """For each measure all specifications, then each value of each choice: BY_CHOICE.

    `factor` says how much the choice moves the answer: among specifications that differ in nothing else, the largest
    estimate divided by the smallest, its median. A matched estimate meets those that know no caliper in the main one.
    """
    rows = []
    for measure in dict.fromkeys(table["measure"]):
        own = table[table["measure"] == measure]
        rows.append({"measure": measure, "choice": "", "value": "all", **_summary(own), "factor": np.nan})
        for choice in CHOICES:
            factor = _factor(own, choice)
            for value in dict.fromkeys(own[choice]):
                if value == ANY:
                    continue
                summary = _summary(own[own[choice] == value])
                rows.append({"measure": measure, "choice": choice, "value": value, **summary, "factor": factor})
    return pd.DataFrame(rows, columns=list(BY_CHOICE))


def _summary(rows: pd.DataFrame) -> dict[str, float]:
    estimates = rows["estimate"].dropna()
    passed = rows["gate"] == PASS
    quartiles = [float(np.quantile(estimates, share)) if len(estimates) else np.nan for share in (0.5, 0.25, 0.75)]
    of_passed = estimates[passed.loc[estimates.index]]
    return {
        "specifications": len(rows),
        "estimable": len(estimates),
        "median": quartiles[0],
        "lower_quartile": quartiles[1],
        "upper_quartile": quartiles[2],
        "percent_below_1": 100 * float((estimates < 1).mean()) if len(estimates) else np.nan,
        "percent_pass": 100 * float(passed.mean()),
        "median_of_those": float(of_passed.median()) if len(of_passed) else np.nan,
    }


def _factor(rows: pd.DataFrame, choice: str) -> float:
    """The median over groups that differ in `choice` alone; NaN where there are none."""
    others = [name for name in CHOICES if name != choice]
    used = rows[rows["estimate"].notna() & (rows[choice] != ANY)]
    if choice == "estimator":
        used = used[used["caliper"].isin([ANY, MAIN_CALIPER])]
        others.remove("caliper")
    if used.empty:
        return np.nan
    groups = used.groupby(others)["estimate"].agg(["min", "max", "size"])
    several = groups[groups["size"] > 1]
    return float((several["max"] / several["min"]).median()) if len(several) else np.nan
