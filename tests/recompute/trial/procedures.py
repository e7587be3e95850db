"""Continuous renal replacement as a procedure."""

from tests.recompute.source import Source
from tests.recompute.trial.choices import Choices, seed
from tests.recompute.trial.rows import records
from tests.recompute.trial.stays import Stay, margin_of


def procedures_of(source: Source, stays: dict[int, Stay], choices: Choices) -> dict[int, list[tuple[int, int]]]:
    """(start, end) of each procedure that lies in its stay or near it."""
    items = [int(item["itemid"]) for item in seed("procedure_item") if item["concept"] == "crrt"]
    found: dict[int, list[tuple[int, int]]] = {}
    columns = ["subject_id", "stay_id", "starttime", "endtime"]
    for row in records(source.read("icu", "procedureevents", columns, items)):
        stay, start, end = stays.get(row["stay_id"]), row["starttime"], row["endtime"]
        if stay is None or stay.subject_id != row["subject_id"] or start is None or end is None or end < start:
            continue
        if stay.is_near(start, margin_of(choices)) or stay.is_near(end, margin_of(choices)):
            found.setdefault(stay.stay_id, []).append((start, end))
    return found
