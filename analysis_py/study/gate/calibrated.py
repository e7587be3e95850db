"""What the negative controls say of a design: its expected systematic error, from the rows `calibration`."""

from collections.abc import Sequence

from analysis_py.study.controls.calibrate import EASE, USED
from analysis_py.study.controls.found import CALIBRATION, EXPOSURE
from analysis_py.study.gate.numbers import Ease
from analysis_py.study.gate.rows import PUBLISHED
from analysis_py.study.results import Row
from analysis_py.study.trial.designs import PRIMARY, PUBLISHED_MATCHED

# designs through which the control exposures go
_CALIBRATED = {PUBLISHED: PUBLISHED_MATCHED, PRIMARY: PRIMARY}


def _row(rows: Sequence[Row], model: str, measure: str) -> Row | None:
    wanted = (CALIBRATION, _CALIBRATED.get(model), EXPOSURE, measure)
    return next((row for row in rows if (row.analysis, row.model, row.level, row.measure) == wanted), None)


def systematic_error(rows: Sequence[Row], model: str) -> Ease | None:
    """Of the control exposures through a design; None where it is not evaluated."""
    row, used = _row(rows, model, EASE), _row(rows, model, USED)
    if row is None or row.estimate is None or used is None or used.estimate is None:
        return None
    told = f"by {used.estimate:.0f} negative controls"
    if row.lower is not None and row.upper is not None:
        told += f", 95 % interval {row.lower:.2f} to {row.upper:.2f}"
    return Ease(row.estimate, int(used.estimate), told)


def no_controls(rows: Sequence[Row], model: str) -> str:
    """Why a design has no systematic error."""
    if model not in _CALIBRATED:
        return "no negative controls go through this design"
    row = _row(rows, model, EASE)
    if row is None or not row.note:
        return "there are no negative controls"
    return row.note.removeprefix("not evaluated: ")
