"""What TARGET asks beyond STROBE: the target trial, its emulation, and what was found, item by item.

Cashin et al. 2025 (doi:10.1001/jama.2025.13350), 21 items; recommendations in short words of our own.
"""

from collections.abc import Iterator, Sequence

from analysis_py.marts.generated import PATIENTS
from analysis_py.report.checklist.words import AUTHOR, Item
from analysis_py.report.trial.protocol import protocol_table
from analysis_py.report.trial.tables import number
from analysis_py.report.trial.words import sentences
from analysis_py.study.results import Row, find
from analysis_py.study.study import Study
from analysis_py.study.suppression import suppress_flow
from analysis_py.study.trial.definitions import COHORT
from analysis_py.study.trial.designs import WAYS
from analysis_py.study.trial.diagnose import CENSORED, CLONES, DAYS, FOLLOWED
from analysis_py.study.trial.run import Trial
from analysis_py.study.variables import DEATH_28D, TRIAL_BASELINE, TRIAL_INTERVAL, TRIAL_OUTCOME_TITLES

_SECTION = "report: As the trial it stands for"
# letter of items 6 and 7 with its component of the protocol table
_COMPONENTS = {
    "a": ("eligibility criteria", ("Time zero", "Eligibility")),
    "b": ("treatment strategies", ("Strategies",)),
    "c": ("assignment", ("Assignment",)),
    "d": ("follow-up", ("Follow-up",)),
    "e": ("outcomes", ("Outcomes",)),
    "f": ("causal contrast", ("Contrast",)),
}
_ASSUMPTIONS = (
    "Given what is charted at each decision the start is as good as random; each kind of patient can start and can not "
    "start at each decision; the model of starting is right; one version of the treatment."
)


def target(study: Study, rows: Sequence[Row], below: int) -> list[tuple[str, str, str, str, str]]:
    """Item, section, recommendation, where, answer; empty where the build left the trial out."""
    if study.trial is None:
        return []
    sections = {
        "Abstract": _abstract(study),
        "Introduction": _introduction(study.build.drug),
        "Methods": _methods(study, study.trial),
        "Results": _results(study, study.trial, rows, below),
        "Discussion": _discussion(),
        "Other information": _other(),
    }
    return [
        (f"TARGET {item}", section, wanted, where, answer)
        for section, items in sections.items()
        for item, wanted, where, answer in items
    ]


def _abstract(study: Study) -> Iterator[Item]:
    data = PATIENTS if study.generated else "MIMIC-IV"
    yield "1a", "Say that a target trial is emulated", "manuscript", f"{AUTHOR} title and abstract"
    yield "1b", "Name the sources of the data", "manuscript", f"Routine records of intensive care: {data}."
    yield "1c", "Assumptions, methods, findings", "manuscript", f"{AUTHOR} abstract"


def _introduction(drug: str) -> Iterator[Item]:
    yield "2", "Background and gap of knowledge", "manuscript", f"{AUTHOR} background"
    question = f"What would 28-day mortality in SIC be if {drug} were started in time, and if it were not?"
    yield "3", "Causal question", "report, top", question
    yield (
        "4",
        "Why a target trial is emulated",
        "docs/DECISIONS.md",
        f"The published definition of exposure uses the future. {AUTHOR} trials that informed the protocol",
    )


def _methods(study: Study, trial: Trial) -> Iterator[Item]:
    yield (
        "5",
        "Data: purpose, setting, dates, linkage",
        "report: Versions; docs/DECISIONS.md",
        f"As STROBE 5 and RECORD 6. {AUTHOR} release used and its years",
    )
    lines = protocol_table(study.build, trial.definitions).set_index("Component")
    for item, column, words in (("6", "Target trial", "Target trial"), ("7", "Emulation", "Emulation")):
        for letter, (component, names) in _COMPONENTS.items():
            told = " ".join(f"{name}: {lines.loc[name, column]}." for name in names)
            yield f"{item}{letter}", f"{words}: {component}", f"{_SECTION}; tables/trial_protocol.csv", told
        assumed = "Randomization, and no loss to follow-up." if item == "6" else _ASSUMPTIONS
        yield f"{item}g", f"{words}: identifying assumptions", f"{_SECTION}; docs/DECISIONS.md", assumed
        analysis = f"{lines.loc['Analysis', column]}."
        if item == "7":
            analysis += f" Baseline covariates: {_labels()}. {len(WAYS)} designs beside each other."
        yield f"{item}h", f"{words}: analysis", f"{_SECTION}; tables/trial_designs.csv", analysis


