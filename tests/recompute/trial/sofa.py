"""SOFA by what is known: the points of each measurement, and from when to when they count."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import ge, gt, le, lt

from tests.recompute.trial.choices import Choices
from tests.recompute.trial.infusions import Infusion
from tests.recompute.trial.measured import Measurement, averaged
from tests.recompute.trial.patient import Patient
from tests.recompute.trial.rows import HOUR, next_hour, past_hour

ORGANS = ("respiration", "coagulation", "liver", "cardiovascular", "cns", "renal")
FOUR = ("respiration", "cardiovascular", "liver", "renal")


@dataclass(frozen=True)
class Failure:
    """Points of an organ in the hours of the clock from `first` to `last`."""

    organ: str
    points: int
    first: int
    last: int


def failures(patient: Patient) -> list[Failure]:
    """Everything of a patient that gives an organ points."""
    return [each for each in [*_measured(patient), *_pressors(patient)] if each.points]


def sofa_at(found: Iterable[Failure], hour: int, choices: Choices) -> dict[str, int]:
    """Each organ's most points in the hours that end at a full hour; 0 where nothing is known."""
    since = hour - choices["sofa_window_h"] * HOUR
    worst = dict.fromkeys(ORGANS, 0)
    for each in found:
        if each.first <= hour and each.last > since:
            worst[each.organ] = max(worst[each.organ], each.points)
    return worst


def _measured(patient: Patient) -> list[Failure]:
    choices = patient.choices
    found = []
    for ratio in patient.ratios_of_patient:
        points = choices.points("sofa_pao2fio2_below", ratio.value, lt)
        if not patient.is_ventilated(ratio.at, ratio.known):
            points = min(points, choices["sofa_pao2fio2_max_points_not_ventilated"])
        found.append(_of("respiration", points, ratio))
    for pressure in averaged(patient.record.charted(patient.stay, "map")):
        found.append(_of("cardiovascular", choices.points("sofa_map_below_mmhg", pressure.value, lt), pressure))
    for coma in patient.coma:
        found.append(_of("cns", choices.points("sofa_gcs_at_most", coma.value, le), coma))
    for urine in patient.urine_of_a_day:
        found.append(_of("renal", choices.points("sofa_urine_below_ml_day", urine.value, lt), urine))
    for kind, organ, table, meets in (
        ("platelets", "coagulation", "sofa_platelets_below_k_ul", lt),
        ("bilirubin", "liver", "sofa_bilirubin_at_least_mg_dl", ge),
        ("creatinine", "renal", "sofa_creatinine_at_least_mg_dl", ge),
    ):
        for result in patient.reported(kind):
            found.append(_of(organ, choices.points(table, result.value, meets), result))
    return found


def _of(organ: str, points: int, measurement: Measurement[float]) -> Failure:
    """A measurement counts in the hour in which it became known."""
    hour = next_hour(measurement.known)
    return Failure(organ, points, hour, hour)


def _pressors(patient: Patient) -> list[Failure]:
    """A pressor counts in the hours at whose end it runs, or in which it runs."""
    found = []
    for infusion in patient.infusions:
        if not infusion.is_running or infusion.start is None or infusion.end is None:
            continue
        first = past_hour(infusion.start) + HOUR
        is_any = patient.choices["sofa_pressor"] == "any_in_hour"
        last = next_hour(infusion.end) if is_any else past_hour(infusion.end)
        if last >= first:
            found.append(Failure("cardiovascular", _points_of_rate(infusion, patient.choices), first, last))
    return found


def _points_of_rate(infusion: Infusion, choices: Choices) -> int:
    if infusion.drug in ("epinephrine", "norepinephrine"):
        return max(3, choices.points("sofa_catecholamine_above_mcg_kg_min", infusion.rate, gt))
    if infusion.drug == "dopamine":
        return choices.points("sofa_dopamine_above_mcg_kg_min", infusion.rate, gt)
    return 2 if infusion.drug == "dobutamine" else 0
