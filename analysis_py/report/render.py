"""The report: one HTML file that needs nothing beside it."""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from analysis_py.marts.generated import PATIENTS, warning
from analysis_py.report.first import First
from analysis_py.report.page import TEXTS, Panel, Part


def render_report(
    title: str,
    first: First | None,
    headline: Sequence[str],
    remarks: Sequence[str],
    parts: Sequence[Part],
    marks: Mapping[str, str],
    generated: str,
    beside: Mapping[str, str],
) -> str:
    """The page. Every text is escaped.

    Without `first` the sentences of the `headline` stand at the top, else they are folded behind it. `marks` are signs
    that end a cell, with the word that is read for each. `generated` as read_marts() gives it: a banner, and a mark on
    each caption. `beside` are files in the page's folder with what they are.
    """
    return (
        _templates()
        .get_template("report.html.j2")
        .render(
            title=title,
            first=first,
            headline=headline,
            remarks=remarks,
            parts=[part for part in parts if not part.is_empty],
            marks=marks,
            beside=beside,
            texts=TEXTS,
            warning=warning(generated) if generated else "",
            mark=_mark(generated),
        )
    )


def render_part(part: Part, marks: Mapping[str, str], generated: str) -> str:
    """A section alone, as render_report() has it."""
    module: Any = _templates().get_template("parts.html.j2").module
    return str(module.section(part, marks, TEXTS, _mark(generated), False))


def curves_of(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """The values of curves for the page's script: a number that is none is null."""
    return [
        {
            "left": panel.left,
            "top": panel.top,
            "right": panel.right,
            "bottom": panel.bottom,
            "from": panel.x_limits[0],
            "to": panel.x_limits[1],
            "bottomValue": panel.y_limits[0],
            "topValue": panel.y_limits[1],
            "label": panel.x_label,
            "curves": [
                {"name": curve.name, "x": _numbers(curve.x), "y": _numbers(curve.y)}
                | {"lower": _numbers(curve.lower), "upper": _numbers(curve.upper)}
                for curve in panel.curves
            ],
        }
        for panel in panels
        if panel.curves
    ]


def ratio_of(source: str) -> str:
    """Width by height of an SVG that is a data address; 1.5 where it does not say."""
    head = b64decode(source.partition("base64,")[2][:4000]).decode("utf-8", "replace")
    found = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', head)
    return f"{float(found[1]) / float(found[2]):.4f}" if found else "1.5"


def _numbers(values: Sequence[float]) -> list[float | None]:
    """Six digits say more than a curve shows."""
    return [float(f"{value:.6g}") if isfinite(value) else None for value in values]


def _mark(generated: str) -> str:
    return f" ({PATIENTS})" if generated else ""


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("analysis_py.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"curves": curves_of, "ratio": ratio_of}
    return environment
