"""The page's head: what was asked, in whom, and what was found."""

from analysis_py.report.captions.shown import Shown
from analysis_py.report.gate.reading import why_none
from analysis_py.report.gate.sentence import answer_of, has_gate, question
from analysis_py.report.tables.cells import warnings, with_p
from analysis_py.study.analyses.pooling import MAIN_MODEL, how, main_row
from analysis_py.study.analyses.unmatched import sentences
from analysis_py.study.results import find
from analysis_py.study.study import groups
from analysis_py.study.suppression import is_small
from analysis_py.study.variables import DEATH_28D


def headline(shown: Shown) -> list[str]:
    """What was asked and what may be said, in whom, the published design's numbers, and whom these are not about."""
    decided = answer_of(shown.rows, shown.drug, shown.study.trial)
    asked = [decided.first, *decided.rest] if decided is not None else [question(shown.drug, None)]
    counts = groups(shown.study.full)
    who = f"{shown.count(sum(counts.values())).capitalize()} {shown.people} were studied"
    if not any(is_small(count, shown.below) for count in counts.values()):
        who += f", {counts[True]:,} of them given {shown.drug}"
    if shown.study.matched is None:
        return [
            *asked,
            f"{who}; no pairs could be matched.",
            f"No effect can be estimated: {shown.unmatched()}.",
        ]
    pairs = shown.count(len(shown.study.matched.data) // 2)
    who += f"; {pairs} pairs of a treated and an untreated patient were matched by propensity score."
    return [*asked, who, _ours(shown), _published(shown), *sentences(shown.rows, shown.drug)]


def _ours(shown: Shown) -> str:
    main = main_row(shown.rows)
    if main is None or main.estimate is None:
        reason = why_none(main) if main is not None else "no model"
        return f"The effect after matching cannot be estimated: {reason}."
    marked = warnings([main])
    doubt = f" ({'; '.join(marked)})" if marked else ""
    whose = " of the published design" if has_gate(shown.rows) else ""
    return f"The fully adjusted hazard ratio{whose} is {with_p(main)}: {how(main)}{doubt}."


def _published(shown: Shown) -> str:
    """The same as the paper did it, on the first imputed copy."""
    shares = [_died(shown, group) for group in ("treated", "control")]
    died = ""
    if None not in shares:
        died = f" Of its matched, {shares[0]:.1f} % died with and {shares[1]:.1f} % without {shown.drug}."
    main = find(shown.rows, "outcome_models", "matched", model=MAIN_MODEL, outcome=DEATH_28D)
    if main is None or main.estimate is None:
        return f"As published, from one imputed data set, it cannot be estimated.{died}"
    return f"As published, from one imputed data set, it is {with_p(main)}.{died}"


def _died(shown: Shown, group: str) -> float | None:
    """Percent dead within 28 days after matching, where it may be shown."""
    row = find(shown.rows, "outcomes", f"matched {group}", term=DEATH_28D)
    return row.estimate if row is not None else None
