"""What is said about the controls: the sentences of their section, captions, and what the figure shows in numbers."""

from collections.abc import Sequence

from analysis_py.report.captions.shown import Shown
from analysis_py.report.controls.tables import DESIGN_TITLES, calibration_of, designs_of, estimates
from analysis_py.report.page import Caption
from analysis_py.report.tables.cells import equals, in_words, told_interval
from analysis_py.study.controls.calibrate import CALIBRATED, EASE, LEFT_OUT, MEDIAN, USED
from analysis_py.study.controls.checks import LEAST_EVENTS_PER_ARM, TOO_LARGE_IMBALANCE
from analysis_py.study.controls.found import DRUG, EXPOSURE, OUTCOME, POSITIVE
from analysis_py.study.controls.run import Controls
from analysis_py.study.gate.thresholds import LARGEST_SMD, LEAST_CONTROLS, LEAST_EQUIPOISE
from analysis_py.study.results import Row
from analysis_py.study.trial.designs import PRIMARY, PUBLISHED_MATCHED

TITLE = "Negative controls"
ABSENT = (
    "The build left the controls out (tag controls): `dbt build` without `--exclude tag:controls` brings them back."
)
FUNNEL = "controls_funnel"
_NAMES = {PUBLISHED_MATCHED: "the published design", PRIMARY: "the trial"}


def is_of_controls(name: str) -> bool:
    """Whether a figure or table is of this section."""
    return name.startswith("controls")


def sentences(rows: Sequence[Row], drug: str, controls: Controls | None) -> list[str]:
    """What was found in words: what each design makes of nothing, and of the drug once that is taken off."""
    if controls is None:
        return [ABSENT]
    told = [bias_sentence(rows, design) for design in designs_of(rows)]
    told += [_calibrated(rows, design, drug) for design in designs_of(rows)]
    told += [_outcomes(rows, design, drug) for design in designs_of(rows)]
    told += [_positive(rows, design, drug) for design in designs_of(rows)]
    return [sentence for sentence in told if sentence] + list(controls.remarks)


def bias_sentence(rows: Sequence[Row], design: str) -> str:
    """The median hazard ratio of drugs that do nothing: what the design alone makes."""
    used, left = (calibration_of(rows, design, EXPOSURE, measure) for measure in (USED, LEFT_OUT))
    median, error = (calibration_of(rows, design, EXPOSURE, measure) for measure in (MEDIAN, EASE))
    if used is None or left is None or used.estimate is None or left.estimate is None:
        return ""
    of = f"{used.estimate:.0f} of {used.estimate + left.estimate:.0f} exposures that cannot change death"
    if median is None or error is None or median.estimate is None or error.estimate is None:
        return f"{DESIGN_TITLES[design]}, {of} count: {LEAST_CONTROLS} are needed, systematic error is not evaluated."
    return (
        f"{DESIGN_TITLES[design]}, {of} count: the median of their hazard ratios is {median.estimate:.2f} (quartiles "
        f"{median.lower:.2f} to {median.upper:.2f}), which is what {_NAMES[design]} makes of nothing; expected "
        f"absolute "
        f"systematic error (EASE) {error.estimate:.2f} (95 % {error.lower:.2f} to {error.upper:.2f})."
    )


def _calibrated(rows: Sequence[Row], design: str, drug: str) -> str:
    row, own = calibration_of(rows, design, EXPOSURE, CALIBRATED), next(iter(estimates(rows, design, DRUG)), None)
    if row is None or own is None or row.estimate is None or own.estimate is None:
        return ""
    return (
        f"Set against them, the hazard ratio of {drug} by {_NAMES[design]}, {told_interval(own)}, is {in_words(row)}, "
        f"p {equals(row.p_value or 0)}."
    )


def _outcomes(rows: Sequence[Row], design: str, drug: str) -> str:
    used, error = (calibration_of(rows, design, OUTCOME, measure) for measure in (USED, EASE))
    if used is None or used.estimate is None:
        return ""
    if error is None or error.estimate is None:
        return f"{DESIGN_TITLES[design]}, {used.estimate:.0f} outcomes before the ICU count: too few to be evaluated."
    return (
        f"{DESIGN_TITLES[design]}, {used.estimate:.0f} outcomes that {drug} cannot have caused, since they lie "
        f"before the "
        f"ICU, give an EASE of {error.estimate:.2f} (95 % {error.lower:.2f} to {error.upper:.2f}): they see "
        f"differences "
        "between the groups, not what the design makes of time."
    )


def _positive(rows: Sequence[Row], design: str, drug: str) -> str:
    row = next(iter(estimates(rows, design, POSITIVE)), None)
    if row is None or row.estimate is None or row.lower is None:
        return ""
    verdict = (
        "as it must be"
        if row.lower > 1
        else f"{drug} must make it more frequent: if this does not, the exposure may be wrong"
    )
    return f"Bradycardia within 48 h, {_NAMES[design]}: odds ratio {told_interval(row)}, {verdict}."


def controls_caption(shown: Shown, name: str) -> Caption:
    """The caption of a table or figure of the controls."""
    drug = shown.drug
    how = (
        "As published: those who had it within the exposure's window and for long enough, matched to those who never "
        "had it; hazard ratio of 28-day hospital death, unadjusted after matching, errors by pair. As the trial: "
        "clone, "
        "censor, weight from the exposure's own starts, errors by patient with the weights taken as known. "
        f"{drug.capitalize()} is put through the same."
    )
    counts = (
        f"A control counts with {LEAST_EVENTS_PER_ARM} events in each group; an exposure if its groups are alike "
        f"too (no "
        f"standardized difference above {LARGEST_SMD:g} by more than chance, none of "
        f"{TOO_LARGE_IMBALANCE:g}) and "
        f"in equipoise ({LEAST_EQUIPOISE:g} of all or more)."
    )
    told = {
        FUNNEL: (
            "Negative controls and the drug among them",
            f"Ratio of each control against its standard error. {counts} Hollow: does not count. Diamond: {drug}. "
            f"Dashed: "
            "beyond it p < 0.05; shaded: what systematic and random error together leave, beyond it the "
            "calibrated p is "
            f"below 0.05. {how}",
        ),
        "controls": ("Each control", f"{how} {counts}"),
        "controls_calibration": (
            "Systematic error by the controls, and the drug's estimate calibrated",
            "Empirical null: the controls' estimates scatter normally about its mean beyond their own errors. "
            "EASE: mean "
            "absolute error of the null on the log scale, posterior median with 95 % interval. At least "
            f"{LEAST_CONTROLS} controls, else not evaluated.",
        ),
    }
    return Caption(*told[name])


def controls_alternative(shown: Shown) -> str:
    """What the funnel shows, in numbers."""
    told = []
    for design in designs_of(shown.rows):
        for kind in (EXPOSURE, OUTCOME):
            ratios = sorted(row.estimate for row in estimates(shown.rows, design, kind) if row.estimate is not None)
            if ratios:
                told.append(
                    f"{DESIGN_TITLES[design].lower()}, {len(ratios)} {kind}s from {ratios[0]:.2f} to {ratios[-1]:.2f}"
                )
        own = next(iter(estimates(shown.rows, design, DRUG)), None)
        if own is not None:
            told.append(f"{DESIGN_TITLES[design].lower()}, {shown.drug} {told_interval(own)}")
    return f"Funnel plots of the controls' ratios against their standard errors. {'; '.join(told)}."
