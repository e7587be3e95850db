"""Every number of the paper's Tables 1 to 4, Figure 3 and section 3.6 beside ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis_py.marts.errors import StudyError
from analysis_py.study.results import Row
from analysis_py.study.variables import DEATH_28D, DEATH_ANYWHERE, DEATH_HOSPITAL, EXPOSURE_DURATION, EXPOSURE_TERMS

PUBLISHED = Path(__file__).parents[2] / "seeds" / "published_results.csv"
AGREES, DIFFERS, NOT_COMPARABLE = "agrees", "differs", "not comparable"
RULE = (
    "Ours agrees where it lies inside the published 95 % interval (ratios) or quartiles (medians), within 2 points of "
    "the published percentage (counts by their percentage), or on the same side as the published value of 0.1 (SMD) "
    "or of 0.05 (p); elsewhere it differs. Not comparable: one of the two was not estimated or is not shown."
)
_POINTS = 2.0
_BORDERS = {"SMD": 0.1, "p": 0.05, "p for interaction": 0.05}
_PLACE = ["source", "printed_row", "variable", "level", "cohort", "arm", "model", "statistic"]
_Key = tuple[str, str, str, str, str, str, str]


def read_published() -> pd.DataFrame:
    """The transcribed numbers, one per line, with their place.

    Raises:
        StudyError: the file is not there.
    """
    if not PUBLISHED.is_file():
        raise StudyError(f"{PUBLISHED} is missing: take it from the project's repository again")
    numbers = ["value", "lower", "upper", "p_value"]
    published = pd.read_csv(PUBLISHED, dtype=str, keep_default_na=False)
    return published.assign(**{name: pd.to_numeric(published[name], errors="coerce") for name in numbers})


def published_and_ours(rows: list[Row], cohorts: Sequence[str] = ("full", "matched")) -> pd.DataFrame:
    """Each published number about `cohorts` with ours; `agreement` is by RULE.

    `inside` says whether ours lies in the published interval (or quartiles).
    """
    ours = {_key(row): row for row in rows}
    lines = []
    published = read_published()
    for record in published[published["cohort"].isin(cohorts)].to_dict("records"):
        found = ours.get(_published_key({str(name): str(value) for name, value in record.items()}))
        line = {name: record[name] for name in (*_PLACE, "printed")}
        for name in ("value", "lower", "upper", "p_value"):
            line[f"published_{name}"] = record[name]
        line |= _our_part(found, str(record["statistic"]))
        lower, upper, value = line["published_lower"], line["published_upper"], line["our_value"]
        comparable = pd.notna(lower) and pd.notna(upper) and isinstance(value, float)
        line["inside"] = ("yes" if lower <= value <= upper else "no") if comparable else ""
        line["note"] = found.note if found is not None else "not in this run"
        lines.append(line)
    comparison = pd.DataFrame(lines)
    comparison["agreement"] = [_agreement(line) for line in lines]
    # a count of a cohort of another size is that of the percentage in the same printed cell
    cell = comparison[[name for name in _PLACE if name != "statistic"]].agg("|".join, axis=1)
    percent = comparison["statistic"] == "percent"
    verdicts = dict(zip(cell[percent], comparison.loc[percent, "agreement"], strict=True))
    counts = comparison["statistic"] == "count"
    comparison.loc[counts, "agreement"] = cell[counts].map(verdicts)
    comparison["note"] = comparison.pop("note")  # the last column, as in the other files
    return comparison


def _agreement(line: dict[str, Any]) -> str:
    if line["inside"]:
        return AGREES if line["inside"] == "yes" else DIFFERS
    statistic = line["statistic"]
    if statistic in _BORDERS:
        part = "value" if statistic == "SMD" else "p_value"
        ours, published = line[f"our_{part}"], line[f"published_{part}"]
        if pd.isna(ours) or pd.isna(published):
            return NOT_COMPARABLE
        return AGREES if (ours < _BORDERS[statistic]) == (published < _BORDERS[statistic]) else DIFFERS
    ours, published = line["our_value"], line["published_value"]
    if statistic != "percent" or pd.isna(ours) or pd.isna(published):
        return NOT_COMPARABLE
    return AGREES if abs(ours - published) <= _POINTS else DIFFERS


def _our_part(row: Row | None, statistic: str) -> dict[str, object]:
    if row is None:
        return dict.fromkeys(("our_value", "our_lower", "our_upper", "our_p_value")) | {"our_few_events": False}
    # as many digits as results.csv; texts stand for counts that are not shown
    value: object = row.events if statistic == "count" else row.estimate
    if isinstance(value, float):
        value = float(f"{value:.8g}")
    if statistic in ("p", "p for interaction"):
        value = None
    percent = statistic in ("count", "percent")
    return {
        "our_value": value,
        "our_lower": None if percent else row.lower,
        "our_upper": None if percent else row.upper,
        "our_p_value": row.p_value,
        "our_few_events": row.is_few,
    }


def _key(row: Row) -> _Key:
    measure = "interaction" if row.measure.startswith("interaction") else row.measure
    return row.analysis, row.cohort, row.outcome, row.model, row.term, row.level, measure


def _published_key(record: dict[str, str]) -> _Key:
    """Where our rows hold what a published line says."""
    cohort, variable, statistic = record["cohort"], record["variable"], record["statistic"]
    measure = {"count": "percent", "p for interaction": "interaction"}.get(statistic, statistic)
    outcome = {"HR": DEATH_28D, "OR": DEATH_HOSPITAL}.get(statistic, "")
    source = record["source"]
    if source == "Section 3.6":
        if statistic == "p":
            return "log_rank", cohort, DEATH_ANYWHERE, "", "", "", "chi-square"
        return "outcome_models", cohort, DEATH_ANYWHERE, record["model"], "treated", "", measure
    if source == "Table 2":
        return "outcome_models", cohort, outcome, record["model"], "treated", "", measure
    if source == "Table 4":
        analysis = "exposure_duration" if variable == EXPOSURE_TERMS[EXPOSURE_DURATION] else "exposure_dose"
        return analysis, cohort, outcome, record["model"], variable, record["level"], measure
    if source == "Figure 3":
        return "subgroup", cohort, DEATH_28D, record["model"], variable, record["level"], measure
    described = "table_one" if source == "Table 1" else "outcomes"
    if statistic in ("SMD", "p"):
        return "balance" if source == "Table 1" else "outcomes", cohort, "", "", variable, "", measure
    return described, f"{cohort} {record['arm']}", "", "", variable, record["level"], measure
