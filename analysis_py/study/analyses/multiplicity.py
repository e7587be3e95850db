"""How many questions were asked at once? No p-value is adjusted; each family of tests says what adjusting would do."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis_py.statistics.design import Floats
from analysis_py.study.analyses.exposure import EXPOSURES
from analysis_py.study.results import Row, find

ANALYSIS = "multiplicity"
STRATA, INTERACTIONS, CLASSES = "subgroups", "interactions", "duration and dose"


def holm(p_values: Floats) -> Floats:
    """p-values adjusted for their number, so that all together are wrong in 5 % at most (Holm 1979; R's p.adjust)."""
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1)).clip(max=1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = stepped
    return adjusted


def family_rows(rows: Sequence[Row]) -> list[Row]:
    """For each family of tests their number, and the smallest p-value as Holm would adjust it."""
    found = []
    for name in (STRATA, INTERACTIONS, CLASSES):
        p_values = np.array([row.p_value for row in rows if row.p_value is not None and _family(row) == name])
        if len(p_values):
            smallest = float(holm(p_values).min())
            place = Row(ANALYSIS, "matched", term=name, measure="number of tests; smallest p by Holm")
            found.append(replace(place, estimate=float(len(p_values)), p_value=smallest))
    return found


def sentence(rows: Sequence[Row], *families: str) -> str:
    """What stands at the tables of these families; empty where nothing was tested."""
    told = []
    for name in families:
        row = find(rows, ANALYSIS, "matched", term=name)
        if row is not None and row.estimate is not None and row.p_value is not None:
            told.append(f"{row.estimate:.0f} tests of {name}, smallest p {row.p_value:.2g} by Holm")
    chance = "one of twenty is below 0.05 by chance"
    return f" Not adjusted for their number, of which {chance}: {'; '.join(told)}." if told else ""


def _family(row: Row) -> str:
    if row.analysis == "subgroup" and row.level != "Overall":
        return INTERACTIONS if row.measure.startswith("interaction") else STRATA
    if row.analysis in {exposure.analysis for exposure in EXPOSURES} and row.model == "model 3":
        return CLASSES
    return ""
