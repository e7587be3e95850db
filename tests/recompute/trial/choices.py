"""The vars of dbt_project.yml, some of them changed, and the seeds: all that is shared with the SQL."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[3]
# vars that are followed in one reading only
ONE_READING = {
    "infusion_reading": "running",
    "infusion_rate_from_amount": True,
    "heparin_names": "default",
    "hospital_death": "any_record",
    "tumor_codes": "mimic_code",
}


class Choices:
    """A var by its name: `choices["sic_min_score"]`."""

    def __init__(self, changed: Mapping[str, Any] | None = None) -> None:
        with (PROJECT / "dbt_project.yml").open(encoding="utf-8") as file:
            self.values: dict[str, Any] = yaml.safe_load(file)["vars"]
        unknown = set(changed or {}) - self.values.keys()
        if unknown:
            raise ValueError(f"no vars are named {sorted(unknown)}")
        self.values |= changed or {}
        for name, reading in ONE_READING.items():
            if self.values[name] != reading:
                raise ValueError(f"{name}: only {reading} is recomputed")

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def points(self, name: str, value: float | None, meets: Any) -> int:
        """The most points of the table `name` whose threshold `value` meets; 0 for none."""
        if value is None:
            return 0
        return max((int(points) for points, limit in self.values[name].items() if meets(value, limit)), default=0)


def seed(name: str) -> list[dict[str, str]]:
    """The rows of a list of codes; an empty field is an empty text."""
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number_of(text: str) -> float | None:
    """A field of a seed that may be empty."""
    return float(text) if text else None


def word(text: str | None) -> str | None:
    """A word as it is compared: without blanks around it, in small letters."""
    return None if text is None else text.strip(" ").lower()
