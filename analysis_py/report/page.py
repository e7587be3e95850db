"""What the page is made of: parts with texts, figures and tables; render.py makes the page of them."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePath

import pandas as pd

_TYPES = {".csv": "text/csv;charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png"}
# columns that hold words, not numbers
TEXTS = frozenset(
    {
        *("Rule", "Choice", "Model", "Outcome", "Variable", "What", "Cohort", "Measure", "Class", "Subgroup", "Source"),
        *("Status", "Test", "What is tested", "Check", "Worst", "Above", "What it means", "Definition", "Table"),
        *("In force", "Default", "Changed", "Value", "Component", "Target trial", "Emulation", "Var", "Design"),
        *("Estimator", "About"),
    }
)
_WIDE = 9  # columns from which on a table is set smaller, and printed on a page on its side
_LONG = 12  # lines up to which a table is shown without being asked for


@dataclass(frozen=True)
class Download:
    """A file inside the page: its name, and its content as a data address."""

    name: str
    address: str

    @property
    def kind(self) -> str:
        """What the link is called: CSV, SVG or PNG."""
        return PurePath(self.name).suffix[1:].upper()


@dataclass(frozen=True)
class Caption:
    """What stands at a table or figure: it is to be understood without the text around it."""

    title: str
    text: str


@dataclass(frozen=True)
class Line:
    """A table line: either a section heading, or cells."""

    cells: Sequence[str] = ()
    section: str = ""
    indent: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its caption. A column named `a: b` stands as b under a heading a shared with its neighbors.

    `marks` are its own signs that end a cell, in place of the page's, with the word that is read for each. `said` is
    what holds for all of its lines, in place of them or of a column.
    """

    caption: Caption
    columns: Sequence[str]
    lines: Sequence[Line]
    downloads: Sequence[Download] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    said: str = ""

    @property
    def size(self) -> int:
        """Lines that hold cells."""
        return sum(not line.section for line in self.lines)

    @property
    def is_long(self) -> bool:
        """So many lines that it is folded, and searched."""
        return self.size > _LONG

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
        """So many columns that they need a smaller type and, on paper, a page on its side."""
        return len(self.columns) >= _WIDE


@dataclass(frozen=True)
class Curve:
    """A curve whose values can be read from its figure: steps, with an interval where it has one, in the axis' unit."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    lower: Sequence[float] = ()
    upper: Sequence[float] = ()


@dataclass(frozen=True)
class Panel:
    """An axis with curves: where it lies in its figure, and its limits.

    `left` to `bottom` are shares of the figure's width and height, counted from the left and from the top.
    """

    left: float
    top: float
    right: float
    bottom: float
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    x_label: str
    curves: Sequence[Curve]


@dataclass(frozen=True)
class Picture:
    """A figure as a data address. `alternative` says in words and numbers what it shows to those who do not see it.

    `panels` hold the values of its curves, for those who point at them.
    """

    caption: Caption
    alternative: str
    source: str
    is_wide: bool
    downloads: Sequence[Download] = ()
    panels: Sequence[Panel] = ()


@dataclass(frozen=True)
class Part:
    """A section of the report. `undrawn` says of figures that cannot be drawn why, in their place."""

    anchor: str
    title: str
    text: Sequence[str] = ()
    figures: Sequence[Picture] = field(default_factory=tuple)
    tables: Sequence[Table] = field(default_factory=tuple)
    undrawn: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing in it is to be shown."""
        return not (self.text or self.figures or self.tables or self.undrawn)

    @property
    def is_one_table(self) -> bool:
        """Who opens it wants this table: it is not folded a second time."""
        return len(self.tables) == 1 and not self.figures

    @property
    def is_sideways(self) -> bool:
        """Printed as a whole on pages on their side: nothing stands before a wide table."""
        return not (self.text or self.figures or self.undrawn) and bool(self.tables) and self.tables[0].is_wide


def download(name: str, content: bytes) -> Download:
    """A file as a link that holds it."""
    kind = _TYPES[PurePath(name).suffix]
    return Download(name, f"data:{kind};base64," + b64encode(content).decode("ascii"))


def picture(caption: Caption, alternative: str, files: Mapping[str, bytes], is_wide: bool) -> Picture:
    """A figure from its files: the SVG is shown, as an image, so that identifiers of several do not clash."""
    links = [download(name, content) for name, content in files.items()]
    return Picture(caption, alternative, next(link.address for link in links if link.kind == "SVG"), is_wide, links)


def plain_table(
    caption: Caption, frame: pd.DataFrame, downloads: Sequence[Download] = (), marks: Mapping[str, str] | None = None
) -> Table:
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
    return Table(caption, [str(name) for name in columns], lines, downloads, marks or {})
