"""`python -m analysis_py.export`: the cohort and the trial as files, for R or whatever else reads a table."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis_py.door import add_connection, natural, open_streams
from analysis_py.interrupt import leave, terminable
from analysis_py.marts.errors import StudyError
from analysis_py.marts.generated import warning
from analysis_py.marts.profile import find_profiles, read_target
from analysis_py.report.export.folder import make_for_r, refuse_other_folder, write_export
from analysis_py.report.export.readme import REAL
from analysis_py.report.export.tables import TABLES, require_format
from analysis_py.report.stages import Stages
from analysis_py.study.read_marts import read_marts

DESCRIPTION = """\
The tables of the study as files: analysis_cohort and the trial's marts, what each column means, the definitions in
force, and analysis.R, which finds the hazard ratios of results.csv with R's own survival.
About 10 seconds for 2,000 generated ICU stays.

reads    the marts that `dbt build` made, by the connection in profiles.yml; writes nothing there
writes   the folder --to, for its owner alone. Rows are patients: of real ones it asks, or wants --yes
         It is written aside and swapped in at the end: Ctrl-C leaves an earlier export as it was."""
EXAMPLES = """\
examples:
  python -m analysis_py.export --to export                        CSV, asks before it writes
  python -m analysis_py.export --to export --format parquet --yes    Parquet, for a script
  Rscript export/analysis.R                                       the same hazard ratios, by R

exit codes: 0 done; 1 not possible, the reason is on stderr; 2 wrong usage; 130 interrupted (Ctrl-C, SIGTERM, hangup)"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Export; gives the exit code (0 done, 1 not possible, 2 wrong usage, 130 interrupted)."""
    options = parse(arguments)
    messages = open_streams()
    try:
        with terminable():
            _run(options, messages)
    except StudyError as error:
        messages.print(f"error: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        messages.print("interrupted: nothing half-written is left, an earlier export is as it was")
        return 130
    print(options.to)
    return 0


def _run(options: argparse.Namespace, messages: Console) -> None:
    refuse_other_folder(options.to)
    require_format(options.format)
    target = read_target(find_profiles(options.profiles_dir), options.target)
    marts = read_marts(target, TABLES)
    if marts.generated:
        if not options.quiet:
            messages.print(warning(marts.generated), style="yellow", markup=False)
    elif not options.yes:
        _ask(options.to, messages)
    with Stages(messages, options.quiet) as say, threadpool_limits(1, user_api="blas"):
        say("filling gaps, matching, models")
        for_r = make_for_r(marts, options.seed)
        say("writing")
        write_export(options.to, marts, for_r, options.format, options.seed)
    if not options.quiet:
        for remark in for_r.remarks:
            messages.print(remark, markup=False)


def _ask(folder: Path, messages: Console) -> None:
    if not sys.stdin.isatty():
        raise StudyError(f"rows of patients would be written to {folder}, and there is no terminal to ask: say --yes")
    messages.print(f"{REAL}\nThe folder: {folder.absolute()}", markup=False)
    messages.print("Write it? Type yes: ", end="", markup=False)
    if sys.stdin.readline().strip().lower() != "yes":
        raise StudyError("nothing was written: the answer was not yes")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Command-line options."""
    parser = argparse.ArgumentParser(
        prog="python -m analysis_py.export",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder for the export")
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv", help="of the marts (default: csv)")
    parser.add_argument("--yes", action="store_true", help="rows of patients may lie there: do not ask")
    parser.add_argument("--seed", type=natural, default=1, help="seed of the imputation, as of the run (default: 1)")
    parser.add_argument("--quiet", action="store_true", help="only errors and the folder")
    add_connection(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    leave(main())
