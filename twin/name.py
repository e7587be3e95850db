"""The embedded server's database of a generated data set: one for each size, seed and design, however it is made."""

from dataclasses import fields
from typing import Final

from twin.plan.design import Design
from twin.trial.design import TrialDesign

# what differs from a design's own defaults, in a word; the rest is left out of the name
_WORDS: Final = {"hazard_ratio": "hr", "unmeasured": "cause", "confounding": "confounding", "missing": "missing"}


def database_name(stays: int, seed: int, design: Design | TrialDesign) -> str:
    """generated_2000_1 for the trial that `make study` runs on, generated_2000_1_study_hr_1 for another design."""
    kind = [] if isinstance(design, TrialDesign) else ["study"]
    usual = type(design)()
    changed = [
        f"{_WORDS[field.name]}_{_plain(getattr(design, field.name))}"
        for field in fields(design)
        if getattr(design, field.name) != getattr(usual, field.name)
    ]
    return "_".join(["generated", str(stays), str(seed), *kind, *changed])


def _plain(value: float | bool) -> str:
    """A value in letters that a database's name may have."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}".replace("-", "minus_").replace("+", "").replace(".", "_")
