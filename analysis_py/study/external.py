"""The external cohort: is the effect there again? (Sections 2.6 and 3.6 of the paper.)

Every analysis is that of the main study, on another cohort: nothing here knows where its patients come from but NAME.
"""

from dataclasses import dataclass, field

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis_py.marts.build_record import BuildRecord
from analysis_py.marts.errors import StudyError
from analysis_py.marts.read import ExternalMarts
from analysis_py.marts.types import Variable
from analysis_py.statistics.survival import cox, proportional_hazards
from analysis_py.study.analyses.describe import compare, describe, missing
from analysis_py.study.analyses.effects import survival_rows, usable
from analysis_py.study.results import Row, emptied_by, estimated, flow_rows, tested
from analysis_py.study.variables import (
    DEATH_ANYWHERE,
    EXTERNAL_MODELS,
    EXTERNAL_OUTCOMES,
    EXTERNAL_TABLE_ONE,
    FOLLOW_UP,
    TREATMENT,
)

NAME, PLACE = "zigong", "Zigong"  # in results.csv, and for people


@dataclass(frozen=True)
class Validation:
    """What was found. `variables` are those of Table 1 that anybody has a value of; `build` names the drug."""

    marts: ExternalMarts
    build: BuildRecord
    variables: tuple[Variable, ...]
    rows: list[Row]
    remarks: list[str] = field(default_factory=list)


def validate(marts: ExternalMarts, build: BuildRecord) -> Validation:
    """Characteristics, survival, Cox models crude and adjusted, and lengths of stay, by treatment.

    Raises:
        StudyError: nobody is in the cohort.
    """
    if marts.cohort.empty:
        raise StudyError(f"nobody is in zigong_cohort: {emptied_by(marts.flow)}; look at zigong_flow and the vars")
    with threadpool_limits(1, user_api="blas"):  # the same bits on any number of cores
        return _validate(marts, build)


def _validate(marts: ExternalMarts, build: BuildRecord) -> Validation:
    data = marts.cohort
    known = tuple(variable for variable in EXTERNAL_TABLE_ONE if data[variable.name].notna().any())
    used = [variable for variable in known if build.drug not in variable.drugs]
    unusable = [variable.name for variable in EXTERNAL_TABLE_ONE if variable not in used]
    rows = [
        *flow_rows(marts.flow, NAME),
        *missing(data, known, NAME),
        *describe(data, known, "table_one", NAME),
        *compare(data, used, "balance", NAME),
        *describe(data, EXTERNAL_OUTCOMES, "outcomes", NAME),
        *compare(data, EXTERNAL_OUTCOMES, "outcomes", NAME),
        *survival_rows(data, NAME, DEATH_ANYWHERE),
    ]
    remarks = []
    for model, wanted in EXTERNAL_MODELS.items():
        covariates = usable(wanted, unusable)
        place = Row("outcome_models", NAME, DEATH_ANYWHERE, model, TREATMENT)
        rows.append(estimated(place, cox, data, FOLLOW_UP, DEATH_ANYWHERE, covariates, TREATMENT))
        place = Row("proportional_hazards", NAME, DEATH_ANYWHERE, model, TREATMENT, measure="chi-square")
        rows.append(tested(place, proportional_hazards, data, FOLLOW_UP, DEATH_ANYWHERE, covariates, TREATMENT))
        left_out = int(data[covariates].isna().any(axis=1).sum())
        if left_out:
            remarks.append(f"{PLACE}: patients without a value of a covariate are left out of the {model} model.")
    if data[TREATMENT].nunique() < 2:
        everybody = "treated" if data[TREATMENT].all() else "a control"
        remarks.append(f"{PLACE}: everybody is {everybody}, so that nothing that compares the groups can be estimated.")
    return Validation(marts, build, known, rows, remarks)
