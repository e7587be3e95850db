"""The style that all figures share, and how a figure becomes files."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

Groups = Mapping[bool, str]  # names of the controls and of the treated
# Okabe and Ito's palette: told apart by colour-blind readers and in grey
COLORS = {False: "#5f6b76", True: "#0072b2"}
SINGLE, DOUBLE = 3.4, 7.0  # inches: one and two columns of a journal
_DPI = 300
_COMPRESSION = 3  # of png, 1 to 9: in half the time of the usual 6, and 4 % larger
_TEXT, SMALL = 7.0, 6.5  # points; journals ask for 6 or more
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": _TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    # the same picture gives the same bytes
    "svg.hashsalt": "dexsic",
}
_MARK_WIDTH, _MARK_HEIGHT = 3.5, 2.4  # inches for each watermark


def house_style() -> AbstractContextManager[None]:
    """Fonts, lines and identifiers of every picture; figures are made, drawn and saved inside it."""
    return mpl.rc_context(_STYLE)


def new_figure(width: float, height: float, columns: int = 1, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure and its axes, row by row; inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def unsigned(value: float, _: float) -> str:
    """A number at an axis on which one group's bars are mirrored; it has a name, for figures go to other processes."""
    return f"{abs(value):g}"


def watermark(figure: Figure, text: str) -> None:
    """`text` across the picture, so often that a large panel cut out of it keeps one; light: all below shows."""
    width, height = figure.get_size_inches()
    columns, rows = max(1, round(width / _MARK_WIDTH)), max(1, round(height / _MARK_HEIGHT))
    for row in range(rows):
        for column in range(columns):
            figure.text(
                (column + 0.5) / columns,
                (row + 0.5) / rows,
                text,
                ha="center",
                va="center",
                ma="center",
                rotation=20,
                fontsize=16,
                weight="bold",
                color="black",
                alpha=0.14,
            )


def render(figure: Figure, kind: str) -> bytes:
    """The figure as svg or png, without dates or versions in it.

    Not by savefig, which draws everything twice: once to find out how large it is.
    """
    stream = BytesIO()
    if kind == "svg":
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    else:
        figure.set_dpi(_DPI)
        how = {"compress_level": _COMPRESSION}
        FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None}, pil_kwargs=how)  # type: ignore[no-untyped-call]
    return stream.getvalue()


def save(figure: Figure, stem: Path) -> dict[str, bytes]:
    """Write stem.svg and stem.png; gives the content of both, by file name."""
    svg = render(figure, "svg")
    figure.set_layout_engine("none")  # the places found for the first file hold for the second
    files = {f"{stem.name}.svg": svg, f"{stem.name}.png": render(figure, "png")}
    for name, content in files.items():
        (stem.parent / name).write_bytes(content)
    return files
