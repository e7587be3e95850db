"""One line of a check."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """What was found, with its remedy; an error stands in the way of the study."""

    level: Level
    text: str
