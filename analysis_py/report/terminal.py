"""What the terminal shows of what was found: tables for people, or one JSON object for programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from analysis_py.marts.generated import PATIENTS, warning
from analysis_py.report.controls.summary import controls_summary
from analysis_py.report.controls.words import sentences as control_sentences
from analysis_py.report.estimators.summary import estimators_summary
from analysis_py.report.estimators.words import sentences as estimator_sentences
from analysis_py.report.external_report import model_word
from analysis_py.report.first_screen.screen import first_words
from analysis_py.report.first_screen.told import first_summary, show_first
from analysis_py.report.gate.reading import why_none
from analysis_py.report.gate.sentence import answer_of
from analysis_py.report.gate.words import verdict_summary
from analysis_py.report.tables.cells import COHORT_TITLES, few, ratio, warnings
from analysis_py.report.tables.published_count import published_count_sentence
from analysis_py.report.trial.summary import trial_summary
from analysis_py.report.trial.words import sentences as trial_sentences
from analysis_py.study.analyses.pooling import CLUSTERED, how, main_row, main_rows
from analysis_py.study.analyses.unmatched import ANALYSIS as UNMATCHED
from analysis_py.study.analyses.unmatched import PROPENSITY, sentences
from analysis_py.study.external import NAME as EXTERNAL
from analysis_py.study.external import PLACE, Validation
from analysis_py.study.results import Row, find, largest_smd
from analysis_py.study.study import Study
from analysis_py.study.suppression import HIDDEN
from analysis_py.study.trial.estimates import ANALYSIS as TRIAL
from analysis_py.study.variables import (
    BY_NAME,
    DEATH_28D,
    DEATH_ANYWHERE,
    DEATH_HOSPITAL,
    EXTERNAL_MODELS,
    MODELS,
    TREATMENT,
    groups_of,
)

_OUTCOMES = {DEATH_28D: "deaths_28d", DEATH_HOSPITAL: "deaths_hospital"}
_GROUPS = {"control": False, "treated": True}


# --- what was found, from the rows as written: small counts are hidden in them -------------------------------------


def summary(study: Study, rows: Sequence[Row], output: Path, below: int) -> dict[str, Any]:
    """The main numbers for a program; counts that are hidden are texts."""
    found = general_summary(study.build.drug, study.generated, output, below)
    found["paths"]["manuscript"] = str(output / "manuscript")
    return found | {
        "first": first_summary(first_words(study, rows)),
        "verdict": verdict_summary(rows, study.build.drug, study.trial),
        "headline": _headline(rows),
        "unmatched_treated": _unmatched(rows),
        "cohorts": {cohort: _counts(rows, cohort) for cohort in study.cohorts},
        "estimates": _estimates(rows, tuple(study.cohorts)),
        "largest_smd": {cohort: _worst(rows, cohort) for cohort in study.cohorts},
        "estimators": estimators_summary(rows),
        "trial": trial_summary(study.trial, rows),
        "controls": controls_summary(rows),
        "remarks": list(study.remarks),
    }


def external_summary(validation: Validation, rows: Sequence[Row]) -> dict[str, Any]:
    """The main numbers of the external cohort; counts that are hidden are texts."""
    return {
        "name": EXTERNAL,
        "generated": bool(validation.marts.generated),
        "warning": warning(validation.marts.generated) if validation.marts.generated else None,
        "counts": {
            group: {"n": row.n, "deaths_28d": row.events} if (row := _deaths(rows, group)) else None
            for group in _GROUPS
        },
        "estimates": _estimates(rows, (EXTERNAL,)),
        "remarks": list(validation.remarks),
    }


def general_summary(drug: str, generated: str, output: Path, below: int) -> dict[str, Any]:
    return {
        "drug": drug,
        "generated": bool(generated),
        "warning": warning(generated) if generated else None,
        "paths": {
            "report": str(output / "report.html"),
            "results": str(output / "results.csv"),
            "tables": str(output / "tables"),
            "figures": str(output / "figures"),
        },
        "counts_hidden_below": below,
    }


def _headline(rows: Sequence[Row]) -> dict[str, Any] | None:
    """The main estimate, and how it was made."""
    main = main_row(rows)
    return None if main is None else _estimate(main) | {"how": how(main)}


def _unmatched(rows: Sequence[Row]) -> dict[str, Any] | None:
    share = find(rows, UNMATCHED, "full treated", term=TREATMENT)
    mean = find(rows, UNMATCHED, f"{UNMATCHED} treated", term=PROPENSITY)
    if share is None:
        return None
    return {"n": share.events, "of": share.n, "mean_propensity": mean.estimate if mean is not None else None}


def _estimates(rows: Sequence[Row], cohorts: Sequence[str]) -> list[dict[str, Any]]:
    return [_estimate(row) for row in rows if row.analysis == "outcome_models" and row.model and row.cohort in cohorts]


def _estimate(row: Row) -> dict[str, Any]:
    return {
        "cohort": row.cohort,
        "outcome": row.outcome,
        "model": row.model,
        **row.numbers,
        "events_per_coefficient": row.events_per_coefficient,
        "few_events": row.is_few,
    }


def _deaths(rows: Sequence[Row], group: str) -> Row | None:
    return find(rows, "outcomes", f"{EXTERNAL} {group}", term=DEATH_ANYWHERE)


def _counts(rows: Sequence[Row], cohort: str) -> dict[str, dict[str, int | str | None]]:
    counts: dict[str, dict[str, int | str | None]] = {}
    for group in _GROUPS:
        found = {name: find(rows, "outcomes", f"{cohort} {group}", term=name) for name in _OUTCOMES}
        death = found[DEATH_28D]
        counts[group] = {"n": death.n if death else None} | {
            title: row.events if (row := found[name]) else None for name, title in _OUTCOMES.items()
        }
    return counts


def _worst(rows: Sequence[Row], cohort: str) -> dict[str, Any] | None:
    row = largest_smd(rows, cohort)
    return {"variable": row.term, "smd": row.estimate} if row is not None else None


def show(console: Console, study: Study, rows: Sequence[Row]) -> None:
    """The first screen, then what it does not say: the models of death, the balance, and what could not be done."""
    console.print()
    if study.generated:
        _say(console, warning(study.generated), "bold")
    show_first(console, first_words(study, rows))
    title = f"{study.build.drug.capitalize()} and death" + (f" ({PATIENTS})" if study.generated else "")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for cohort in study.cohorts:
        table.add_column(COHORT_TITLES[cohort])
    for heading, lines in _lines(study, rows):
        table.add_row(f"[bold]{heading}[/bold]")
        for line in lines:
            table.add_row(*line)
    main = main_row(rows)
    decided = answer_of(rows, study.build.drug, study.trial)
    for told in decided.rest if decided is not None else ():
        _say(console, told)
    if main is not None and (main.estimate is not None or study.trial is not None):  # else the answer has said it
        shown = f"{_told(main)}: {how(main)}" if main.estimate is not None else f"not estimable: {why_none(main)}"
        _say(console, f"Published design, fully adjusted hazard ratio of 28-day death: {shown}")
    console.print(table)
    for told in warnings(row for row in rows if row.analysis in ("outcome_models", CLUSTERED, TRIAL)):
        _say(console, told)
    for told in estimator_sentences(rows):
        _say(console, f"estimators: {told}")
    if study.trial is not None:
        for told in trial_sentences(rows, study.build.drug, study.trial)[1:]:  # the first is the screen's
            _say(console, f"trial: {told}")
    if study.controls is not None:
        for told in control_sentences(rows, study.build.drug, study.controls):
            _say(console, f"controls: {told}")
    for sentence in sentences(rows, study.build.drug):
        _say(console, f"note: {sentence}")
    for remark in study.remarks:
        _say(console, f"note: {remark}")
    if counted := published_count_sentence(study.build.published):
        _say(console, counted)


def show_external(console: Console, validation: Validation, rows: Sequence[Row]) -> None:
    """Deaths and the models of death in the external cohort."""
    console.print()
    if validation.marts.generated:
        _say(console, f"{PLACE}: {warning(validation.marts.generated)}", "bold")
    names, drug = groups_of(validation.build.drug), validation.build.drug
    table = Table(title=f"External cohort ({PLACE}): {drug} and death", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    table.add_column("Deaths within 28 days / patients", no_wrap=True)
    for group, treated in _GROUPS.items():
        row = _deaths(rows, group)
        table.add_row(f"  {names[treated].lower()}", f"{_shown(row.events)} / {_shown(row.n)}" if row else HIDDEN)
    for model in EXTERNAL_MODELS:
        table.add_row(f"  hazard ratio, {model_word(model).lower()}", _ratio(rows, EXTERNAL, DEATH_ANYWHERE, model))
    console.print(table)
    for remark in validation.remarks:
        _say(console, f"note: {remark}")


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _lines(study: Study, rows: Sequence[Row]) -> list[tuple[str, list[list[str]]]]:
    cohorts, names = list(study.cohorts), groups_of(study.build.drug)
    counts = {cohort: _counts(rows, cohort) for cohort in cohorts}
    shown = {"n": "Patients", "deaths_28d": "Deaths in hospital within 28 days"}
    parts = []
    for name, heading in shown.items():
        lines = [
            [f"  {names[treated].lower()}", *(_shown(counts[cohort][group][name]) for cohort in cohorts)]
            for group, treated in _GROUPS.items()
        ]
        parts.append((heading, lines))
    heading = "Hazard ratio, 28 days (95 % CI)"
    if own := [row for row in main_rows(rows) if row.outcome == DEATH_28D]:
        ours = [[f"  {row.model}", *("" for _ in cohorts[1:]), _told(row)] for row in own]
        parts.append((f"{heading}, ours", ours))
    lines = [[f"  {model}", *(_ratio(rows, cohort, DEATH_28D, model) for cohort in cohorts)] for model in MODELS]
    parts.append((f"{heading}, as published", lines))
    worst = [largest_smd(rows, cohort) for cohort in cohorts]
    texts = [f"{row.estimate:.3f} {BY_NAME[row.term].label}" if row is not None else "n/e" for row in worst]
    return [*parts, ("Largest difference of a covariate", [["  SMD", *texts]])]


def _shown(count: int | str | None) -> str:
    return f"{count:,}" if isinstance(count, int) else (count or HIDDEN)


def _ratio(rows: Sequence[Row], cohort: str, outcome: str, model: str) -> str:
    row = find(rows, "outcome_models", cohort, outcome=outcome, model=model)
    return "n/e" if row is None else _told(row)


def _told(row: Row) -> str:
    """A cell; why a model cannot be estimated stands on the page."""
    if row.estimate is None or row.lower is None or row.upper is None:
        return "n/e" if row.note.startswith("not estimable") else row.note or "n/e"
    return ratio(row.estimate, row.lower, row.upper) + few(row)
