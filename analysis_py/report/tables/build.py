"""What the build recorded: tests, source tables, definitions, versions."""

import pandas as pd

from analysis_py.marts.build_record import BuildRecord
from analysis_py.study.suppression import is_small


def test_table(build: BuildRecord, below: int) -> pd.DataFrame:
    """Each data test of the build, with the rows that it found."""
    lines = [
        {
            "Model": test.model,
            "Test": test.name,
            "Status": test.status,
            "Rows": f"<{below}" if is_small(test.failures, below) else str(test.failures),
            "What is tested": test.description,
        }
        for test in build.tests
    ]
    return pd.DataFrame(lines, columns=["Model", "Test", "Status", "Rows", "What is tested"])


def tests_by_model(tests: pd.DataFrame) -> pd.DataFrame:
    """How many tests each model has, and how they ended; `tests` as test_table() gives them."""
    ended = pd.crosstab(tests["Model"], tests["Status"])
    order = ["pass", *sorted(set(ended.columns) - {"pass"})]
    ended = ended.reindex(columns=order, fill_value=0).rename(columns=str.capitalize)
    ended.insert(0, "Tests", ended.sum(axis=1))
    return ended.astype(str).reset_index().rename_axis(columns=None)


def source_table(build: BuildRecord, below: int) -> pd.DataFrame:
    """About how many rows each source table has, by the server's own estimate."""
    lines = [
        {"Source": name, "Rows, about": f"<{below}" if is_small(rows, below) else f"{rows:,}"}
        for name, rows in build.sources.items()
    ]
    return pd.DataFrame(lines, columns=["Source", "Rows, about"])


def definition_table(build: BuildRecord) -> pd.DataFrame:
    """Every definition in force beside its default; those that differ are marked and stand first."""
    lines = [
        {
            "Variable": name,
            "In force": value,
            "Default": build.defaults.get(name, ""),
            "Changed": "≠ changed" if name in build.changed else "",
        }
        for name, value in build.definitions.items()
    ]
    lines.sort(key=lambda line: not line["Changed"])
    return pd.DataFrame(lines, columns=["Variable", "In force", "Default", "Changed"])


def version_table(build: BuildRecord, seed: int) -> pd.DataFrame:
    """What a second run needs for the same numbers."""
    facts = {
        "Marts built (UTC)": build.finished_at,
        "Data fingerprint": build.fingerprint,
        "Drug": build.drug,
        "Seed": seed,
        **build.versions,
    }
    lines = [{"What": name, "Value": str(value)} for name, value in facts.items() if value not in ("", None)]
    return pd.DataFrame(lines, columns=["What", "Value"])
