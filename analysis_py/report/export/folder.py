"""The folder of an export, whole or not there."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from analysis_py.marts.generated import marked
from analysis_py.marts.read import Marts
from analysis_py.report.export.cohort import COMPLETED, cohort_part
from analysis_py.report.export.dictionary import Column, describe, dictionary_table, types_of
from analysis_py.report.export.part import Part, together
from analysis_py.report.export.readme import readme
from analysis_py.report.export.tables import TABLES, Format, write_table
from analysis_py.report.export.trial import DECISIONS, PATIENTS, trial_part
from analysis_py.report.output_folder import refuse_foreign, replaced

SCRIPT: Final = "analysis.R"
OPTION: Final = "--to"
_FOR_R: Final = ("data_dictionary", "definitions", "estimates", "estimates_r", "models", COMPLETED, PATIENTS, DECISIONS)
_OURS: Final = (
    *("README.txt", SCRIPT),
    *(f"{name}.csv" for name in _FOR_R),
    *(f"{name}.{form}" for name in TABLES for form in ("csv", "parquet")),
)


def refuse_other_folder(target: Path) -> None:
    """Raise StudyError if `target` is there and is no export of ours."""
    refuse_foreign(target, _OURS, OPTION)


def make_for_r(marts: Marts, seed: int) -> Part:
    """What analysis.R reads."""
    parts = [cohort_part(marts, seed)]
    if marts.trial is not None:
        parts.append(trial_part(marts.trial, marts.build, seed))
    return together(parts)


def write_export(target: Path, marts: Marts, for_r: Part, form: Format, seed: int) -> None:
    """Everything, in place of an earlier export.

    Raises:
        StudyError: `target` is none, or cannot be written, or a column that no yml describes.
    """
    columns = describe({name: list(table.columns) for name, table in marts.whole.items()})
    types = types_of([*columns, *for_r.columns])
    with replaced(target, _OURS, OPTION) as folder:
        for name, table in marts.whole.items():
            write_table(folder / name, table, types[name], form)
        for name, table in for_r.tables.items():
            write_table(folder / name, table, types[name])
        for name, table in _about(marts, for_r, [*columns, *for_r.columns]).items():
            write_table(folder / name, marked(table) if marts.generated else table, {})
        shutil.copyfile(Path(__file__).with_name(SCRIPT), folder / SCRIPT)
        files = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        text = readme(marts.build, marts.generated, seed, files, for_r.remarks)
        (folder / "README.txt").write_text(text, encoding="utf-8")


def _about(marts: Marts, for_r: Part, columns: list[Column]) -> Mapping[str, pd.DataFrame]:
    build = marts.build
    definitions = [(name, value, build.defaults.get(name, "")) for name, value in build.definitions.items()]
    return {
        "data_dictionary": dictionary_table(columns),
        "definitions": pd.DataFrame(definitions, columns=["var", "value", "default"]),
        "models": for_r.covariates(),
        "estimates": for_r.estimates(),
    }
