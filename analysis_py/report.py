"""The report: one HTML file that needs nothing beside it."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from analysis_py.generated import PATIENTS, warning

# columns that hold words, not numbers
_TEXTS = {"Rule", "Choice", "Model", "Outcome", "Variable", "What", "Cohort", "Measure", "Class", "Subgroup"}
_WIDE = 8  # columns from which on a table is set smaller


@dataclass(frozen=True)
class Line:
    """A table line: either a section heading, or cells."""

    cells: Sequence[str] = ()
    section: str = ""
    indent: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its caption. A column named `a: b` stands as b under a heading a shared with its neighbors."""

    caption: str
    columns: Sequence[str]
    lines: Sequence[Line]

    @property
    def spans(self) -> list[tuple[str, int]]:
        """Headings over the columns with their width; empty where no column has one."""
        above = [name.split(": ", 1)[0] if ": " in name else "" for name in self.columns]
        return [(title, len(list(columns))) for title, columns in groupby(above)] if any(above) else []

    @property
    def headings(self) -> list[str]:
        """Names of the columns below the headings that they share."""
        return [name.split(": ", 1)[-1] for name in self.columns]

    @property
    def is_wide(self) -> bool:
        """So many columns that they need a smaller type."""
        return len(self.columns) > _WIDE


@dataclass(frozen=True)
class Picture:
    """A figure as a data address, with the caption that is also its alternative text."""

    caption: str
    source: str


@dataclass(frozen=True)
class Part:
    """A section of the report."""

    anchor: str
    title: str
    text: str = ""
    figures: Sequence[Picture] = field(default_factory=tuple)
    tables: Sequence[Table] = field(default_factory=tuple)


def picture(caption: str, svg: bytes) -> Picture:
    """An SVG as a picture inside the page: as an image, so that identifiers of several do not clash."""
    return Picture(caption, "data:image/svg+xml;base64," + b64encode(svg).decode("ascii"))


def plain_table(caption: str, frame: pd.DataFrame) -> Table:
    """A DataFrame of texts as a table; a `section` column becomes heading lines, a `level` column indented lines."""
    columns = [name for name in frame.columns if name not in ("section", "level")]
    lines, section = [], ""
    for record in frame.to_dict("records"):
        if record.get("section", "") != section:
            section = str(record["section"])
            if section:
                lines.append(Line(section=section))
        cells = [str(record[name]) for name in columns]
        level = str(record.get("level", ""))
        indent = bool(level) and not cells[0]
        if indent:
            cells[0] = level
        lines.append(Line(cells, indent=indent))
    return Table(caption, [str(name) for name in columns], lines)


def render_report(
    headline: str, remarks: Sequence[str], parts: Sequence[Part], methods: Sequence[str], generated: str
) -> str:
    """The page. Every text is escaped. `generated` as read_marts() gives it: a banner and a mark on each caption."""
    environment = Environment(
        loader=PackageLoader("analysis_py"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    return template.render(
        headline=headline,
        remarks=remarks,
        parts=parts,
        methods=methods,
        texts=_TEXTS,
        warning=warning(generated) if generated else "",
        mark=f" ({PATIENTS})" if generated else "",
    )
