"""The third stage: the statistics and their report, by analysis_py.run."""

import importlib
import shutil
from pathlib import Path

from analysis_py.report.output_folder import DBT_DOCS, MARKER
from pipeline.terminal import console, say


def report(
    output: Path, profiles_dir: Path, seed: int, suppress_below: int, docs: Path | None, made_from: str, pace: str
) -> int:
    """Make the report, unless `output` is marked as `made_from` the same; puts `docs` beside it; gives the status.

    `pace` says how long it took the last time.
    """
    stamp = output / MARKER
    if stamp.is_file() and made_from in stamp.read_text():
        say("[bold]3/3 statistics[/bold]  nothing has changed since the last run: skipped")
        if docs is not None:
            shutil.copy(docs, output / DBT_DOCS)
        if console.quiet:
            print(output / "report.html")
        return 0
    say(f"[bold]3/3 statistics[/bold]  matching and models, the trial, controls, report{pace}")
    run = importlib.import_module("analysis_py.run")
    status: int = run.main(
        [
            *("--profiles-dir", str(profiles_dir)),
            *("--output", str(output)),
            *("--seed", str(seed)),
            *("--suppress-below", str(suppress_below)),
            *(("--dbt-docs", str(docs)) if docs is not None else ()),
            *(("--quiet",) if console.quiet else ()),
        ]
    )
    if status == 0:
        with stamp.open("a") as marker:
            marker.write(f"Made from {made_from}\n")
    return status
