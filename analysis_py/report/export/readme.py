"""README.txt of an export: what lies in the folder, of what patients, made from what."""

import textwrap
from collections.abc import Sequence

from analysis_py.marts.build_record import BuildRecord
from analysis_py.marts.generated import warning

REAL = (
    "Each row is a patient of MIMIC-IV. These are credentialed data: this folder must stay where MIMIC-IV itself may"
    " be, and nobody may read it who may not read MIMIC-IV. Counts of 1 to 9 made from it are not for publication."
)
_FILES = {
    "data_dictionary.csv": "every column of every table: type, unit, description",
    "definitions.csv": "the definitions in force, each with its default (docs/DECISIONS.md says why)",
    "analysis.R": "Rscript analysis.R: the main models in R, beside ours; writes estimates_r.csv",
    "estimates.csv": "our numbers, by the keys of results.csv",
    "models.csv": "which covariates each model has",
    "completed.csv": "the cohort as the models have it: gaps filled (first imputed copy), propensity, pairs",
    "trial_patients.csv": "the trial's patients, gaps filled",
    "trial_decisions.csv": "their decision points; clone-censor-weight needs no more than these two",
}


def readme(build: BuildRecord, generated: str, seed: int, files: Sequence[str], remarks: Sequence[str]) -> str:
    """The whole text; `files` are those of the folder."""
    parts = ["The cohort of dexsic as tables: " + (warning(generated) if generated else REAL)]
    if build.changed:
        changed = ", ".join(f"{name}: {value}" for name, value in build.changed.items())
        parts.append(f"Definitions that are not the default: {changed}.")
    parts += [f"Not here: {remark}" for remark in remarks]
    facts = {
        "Drug": build.drug,
        "Data fingerprint": build.fingerprint,
        "Marts built (UTC)": build.finished_at,
        "Seed": str(seed),
        **build.versions,
    }
    lines = [f"{name:<20}{value}" for name, value in facts.items() if value]
    told = "\n".join(f"{name:<27}{_FILES.get(name, 'the mart of that name')}" for name in files)
    paragraphs = "\n\n".join(textwrap.fill(part, 100) for part in parts)
    return f"{paragraphs}\n\n{chr(10).join(lines)}\n\n{told}\n"
