"""The kind of respiratory support charted at each time, and the episodes of invasive ventilation that it makes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.recompute.trial.choices import Choices, seed, word
from tests.recompute.trial.measured import Measurement
from tests.recompute.trial.rows import HOUR, Row, by_time, past_hour

MODES = ("ventilator_mode", "ventilator_mode_hamilton")
KINDS = ("oxygen_device", "oxygen_flow", *MODES)
INVASIVE = "InvasiveVent"


@dataclass(frozen=True)
class _Seen:
    """What was charted at one time: the first of its words, and whether a ventilator's mode says that he is on it."""

    at: int
    known: int
    priority: int
    status: str
    has_mode: bool
    is_without_flow: bool


def statuses(rows: Sequence[Row], stay_id: int, choices: Choices) -> list[Measurement[str]]:
    """Status by time of one stay, from the rows of its patient (KINDS), each known when its last row is."""
    words = _words(choices)
    seen: list[_Seen] = []
    for at, group in by_time(rows):
        found = [each for stay, each in _seen_at(at, group, words, choices) if stay == stay_id]
        if found:
            best = min(found, key=lambda each: each.priority)
            seen.append(
                replace(
                    best,
                    known=max(each.known for each in found),
                    has_mode=any(each.has_mode for each in found),
                    is_without_flow=any(each.is_without_flow for each in found),
                )
            )
    return _settled(seen, choices["ventilation_gap_h"])


def is_ventilated(charted: Sequence[Measurement[str]], time: int, known_by: int, gap_h: int) -> bool:
    """Whether the last status charted at or before a time, of those known by another, is invasive and not too old."""
    before = [each for each in charted if each.at <= time and each.known <= known_by]
    last = max(before, key=lambda each: each.at, default=None)
    return last is not None and last.value == INVASIVE and time - last.at <= gap_h * HOUR


def episodes(charted: Sequence[Measurement[str]], gap_h: int) -> list[tuple[int, int]]:
    """(start, end) of invasive episodes: rows of one status until another or a long silence; of one row none."""
    found: list[list[Measurement[str]]] = []
    last_of: dict[str, Measurement[str]] = {}
    for each in charted:
        same = last_of.get(each.value)
        if (
            not found
            or found[-1][-1].value != each.value
            or (same is not None and _whole_hours(same.at, each.at) >= gap_h)
        ):
            found.append([])
        found[-1].append(each)
        last_of[each.value] = each
    times = [each.at for each in charted]
    invasive = [episode for episode in found if episode[0].value == INVASIVE and len(episode) > 1]
    return [(episode[0].at, _end(episode[-1].at, times, gap_h)) for episode in invasive]


def _end(last: int, times: list[int], gap_h: int) -> int:
    """The next charted time, unless that is long after."""
    after = min((time for time in times if time > last), default=last)
    return last if _whole_hours(last, after) >= gap_h else after


def _whole_hours(start: int, end: int) -> int:
    return (past_hour(end) - past_hour(start)) // HOUR


def _words(choices: Choices) -> dict[tuple[str, str], tuple[int, str, bool]]:
    """(kind, word) -> priority, status, only the first device."""
    return {
        (row["concept"], word(row["value_text"]) or ""): (
            int(row["priority"]), row["status"], row["first_device_only"] == "true"
        )
        for row in seed("ventilation_status")
        if row["reading"] in ("both", choices["ventilation_words"])
    }  # fmt: skip


def _seen_at(
    at: int, group: Sequence[Row], words: dict[tuple[str, str], tuple[int, str, bool]], choices: Choices
) -> list[tuple[int | None, _Seen]]:
    """Each word of one time with the stay that it is of."""
    found: list[tuple[int | None, _Seen]] = []
    flows = [row for row in group if row.kind == "oxygen_flow" and row.text is not None]
    devices = [row for row in group if row.kind == "oxygen_device"]
    devices.sort(key=lambda row: (_descending(row.stored), _descending_text(row.text), row.stay or 0))
    if flows or not choices["oxygen_device_needs_flow"]:
        for place, row in enumerate(devices[:4]):
            priority, status, is_first_only = words.get((row.kind, word(row.text) or ""), (0, "", False))
            if priority and (place == 0 or not is_first_only):
                stay = max(flow.stay or 0 for flow in flows) if choices["oxygen_device_needs_flow"] else row.stay
                known = max(each.known for each in [row, *flows])
                found.append((stay, _Seen(at, known, priority, status, False, not flows)))
    for kind in MODES:
        rows = [row for row in group if row.kind == kind and row.text is not None]
        if rows:
            text = max(row.text.encode() for row in rows if row.text is not None).decode()
            priority, status, _ = words.get((kind, word(text) or ""), (0, "", False))
            if priority:
                known = max(row.known for row in rows)
                stay = max(row.stay or 0 for row in rows)
                found.append((stay, _Seen(at, known, priority, status, status == INVASIVE, False)))
    return found


def _settled(seen: list[_Seen], gap_h: int) -> list[Measurement[str]]:
    """The tube lies in a ventilated patient too: a tracheostomy with a mode, or soon after one without oxygen flow."""
    found, mode_at = [], None
    for each in seen:
        mode_at = each.at if each.has_mode else mode_at
        status = each.status
        if status == "Tracheostomy" and (
            each.has_mode or (each.is_without_flow and mode_at is not None and _whole_hours(mode_at, each.at) < gap_h)
        ):
            status = INVASIVE
        found.append(Measurement(each.at, each.known, status))
    return found


def _descending(number: int | None) -> float:
    """For a sort from high to low, missing last."""
    return float("inf") if number is None else -number


def _descending_text(text: str | None) -> tuple[bool, list[int]]:
    """For a sort from z to a by bytes, missing last."""
    return (text is None, [-byte for byte in (text or "").encode()] + [1])
