"""What is in the record of each patient: charted rows, laboratory results and urine that can be used."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from tests.recompute.source import Source
from tests.recompute.trial.choices import Choices, number_of, seed
from tests.recompute.trial.rows import HOUR, Row, known_at, records
from tests.recompute.trial.stays import Stay, margin_of


class Record:
    """Rows by stay and by patient; `in_time` of them are those that were stored soon enough to be used."""

    def __init__(self, source: Source, stays: dict[int, Stay], choices: Choices) -> None:
        self.source, self.stays, self.choices = source, stays, choices
        self.margin = margin_of(choices)
        self.charts = _grouped(self._charts(), "stay")
        self.charts_of_patient = _grouped((row for rows in self.charts.values() for row in rows), "subject")
        self.labs = _grouped(self._labs(), "subject")
        self.urine = _grouped(self._urine(), "stay")

    def in_time(self, rows: Iterable[Row]) -> list[Row]:
        """Without what was stored so late that it is never used."""
        latest = self.choices["trial_known_within_h"] * HOUR
        return [row for row in rows if row.known - row.at <= latest]

    def charted(self, stay: Stay, *kinds: str) -> list[Row]:
        """Charted rows of a stay."""
        return self.in_time(row for row in self.charts.get(stay.stay_id, []) if row.kind in kinds)

    def results(self, stay: Stay, *kinds: str) -> list[Row]:
        """Laboratory results of the patient by their time in the hospital admission or near it."""
        return self.in_time(self.results_in_admission(stay, *kinds))

    def results_in_admission(self, stay: Stay, *kinds: str) -> list[Row]:
        """The same, and what was stored too late."""
        rows = (row for row in self.labs.get(stay.subject_id, []) if row.kind in kinds)
        return [row for row in rows if stay.is_near_hospital(row.at, self.margin)]

    def results_of_patient(self, stay: Stay, *kinds: str) -> list[Row]:
        """Laboratory results of the patient at any time."""
        return self.in_time(row for row in self.labs.get(stay.subject_id, []) if row.kind in kinds)

    def _charts(self) -> list[Row]:
        items = {int(item["itemid"]): item for item in seed("chart_item")}
        columns = ["subject_id", "stay_id", "charttime", "storetime", "itemid", "value", "valuenum"]
        rows = records(self.source.read("icu", "chartevents", columns, list(items)))
        return [row for charted in rows if (row := self._chart(charted, items[charted["itemid"]]))]

    def _chart(self, charted: dict[str, Any], item: dict[str, str]) -> Row | None:
        stay = self.stays.get(charted["stay_id"])
        if stay is None or not self._is_of(stay, charted):
            return None
        text = charted["value"] if item["keeps_text"] == "true" else None
        value = charted["valuenum"]
        if value is not None and not _is_plausible(value, item):
            value = None
        if value is None and text is None and item["keeps_null"] != "true":
            return None
        return _row(item["concept"], charted, value, text)

    def _labs(self) -> list[Row]:
        items = {int(item["itemid"]): item for item in seed("lab_item")}
        owners = {stay.hadm_id: stay.subject_id for stay in self.stays.values()}
        owned = self.source.read("hosp", "admissions", ["hadm_id", "subject_id"])
        owners |= dict(zip(owned["hadm_id"], owned["subject_id"], strict=True))
        columns = ["subject_id", "hadm_id", "specimen_id", "charttime", "storetime", "itemid", "value", "valuenum"]
        found = []
        for result in records(self.source.read("hosp", "labevents", columns, list(items))):
            item = items[result["itemid"]]
            is_text, value = item["keeps_text"] == "true", result["valuenum"]
            if owners.get(result["hadm_id"], result["subject_id"]) != result["subject_id"]:
                continue
            if is_text and result["value"] is not None:
                found.append(_row(item["concept"], result, None, result["value"]))
            elif not is_text and value is not None and _is_plausible(value, item):
                found.append(_row(item["concept"], result, value, None))
        return found

    def _urine(self) -> list[Row]:
        items = {int(item["itemid"]): item for item in seed("output_item")}
        columns = ["subject_id", "stay_id", "charttime", "storetime", "itemid", "value"]
        found = []
        for output in records(self.source.read("icu", "outputevents", columns, list(items))):
            stay = self.stays.get(output["stay_id"])
            item = items[output["itemid"]]
            if stay is None or not self._is_of(stay, output) or output["value"] is None or item["concept"] != "urine":
                continue
            volume = float(output["value"])
            if math.isfinite(volume):
                found.append(_row("urine", output, int(item["sign"]) * volume if volume > 0 else volume, None))
        return found

    def _is_of(self, stay: Stay, row: dict[str, Any]) -> bool:
        """Whether a row is of its stay's patient and time."""
        return bool(row["subject_id"] == stay.subject_id and stay.is_near(row["charttime"], self.margin))


def _is_plausible(value: float, item: dict[str, str]) -> bool:
    above, at_most = number_of(item["value_above"]), number_of(item["value_at_most"])
    below = number_of(item.get("value_below", ""))
    return math.isfinite(value) and not (
        (above is not None and value <= above)
        or (below is not None and value >= below)
        or (at_most is not None and value > at_most)
    )


def _row(kind: str, row: dict[str, Any], value: float | None, text: str | None) -> Row:
    return Row(
        kind=kind,
        at=row["charttime"],
        known=known_at(row["charttime"], row["storetime"]),
        value=value,
        text=text,
        stored=row["storetime"],
        stay=row.get("stay_id"),
        subject=row["subject_id"],
        hadm=row.get("hadm_id"),
        specimen=row.get("specimen_id"),
    )


def _grouped(rows: Iterable[Row], name: str) -> dict[int, Sequence[Row]]:
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(getattr(row, name), []).append(row)
    return dict(groups)
