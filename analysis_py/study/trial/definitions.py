"""The trial's choices, as the build made them."""

from dataclasses import dataclass

from analysis_py.marts.build_record import BuildRecord
from analysis_py.study.variables import HORIZON_DAYS

HOURS = 24.0
COHORT = "trial"  # in results.csv


@dataclass(frozen=True)
class Definitions:
    """Hours of the grace period and of its intervals; what the published definition asks beside a start in time."""

    grace_h: float
    interval_h: float
    minimum_stay_h: float
    minimum_duration_h: float
    horizon_h: float

    @classmethod
    def of(cls, build: BuildRecord) -> "Definitions":
        """From the vars in force, or their defaults."""

        def hours(name: str, default: float) -> float:
            return float(build.definitions.get(name, default))

        return cls(
            hours("trial_grace_h", 48),
            hours("trial_interval_h", 6),
            hours("icu_stay_min_h", 48),
            build.min_duration_h,
            hours("death_horizon_days", HORIZON_DAYS) * HOURS,
        )

    def moment(self, k: int) -> float:
        """Hour of a decision point."""
        return k * self.interval_h
