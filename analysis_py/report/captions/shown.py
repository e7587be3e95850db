"""A study as it is shown, and the words for who was studied."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis_py.marts.generated import PATIENTS
from analysis_py.report.tables.cells import COHORT_TITLES, warnings
from analysis_py.study.analyses.exposure import exposures_of
from analysis_py.study.analyses.pooling import CLUSTERED, EVENT_FREEDOM
from analysis_py.study.results import Row
from analysis_py.study.study import Study, groups
from analysis_py.study.suppression import HIDDEN, is_small
from analysis_py.study.variables import groups_of

# the analyses whose estimates are those of the models of death
OF_MODELS = ("outcome_models", "robustness", CLUSTERED, EVENT_FREEDOM)


@dataclass(frozen=True)
class Shown:
    """`rows` and `flow` with counts below `below` hidden: all words take their numbers from these."""

    study: Study
    rows: Sequence[Row]
    flow: pd.DataFrame
    below: int

    @property
    def people(self) -> str:
        """Patients, or what stands for them."""
        return PATIENTS if self.study.generated else "patients"

    @property
    def drug(self) -> str:
        """What is given to the treated."""
        return self.study.build.drug

    @property
    def groups(self) -> dict[bool, str]:
        """Names of the controls and of the treated."""
        return groups_of(self.drug)

    def size(self, cohort: str) -> str:
        """`n = 1,184: 592 without and 592 with dexmedetomidine`, as far as it may be told."""
        counts = groups(self.study.cohorts[cohort])
        total = sum(counts.values())
        if is_small(total, self.below):
            return f"n < {self.below}"
        if any(is_small(count, self.below) for count in counts.values()):
            return f"n = {total:,}, group sizes {HIDDEN}"
        return f"n = {total:,}: {counts[False]:,} without and {counts[True]:,} with {self.drug}"

    def cohorts(self) -> str:
        """Every cohort with its size."""
        told = [f"{COHORT_TITLES[name].lower()} ({self.size(name)})" for name in self.study.cohorts]
        return f"{self.people.capitalize()} with sepsis-induced coagulopathy, {' and '.join(told)}."

    def unmatched(self) -> str:
        """Why there is no matched cohort."""
        return self.empty_arm() or self.study.not_matched

    def empty_arm(self) -> str:
        """That nobody, or everybody, was treated; empty where there are both."""
        counts = groups(self.study.full)
        who = "everybody" if counts[True] else "nobody"
        return f"{who} in the cohort was given {self.drug}" if 0 in counts.values() else ""

    def matched(self) -> str:
        """The matched cohort with its size."""
        if self.study.matched is None:
            return f"No matched cohort: {self.unmatched()}."
        return f"{self.people.capitalize()} with sepsis-induced coagulopathy after matching ({self.size('matched')})."

    def few(self, *analyses: str) -> str:
        """What the marks of the estimates mean, of the gate and of few events; empty where there are none."""
        return "".join(f" {told}." for told in warnings(row for row in self.rows if row.analysis in analyses))

    def exposures(self) -> list[str]:
        """The analyses of duration and dose."""
        return [exposure.analysis for exposure in exposures_of(self.study.build)]

    def count(self, count: int) -> str:
        """A number of patients, as far as it may be told."""
        return f"fewer than {self.below}" if is_small(count, self.below) else f"{count:,}"
