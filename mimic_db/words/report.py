"""The words of a database as text: groups by consequence, counts that tell of few patients hidden."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from mimic_db.words.judge import CONVERTED, KNOWN, READ_OTHERWISE, STOPS, Word

_MOST = 100  # words of a group; a vocabulary that is another one would fill the screen


def report(words: Sequence[Word], suppress_below: int) -> Iterator[str]:
    """A head for each consequence, with a line for each word; what is known is only counted."""
    for consequence, group in groupby(words, key=lambda word: word.consequence):
        found = list(group)
        if consequence == KNOWN:
            places = Counter(re.sub("unit of .*", "unit", word.place) for word in found)
            listed = ", ".join(f"{place} {count:,}" for place, count in sorted(places.items()))
            yield f"{'ok':<8}{consequence}: {len(found):,} words ({listed})"
            continue
        yield f"{_level(consequence):<8}{consequence}"
        for word in found[:_MOST]:
            remark = f" ({word.remark})" if word.remark else ""
            told = _on_one_line(f"{word.place}: {word.text}{remark}")
            yield f"{'':<8}{_count(word.rows, suppress_below):>13}  {told}"
        if len(found) > _MOST:
            yield f"{'':<23}and {len(found) - _MOST:,} more"


def can_build(words: Sequence[Word]) -> bool:
    """Whether no word stops a build."""
    return all(word.consequence != STOPS for word in words)


def _level(consequence: str) -> str:
    if consequence == STOPS:
        return "error"
    return "ok" if consequence in (CONVERTED, READ_OTHERWISE) else "warning"


def _on_one_line(text: str) -> str:
    """With what would break the line, or move on it, as its escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _count(rows: int, suppress_below: int) -> str:
    return f"< {suppress_below}" if rows < suppress_below else f"{rows:,}"
