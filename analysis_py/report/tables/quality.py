"""The checks of data_quality as tables for people."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from analysis_py.marts.quality import QualityCheck
from analysis_py.study.suppression import is_small

COLUMNS = ("Check", "Source", "Of", "Rows", "Affected", "Share", "Limits", "Above", "What becomes of it", "Meaning")


def quality_table(checks: Sequence[QualityCheck], below: int) -> pd.DataFrame:
    """A line per check and concept, those above a limit first, then by share; counts that are too small are hidden."""
    return pd.DataFrame([_line(check, below) for check in sorted(checks, key=_severity)], columns=list(COLUMNS))


def faults_table(checks: Sequence[QualityCheck], below: int) -> pd.DataFrame:
    """A line per check that found something, over all concepts, with the worst of them; order as quality_table()."""
    found: dict[str, list[QualityCheck]] = {}
    for check in sorted(checks, key=_severity):
        if check.affected:
            found.setdefault(check.name, []).append(check)
    lines = []
    for name, parts in found.items():
        counts = [check.rows for check in checks if check.name == name]
        rows = max(counts) if parts[0].about_words else sum(counts)
        whole = _line(replace(parts[0], rows=rows, affected=sum(part.affected for part in parts)), below)
        worst = _line(parts[0], below)
        lines.append(
            {
                "Check": whole["Check"],
                "Affected": whole["Affected"],
                "Rows": whole["Rows"],
                "Share": whole["Share"],
                "Worst": f"{worst['Of']} {worst['Share']}" if worst["Of"] and worst["Share"] else "",
                "Limits": worst["Limits"],
                "Above": worst["Above"],
                "What it means": f"{parts[0].meaning}. Here: {parts[0].handling}.",
            }
        )
    return pd.DataFrame(lines)


def _severity(check: QualityCheck) -> tuple[bool, bool, float]:
    return (check.percent <= check.error_above, not check.above, -check.percent)


def _line(check: QualityCheck, below: int) -> dict[str, str]:
    small = is_small(check.affected, below)
    share = 100 * below / check.rows if small and check.rows else check.percent
    return {
        "Check": check.name.replace("_", " "),
        "Source": check.source,
        "Of": check.concept.replace("_", " "),
        "Rows": f"<{below}" if is_small(check.rows, below) else f"{check.rows:,}",
        "Affected": f"<{below}" if small else f"{check.affected:,}",
        "Share": "" if is_small(check.rows, below) else f"{'<' if small else ''}{share:.2g} %",
        "Limits": f"{check.warn_above:g} / {check.error_above:g} %",
        "Above": check.above,
        "What becomes of it": check.handling,
        "Meaning": check.meaning,
    }