def _labels() -> str:
    known = [variable.label for variable in TRIAL_BASELINE if variable.in_models]
    now = [current.variable.label for current in TRIAL_INTERVAL]
    return f"{', '.join(known)}; at each decision: {', '.join(now)}"


def _results(study: Study, trial: Trial, rows: Sequence[Row], below: int) -> Iterator[Item]:
    steps = suppress_flow(trial.marts.flow, below)
    told = "; ".join(f"{step.rule}: {step.n_excluded} excluded, {step.n_after} left" for step in steps.itertuples())
    yield "8", "Numbers at each step, by strategy", f"{_SECTION}; tables/trial_flow.csv", f"{told}."
    yield (
        "9",
        "Baseline characteristics by strategy",
        "tables/trial_balance.csv",
        "Both strategies hold the same patients at time zero; differences at the end of the grace period and at each "
        "decision, without and with weights.",
    )
    yield "10", "Length and end of follow-up by strategy", "tables/trial_clones.csv", _follow_up(rows)
    gaps = trial.marts.baseline.isna().mean()
    yield (
        "11",
        "Missing data",
        "docs/DECISIONS.md",
        f"{int((gaps > 0).sum())} of {len(gaps)} baseline covariates have gaps, filled by chained equations, first "
        "set; at decisions the last value is carried forward, and what was never measured has a flag.",
    )
    deaths = "; ".join(_deaths(rows, outcome, title) for outcome, title in TRIAL_OUTCOME_TITLES.items())
    yield "12", "Outcome events by strategy", "tables/trial_clones.csv", f"{deaths}."
    found = sentences(rows, study.build.drug, trial)
    yield "13", "Effect estimates, absolute and relative", f"{_SECTION}; tables/trial_designs.csv", found[0]
    yield (
        "14",
        "Additional analyses",
        f"{_SECTION}; figures/trial_forest.svg",
        f"{'; '.join(way.title for way in WAYS)}; each for both outcomes.",
    )


def _follow_up(rows: Sequence[Row]) -> str:
    told = []
    for name in ("treated", "control"):
        cells = {
            measure: find(rows, CLONES, f"{COHORT} {name}", outcome=DEATH_28D, measure=measure)
            for measure in (CENSORED, DAYS, FOLLOWED)
        }
        censored, days, beyond = (cells[measure] for measure in (CENSORED, DAYS, FOLLOWED))
        if censored is None or days is None or beyond is None:
            return "Not estimable."
        told.append(
            f"{'started' if name == 'treated' else 'not started'}: {days.estimate or 0:,.0f} person-days, "
            f"{number(censored.n)} clones censored, {number(beyond.n)} followed beyond the grace period"
        )
    return f"{'; '.join(told)}."


def _deaths(rows: Sequence[Row], outcome: str, title: str) -> str:
    told = []
    for name, words in (("treated", "started"), ("control", "not started")):
        row = find(rows, CLONES, f"{COHORT} {name}", outcome=outcome, measure="clones")
        told.append(f"{words}: not estimable" if row is None else f"{words}: {number(row.events)} of {number(row.n)}")
    return f"{title} of clones, {', '.join(told)}"


def _discussion() -> Iterator[Item]:
    yield "15", "Interpretation", "manuscript", f"{AUTHOR} interpretation"
    yield "16", "Limitations, of each departure from the target trial", "manuscript", f"{AUTHOR} limitations"


def _other() -> Iterator[Item]:
    yield "17", "Ethics", "manuscript", f"{AUTHOR} approval and waiver of consent"
    yield "18", "Registration and protocol", "manuscript", f"{AUTHOR} where the protocol is registered, if it is"
    yield "19", "Data and code", "README.md", "As RECORD 22.1."
    yield "20", "Funding", "manuscript", f"{AUTHOR} funding"
    yield "21", "Competing interests", "manuscript", f"{AUTHOR} interests"
