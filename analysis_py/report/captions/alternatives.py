"""What each figure shows, in words and numbers, for those who do not see it."""

from analysis_py.report.captions.shown import Shown
from analysis_py.report.tables.cells import COHORT_TITLES, told_interval
from analysis_py.report.tables.cohort import smd_frame
from analysis_py.report.tables.effects import choices
from analysis_py.study.analyses.describe import GROUP_NAMES
from analysis_py.study.analyses.exposure import exposures_of
from analysis_py.study.results import find
from analysis_py.study.suppression import HIDDEN
from analysis_py.study.variables import BY_NAME, DEATH_28D, SUBGROUP_TITLES


def alternative(shown: Shown, name: str) -> str:
    """What a figure shows, in numbers."""
    told = {
        "flow": _flow,
        "kaplan_meier": _survival,
        "love_plot": _balance,
        "propensity_overlap": _overlap,
        "subgroups": _subgroups,
        "exposure": _exposure,
        "robustness": _robustness,
        "imputation": _imputation,
    }
    return told[name](shown)


def _flow(shown: Shown) -> str:
    steps = [f"{step.rule}: {step.n_excluded} excluded, {step.n_after} left" for step in shown.flow.itertuples()]
    return f"Flow chart. {shown.flow['n_before'].iloc[0]} ICU stays. {'; '.join(steps)}. {shown.cohorts()}"


def _survival(shown: Shown) -> str:
    told = []
    for cohort in shown.study.cohorts:
        for treated, group in GROUP_NAMES.items():
            row = find(shown.rows, "kaplan_meier", f"{cohort} {group}")
            place = f"{COHORT_TITLES[cohort].lower()}, {shown.groups[treated].lower()}"
            if row is None or row.estimate is None or row.lower is None or row.upper is None:
                told.append(f"{place}: not shown")
            elif isinstance(row.n, str) or isinstance(row.events, str):
                told.append(f"{place}: {HIDDEN}")
            else:
                share, low, high = (f"{100 * number:.1f}" for number in (row.estimate, row.lower, row.upper))
                told.append(f"{place}: {share} % (95 % CI {low} to {high})")
    return f"Survival curves. Alive at day 28: {'; '.join(told)}."


def _balance(shown: Shown) -> str:
    smd = smd_frame(shown.rows)
    told = []
    for cohort, title in COHORT_TITLES.items():
        known = smd[["term", cohort]].dropna()
        if len(known):
            worst = known.sort_values(cohort, kind="stable").to_dict("records")[-1]
            told.append(
                f"{title}: {(known[cohort] > 0.1).sum()} of {len(known)} covariates differ by more than "
                f"0.1, most of all {BY_NAME[str(worst['term'])].label} ({worst[cohort]:.2f})"
            )
    return f"Dot plot. {'; '.join(told)}."


def _overlap(shown: Shown) -> str:
    told = []
    for treated, group in GROUP_NAMES.items():
        row = find(shown.rows, "overlap", f"full {group}")
        share = HIDDEN if row is None or row.estimate is None else f"{row.estimate:.0f} %"
        told.append(f"{share} of those with {shown.groups[treated].lower()}")
    return f"Mirrored histograms. Before matching, {' and '.join(told)} have a preference score from 0.3 to 0.7."


def _subgroups(shown: Shown) -> str:
    told = []
    for row in shown.rows:
        if row.analysis == "subgroup" and row.term and not row.measure.startswith("interaction"):
            name = ", ".join(part for part in (SUBGROUP_TITLES.get(row.term, ""), row.level) if part)
            told.append(f"{name}: {told_interval(row)}")
    return f"Forest plot of hazard ratios. {'; '.join(told)}."


def _robustness(shown: Shown) -> str:
    told = []
    for cohort, title in COHORT_TITLES.items():
        ratios = [
            row.estimate
            for row in choices(shown.rows, cohort)
            if (row.outcome, row.model) == (DEATH_28D, "model 3") and row.estimate is not None
        ]
        if ratios:
            told.append(f"{title.lower()}, from {min(ratios):.2f} to {max(ratios):.2f} under {len(ratios)} choices")
    return f"Forest plot. Hazard ratios {'; '.join(told) or 'not estimable'}."


def _exposure(shown: Shown) -> str:
    told = []
    for exposure in exposures_of(shown.study.build):
        classes = [
            f"{row.level}: {told_interval(row)}"
            for row in shown.rows
            if (row.analysis, row.measure, row.model) == (exposure.analysis, "HR", "model 3")
            and "trend" not in row.level
        ]
        if exposure.smooth and classes:
            told.append(f"{exposure.title} in {exposure.unit}, {', '.join(classes)}")
    return (
        "Curves of the hazard ratio over duration and over dose. Hazard ratios of the classes against none: "
        f"{'; '.join(told) or 'not estimable'}."
    )


def _imputation(shown: Shown) -> str:
    trace = shown.study.completed.trace
    last = trace[trace["iteration"] == trace["iteration"].max()]
    told = []
    for name, ends in last.groupby("variable", sort=False)["mean"]:
        title = BY_NAME[str(name)].title
        told.append(f"{title}, from {ends.min():.4g} to {ends.max():.4g}")
    return f"Line plots by variable. Means of the imputed data sets after the last iteration: {'; '.join(told)}."
