"""The section in a page that is there already."""

import os
import re
import tempfile
from pathlib import Path

import pandas as pd

from analysis_py.report.multiverse.part import ANCHOR
from analysis_py.report.page import Part
from analysis_py.report.render import render_part

_SECTION = re.compile(rf'<section id="{ANCHOR}".*?</section>', re.DOTALL)


def update_page(output: Path, part: Part, fingerprint: str, generated: str) -> bool:
    """Put `part` into output/report.html if that is a page of the same build; whether it was done.

    Raises:
        OSError: the page cannot be written.
    """
    page = output / "report.html"
    if not page.is_file() or not fingerprint or _fingerprint(output) != fingerprint:
        return False
    text = page.read_text(encoding="utf-8")
    if len(_SECTION.findall(text)) != 1:  # of a version without it
        return False
    changed = _SECTION.sub(lambda _: render_part(part, {}, generated).strip(), text)
    handle, fresh = tempfile.mkstemp(prefix=".new-", dir=output / ANCHOR)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(changed)
        Path(fresh).replace(page)
    finally:
        Path(fresh).unlink(missing_ok=True)
    return True


def _fingerprint(output: Path) -> str:
    """That of the build that the page is about, from the table of versions beside it."""
    versions = output / "tables" / "versions.csv"
    if not versions.is_file():
        return ""
    known = pd.read_csv(versions, dtype=str, keep_default_na=False)
    return str(next(iter(known.loc[known["What"] == "Data fingerprint", "Value"]), ""))
