"""`python -m analysis_py.run`: from the marts to the finished report."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from analysis_py.errors import StudyError
from analysis_py.generated import PATIENTS, warning
from analysis_py.output_folder import refuse_foreign, replaced
from analysis_py.present import write_results
from analysis_py.profile import find_profiles, read_target
from analysis_py.read_marts import read_marts
from analysis_py.results import Row
from analysis_py.study import Study, run_study
from analysis_py.tables import table_two


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; gives the exit code (0 done, 1 not possible, 2 wrong usage, 130 interrupted)."""
    options = parse(arguments)
    console, messages = Console(), Console(stderr=True)
    try:
        refuse_foreign(options.output)
        target = read_target(find_profiles(options.profiles_dir), options.target)
        with messages.status("reading the marts") as status:
            # a log has no line that could be written over
            say = status.update if messages.is_terminal else messages.print
            marts = read_marts(target)
            study = run_study(marts.cohort, marts.flow, options.imputations, options.seed, say, marts.stays)
            study = replace(study, generated=marts.generated)
            say("writing")
            with replaced(options.output) as folder:
                rows = write_results(folder, study, marts.flow, options.suppress_below, options.seed)
    except StudyError as error:
        messages.print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        messages.print("interrupted; nothing was written")
        return 130
    show(console, study, rows, options.output)
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Command-line options."""
    parser = argparse.ArgumentParser(prog="python -m analysis_py.run", description=__doc__)
    parser.add_argument("--profiles-dir", type=Path, help="folder of profiles.yml (default: as dbt finds it)")
    parser.add_argument("--target", help="target of the dbt profile (default: the profile's own)")
    parser.add_argument("--output", type=Path, default=Path("output"), help="folder for the results (default: output)")
    parser.add_argument("--imputations", type=_positive, default=5, help="imputed data sets (default: 5)")
    parser.add_argument("--seed", type=_natural, default=1, help="seed of the imputation (default: 1)")
    parser.add_argument("--study", choices=["mimic"], default="mimic", help="which cohort (default: mimic)")
    parser.add_argument(
        "--suppress-below",
        type=_natural,
        default=5,
        metavar="N",
        help="do not show counts from 1 to N-1; 0 shows all, for open data (default: 5)",
    )
    return parser.parse_args(arguments)


def _natural(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def show(console: Console, study: Study, rows: list[Row], output: Path) -> None:
    """The models of death, what could not be done, and where to look."""
    frame = table_two(rows)
    title = "Dexmedetomidine and death"
    if study.generated:
        console.print(warning(study.generated), style="bold", markup=False, highlight=False, soft_wrap=True)
        title += f" ({PATIENTS})"
    table = Table(title=title, title_justify="left")
    columns = [column for column in frame.columns if column != "section"]
    for column in columns:
        table.add_column(column)
    section = ""
    for record in frame.to_dict("records"):
        if record["section"] != section:
            section = str(record["section"])
            table.add_section()
            table.add_row(f"[bold]{section}[/bold]")
        table.add_row(*(str(record[column]) for column in columns))
    console.print(table)
    for remark in study.remarks:
        console.print(f"note: {remark}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"report: {output / 'report.html'}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
