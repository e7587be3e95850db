"""Is what a command said when it gave up of any use to whoever reads it?"""

import re

from torture.process import Ended

INTERRUPTED = 130
_DBT_FAILED = (1, 2)
# a server's or a library's own lines, which name things that nobody asked about, and may quote a row
_RAW = {
    "a traceback": r"^Traceback \(most recent call last\)",
    "a raw server text": r"^\s*(LINE \d+:|DETAIL:|CONTEXT:|HINT:|SQL statement)|closed the connection unexpectedly",
    "a raw exception": r"\b(psycopg2?|builtins|OperationalError|InternalError|KeyError|OSError|Errno)\b",
}
_REMEDY = re.compile(
    r"\b(again|start|connect|end it|free|choose|wait|raise|ask|grant|set|run|see|above|first|another|is the server)\b"
)


def complaint(ended: Ended, expected: int, is_dbt: bool = False) -> str:
    """What is wrong with the end of a command that had to give up with exit code `expected`; empty if nothing.

    Of dbt itself no more is asked than that it fails and says so: its words are its own.
    """
    if ended.code is None:
        return "it did not end"
    if ended.code != expected and not (is_dbt and ended.code in _DBT_FAILED):
        return f"exit code {ended.code}, not {expected}"
    if is_dbt:
        return "" if re.search(r"Error|interrupted|cancel", ended.text, re.IGNORECASE) else "no word of what happened"
    for what, pattern in _RAW.items():
        if re.search(pattern, ended.text, re.MULTILINE):
            return what
    word = "interrupted" if expected == INTERRUPTED else "error"
    said = [line for line in ended.text.splitlines() if line.startswith(f"{word}:")]
    if len(said) != 1:
        return f"{len(said)} lines begin with {word!r}, not 1"
    if expected != INTERRUPTED and not _REMEDY.search(said[0]):
        return "the message names no remedy"
    return ""


def excerpt(text: str, lines: int = 6) -> str:
    """The last lines of what was said, on one line."""
    return " | ".join(line.strip() for line in text.strip().splitlines()[-lines:])[-700:]
