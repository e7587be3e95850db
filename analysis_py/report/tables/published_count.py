"""This database beside published counts, as a table and in one sentence."""

from collections.abc import Sequence

import pandas as pd

from analysis_py.marts.published_count import PublishedCount, of_this_release
from analysis_py.report.published import AGREES, DIFFERS
from analysis_py.report.tables.comparison import MARKS
from analysis_py.study.suppression import is_small

_COLUMNS = ("What", "Published", "Ours", "Off by", "Rule", "Definition", "Source", "Table")
_NAMED = 3  # of those that differ, in a sentence
RULE = (
    "The database is of a release if at least two of its counts of patients, admissions and ICU stays are exactly the "
    "release's. Equal: both are defined alike, and every row counts. Within a share: ours differs by a documented "
    "reading, which moves the count by less. All is meant for the definitions as they are by default."
)


def published_count_table(counts: Sequence[PublishedCount], below: int) -> pd.DataFrame:
    """A line per published count of this database's release, what differs first; counts too small are hidden."""
    lines = [_line(count, below) for count in sorted(of_this_release(counts), key=lambda count: count.agrees)]
    return pd.DataFrame(lines, columns=list(_COLUMNS))


def published_count_sentence(counts: Sequence[PublishedCount]) -> str:
    """How many agree and which do not, or why there is nothing to compare; empty where the build counted nothing."""
    here = of_this_release(counts)
    if not here:
        releases = ", ".join(dict.fromkeys(count.release for count in counts))
        return (
            f"Published counts do not apply: this database is no release of which there are any ({releases})."
            if counts
            else ""
        )
    differing = [count.title for count in here if not count.agrees]
    told = f"{len(here) - len(differing)} of {len(here)} published counts of MIMIC-IV {here[0].release} agree"
    if not differing:
        return f"{told}."
    more = f" and {len(differing) - _NAMED} more" if len(differing) > _NAMED else ""
    verb = "does" if len(differing) == 1 else "do"
    return f"{told}; {len(differing)} {verb} not: {'; '.join(differing[:_NAMED])}{more}."


def _line(count: PublishedCount, below: int) -> dict[str, str]:
    small = count.measure == "count" and is_small(int(count.ours), below)
    off = 100 * (count.ours - count.published) / count.published if count.published else 0.0
    return {
        "What": count.title,
        "Published": _number(count.published),
        "Ours": f"{f'<{below}' if small else _number(count.ours)} {MARKS[AGREES if count.agrees else DIFFERS]}",
        "Off by": "" if small else "0" if count.ours == count.published else f"{off:+.2f} %",
        "Rule": f"within {count.tolerance:g} %" if count.tolerance else "equal",
        "Definition": "" if count.difference == "none" else count.difference,
        "Source": count.source,
        "Table": count.model,
    }


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
