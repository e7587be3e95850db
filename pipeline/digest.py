"""What a build and the results are made from, as one hash: as long as it stays the same, neither is made again."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[1]
# what a build's result depends on, besides the data
BUILD_FILES: Final = (
    *("dbt_project.yml", "requirements/runtime.txt", "requirements/duckdb.txt", "requirements/spark.txt"),
    *("mimic_db/columns.csv", "models/**/*", "macros/**/*.sql", "seeds/**/*", "tests/**/*.sql"),
)
STATISTICS_FILES: Final = ("analysis_py/**/*", "requirements/runtime.txt")


def digest(*parts: str, files: Sequence[str]) -> str:
    """The hash of texts, and of path and content of the project's files that match."""
    return hashlib.sha256("\n".join([*parts, *_contents(files)]).encode()).hexdigest()


def _contents(patterns: Sequence[str]) -> Iterator[str]:
    for pattern in patterns:
        for path in sorted(PROJECT.glob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{path.relative_to(PROJECT)}:{hashlib.sha256(path.read_bytes()).hexdigest()}"
