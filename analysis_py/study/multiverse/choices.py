"""The choices of the study, and every combination of them: a specification each.

Steegen et al. 2016 (doi:10.1177/1745691616658637), Simonsohn et al. 2020 (doi:10.1038/s41562-020-0912-z).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import product

from analysis_py.statistics.propensity import CALIPER, CaliperScale
from analysis_py.study.analyses.robustness import CALIPERS, caliper_label
from analysis_py.study.estimators.names import (
    ADJUSTED,
    AIPW,
    ENTROPY,
    IPTW_ATE,
    IPTW_ATT,
    MATCHED_1,
    MATCHED_2,
    MATCHED_3,
    MATCHING_WEIGHTS,
    OVERLAP,
    PAPER,
    STANDARDIZATION,
)
from analysis_py.study.readings import Reading
from analysis_py.study.trial.designs import WAYS
from analysis_py.study.variables import DEATH_28D, DEATH_HOSPITAL, MODELS, TRIAL_OUTCOMES

PUBLISHED, TRIAL = "published", "trial"
ANY = ""  # of a choice that a specification does not have

# rules of SIC and the organs of its SOFA, with the marts' columns
SIC_RULES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("paper", "four organs"): ("is_sic_paper", "sic_score_four"),
    ("paper", "six organs"): ("is_sic_total", "sic_score_total"),
    ("strict", "four organs"): ("is_sic_strict", "sic_score_four"),
    ("strict", "six organs"): ("is_sic_strict_total", "sic_score_total"),
}
HEPARIN: Mapping[str, str] = {
    "infusion": "has_heparin_infusion",
    "any in the ICU": "has_heparin_any_icu",
    "any order": "has_heparin_any_order",
}
DAY_28, DISCHARGE = "day28", "discharge"
FOLLOW_UPS = (DAY_28, DISCHARGE)

MAIN_CALIPER = caliper_label(CALIPER, "sd")
NO_CALIPER = "no caliper"
CALIPER_WIDTHS: Mapping[str, tuple[float, CaliperScale]] = {
    **{caliper_label(*one): one for one in (CALIPERS[0], (CALIPER, "sd"), *CALIPERS[1:])},
    NO_CALIPER: (float("inf"), "sd"),
}


@dataclass(frozen=True)
class MatchedBy:
    """Controls for each treated patient, and the model of what is left."""

    ratio: int
    model: str


# what is matched with further controls has the full model alone: models 1 and 2 are the paper's, of pairs
MATCHINGS: Mapping[str, MatchedBy] = {
    **{f"{MATCHED_1}, {model}": MatchedBy(1, model) for model in MODELS},
    f"{MATCHED_2}, model 3": MatchedBy(2, "model 3"),
    f"{MATCHED_3}, model 3": MatchedBy(3, "model 3"),
}
OF_BOTH = (IPTW_ATE, IPTW_ATT, OVERLAP, MATCHING_WEIGHTS, ENTROPY, ADJUSTED)
OF_RISKS = (AIPW, STANDARDIZATION)  # of a binary outcome alone: their ratio is no ratio of hazards
ESTIMATORS: Mapping[str, tuple[str, ...]] = {
    DEATH_28D: (*MATCHINGS, *OF_BOTH),
    DEATH_HOSPITAL: (*MATCHINGS, *OF_BOTH, *OF_RISKS),
}
MEASURES: Mapping[str, str] = {DEATH_28D: "HR", DEATH_HOSPITAL: "OR", **dict.fromkeys(TRIAL_OUTCOMES, "HR")}


@dataclass(frozen=True)
class Specification:
    """One way to ask the question. A choice that it does not have is ANY.

    `follow_up` is a choice of hazards alone, `caliper` of matching, `adjustment` and the cohort's rules of the
    published design: a trial's are those of the build.
    """

    design: str
    outcome: str
    sic: str
    organs: str
    heparin: str
    follow_up: str
    adjustment: str
    estimator: str
    caliper: str

    @property
    def key(self) -> str:
        """What tells it from every other."""
        return "|".join(astuple(self))

    @property
    def measure(self) -> str:
        """HR or OR."""
        return MEASURES[self.outcome]

    @property
    def reading(self) -> Reading:
        """The cohort that it is about: that of day 28 where the follow-up makes no difference."""
        sic, score = SIC_RULES[self.sic, self.organs]
        follow_up = self.follow_up or DAY_28
        label = f"{self.sic}, {self.organs}, {self.heparin}, {follow_up}"
        return Reading(label, sic, score, HEPARIN[self.heparin], follow_up)


CHOICES = tuple(field.name for field in fields(Specification))


def specifications(
    columns: Collection[str], adjustments: Sequence[str] = (PAPER,), has_trial: bool = False
) -> list[Specification]:
    """Every combination that the data allow: `columns` of the stays, and whether there is a trial."""
    found = list(_published(columns, adjustments))
    if has_trial:
        nothing = (ANY, ANY, ANY, ANY, ANY)
        found += [
            Specification(TRIAL, outcome, *nothing, way.name, ANY) for outcome, way in product(TRIAL_OUTCOMES, WAYS)
        ]
    return found


def _published(columns: Collection[str], adjustments: Sequence[str]) -> Iterator[Specification]:
    rules = [names for names, (sic, score) in SIC_RULES.items() if sic in columns and score in columns]
    heparin = [name for name, column in HEPARIN.items() if column in columns]
    for outcome, estimators in ESTIMATORS.items():
        follow_ups = FOLLOW_UPS if outcome == DEATH_28D else (ANY,)
        for (sic, organs), drug, follow_up, adjustment, estimator in product(
            rules, heparin, follow_ups, adjustments, estimators
        ):
            for caliper in CALIPER_WIDTHS if estimator in MATCHINGS else (ANY,):
                place = (outcome, sic, organs, drug, follow_up, adjustment, estimator, caliper)
                yield Specification(PUBLISHED, *place)


def chosen(known: Sequence[Specification], only: Mapping[str, Collection[str]]) -> list[Specification]:
    """Those of `known` whose choices are among the values of `only`.

    Raises:
        ValueError: a choice that there is not, a value that no specification has, or nothing that has all.
    """
    for name, values in only.items():
        if name not in CHOICES:
            raise ValueError(f"there is no choice {name!r}: {', '.join(CHOICES)}")
        there = list(dict.fromkeys(getattr(one, name) for one in known if getattr(one, name) != ANY))
        for value in values:
            if value not in there:
                raise ValueError(f"{name} is never {value!r} here: {' · '.join(there)}")
    found = [one for one in known if all(getattr(one, name) in values for name, values in only.items())]
    if not found:
        raise ValueError("no specification has all of these choices")
    return found


def parse_only(text: str) -> dict[str, list[str]]:
    """`choice=value,choice=value` as choices with their values; a value may hold commas, and a choice come twice.

    Raises:
        ValueError: a part before the first equals sign.
    """
    found: dict[str, list[str]] = {}
    name = ""
    for part in text.split(","):
        before, equals, after = part.partition("=")
        if equals:
            name = before.strip()
            found.setdefault(name, []).append(after.strip())
        elif name:
            found[name][-1] += f",{part.rstrip()}"
        else:
            raise ValueError(f"{text!r} is not choice=value")
    return found
