"""Which tables a run leaves behind, by the name of their file, and how each is written."""

from pathlib import Path

import pandas as pd

from analysis_py.marts.generated import marked
from analysis_py.report.checklist.strobe import checklist
from analysis_py.report.controls.tables import control_tables
from analysis_py.report.estimators.tables import estimators_table
from analysis_py.report.estimators.words import TABLE as ESTIMATORS
from analysis_py.report.gate.tables import gate_tables
from analysis_py.report.page import Download, download
from analysis_py.report.published import published_and_ours
from analysis_py.report.sensitivity.shown import sensitivity_tables
from analysis_py.report.tables.build import definition_table, source_table, test_table, version_table
from analysis_py.report.tables.cohort import (
    balance_table,
    flow_table,
    missing_table,
    table_one,
    table_three,
    unmatched_table,
)
from analysis_py.report.tables.effects import (
    e_value_table,
    proportionality_table,
    robustness_table,
    screening_table,
    subgroup_table,
    table_four,
    table_two,
)
from analysis_py.report.tables.published_count import published_count_table
from analysis_py.report.tables.quality import quality_table
from analysis_py.report.trial.tables import trial_tables
from analysis_py.study.analyses.exposure import exposures_of
from analysis_py.study.results import Row
from analysis_py.study.study import Study


def make_tables(rows: list[Row], flow: pd.DataFrame, study: Study, below: int, seed: int) -> dict[str, pd.DataFrame]:
    """`rows` and `flow` as they are shown, small counts hidden; what cannot be made of this study is left out."""
    cohorts = list(study.cohorts)
    made = {
        "flow": flow_table(flow),
        "missing": missing_table(rows),
        "table1_baseline": table_one(rows, cohorts, study.build.drug),
        "table2_models": table_two(rows),
        "table3_outcomes": table_three(rows, cohorts, study.build.drug),
        "balance": balance_table(rows),
        "screening": screening_table(rows),
        "robustness": robustness_table(rows),
        "e_values": e_value_table(rows),
        "proportional_hazards": proportionality_table(rows),
    }
    if len(estimators := estimators_table(rows)):
        made[ESTIMATORS] = estimators
    if study.matched is not None:
        made["table4_exposure"] = table_four(rows, exposures_of(study.build))
        made["subgroups"] = subgroup_table(rows)
        made["unmatched"] = unmatched_table(rows)
    made |= trial_tables(study, rows, below)
    made |= control_tables(rows)
    made |= gate_tables(rows)
    made |= sensitivity_tables(rows)
    made["published_vs_ours"] = published_and_ours(rows)
    made["checklist"] = checklist(study, rows, flow, below)
    made["data_quality"] = quality_table(study.build.quality, below)
    made["published_counts"] = published_count_table(study.build.published, below)
    made["data_tests"] = test_table(study.build, below)
    made["source_tables"] = source_table(study.build, below)
    made["definitions"] = definition_table(study.build)
    made["versions"] = version_table(study.build, seed)
    return made


def write_table(table: pd.DataFrame, path: Path, generated: str) -> Download:
    """Write a table; gives it as the page offers it, the same text."""
    shown = marked(table) if generated else table
    shown.to_csv(path, index=False, float_format="%.8g", lineterminator="\n")
    return download(path.name, path.read_bytes())
