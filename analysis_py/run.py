"""`python -m analysis_py.run`: from the marts to the finished report."""

import argparse
import io
import json
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.status import Status
from rich.table import Table

from analysis_py.errors import StudyError
from analysis_py.generated import PATIENTS, warning
from analysis_py.output_folder import DBT_DOCS, refuse_foreign, replaced, terminable
from analysis_py.present import write_results
from analysis_py.profile import find_profiles, read_target
from analysis_py.read_marts import read_marts
from analysis_py.results import HIDDEN, SUPPRESS_BELOW, Row, find, largest_smd
from analysis_py.study import Study, run_study
from analysis_py.tables import COHORT_TITLES, ratio
from analysis_py.variables import BY_NAME, DEATH_28D, DEATH_HOSPITAL, MODELS, groups_of

DESCRIPTION = """\
The statistics of the study: fills gaps, matches, fits the models, writes the report.
About 15 seconds for 2,000 generated ICU stays; 0.3 GB of memory, no server is started.

reads    the marts that `dbt build` made, by the connection in profiles.yml; writes nothing there
writes   the folder --output: report.html, results.csv, tables/, figures/, manuscript/
         It is written aside and swapped in at the end: Ctrl-C leaves the earlier results as they were."""
EXAMPLES = """\
examples:
  python -m analysis_py.run                                  profiles.yml here or in ~/.dbt, results in output/
  python -m analysis_py.run --output paper --imputations 20  twenty imputed data sets, results in paper/
  python -m analysis_py.run --suppress-below 0               open data: show every count
  python -m analysis_py.run --json --quiet | jq .estimates   the main numbers for a script

exit codes: 0 done; 1 not possible, the reason is on stderr; 2 wrong usage; 130 interrupted (Ctrl-C or SIGTERM)"""

_OUTCOMES = {DEATH_28D: "deaths_28d", DEATH_HOSPITAL: "deaths_hospital"}
_GROUPS = {"control": False, "treated": True}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; gives the exit code (0 done, 1 not possible, 2 wrong usage, 130 interrupted)."""
    options = parse(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters is no reason to end
    messages = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with terminable():
            study, rows = _run(options, messages)
    except StudyError as error:
        messages.print(f"error: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        messages.print("interrupted: nothing half-written is left, earlier results are as they were")
        return 130
    if options.json:
        print(json.dumps(summary(study, rows, options.output, options.suppress_below), indent=2, ensure_ascii=False))
    elif options.quiet:
        print(options.output / "report.html")
    else:
        show(Console(), study, rows, options.output)
    return 0


def _run(options: argparse.Namespace, messages: Console) -> tuple[Study, list[Row]]:
    refuse_foreign(options.output)
    target = read_target(find_profiles(options.profiles_dir), options.target)
    with Stages(messages, options.quiet) as say:
        say("reading the marts")
        marts = read_marts(target)
        study = run_study(marts.cohort, marts.flow, options.imputations, options.seed, say, marts.stays, marts.build)
        study = replace(study, generated=marts.generated)
        say("writing")
        with replaced(options.output) as folder:
            docs = options.dbt_docs or options.output / DBT_DOCS
            if docs.is_file():
                shutil.copy(docs, folder / DBT_DOCS)
            return study, write_results(folder, study, marts.flow, options.suppress_below, options.seed)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Command-line options."""
    parser = argparse.ArgumentParser(
        prog="python -m analysis_py.run",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = parser.add_argument_group("data and results")
    data.add_argument("--profiles-dir", type=Path, help="folder of profiles.yml (default: as dbt finds it)")
    data.add_argument("--target", help="target of the dbt profile (default: the profile's own)")
    data.add_argument("--study", choices=["mimic"], default="mimic", help="which cohort (default: mimic)")
    data.add_argument("--output", type=Path, default=Path("output"), help="folder for the results (default: output)")
    data.add_argument(
        "--dbt-docs",
        type=Path,
        metavar="FILE",
        help=f"put this page beside the report as {DBT_DOCS} (default: the one that is there)",
    )
    statistics = parser.add_argument_group("statistics")
    statistics.add_argument("--imputations", type=_positive, default=5, help="imputed data sets (default: 5)")
    statistics.add_argument("--seed", type=_natural, default=1, help="seed of the imputation (default: 1)")
    statistics.add_argument(
        "--suppress-below",
        type=_natural,
        default=SUPPRESS_BELOW,
        metavar="N",
        help=f"hide counts from 1 to N-1 everywhere; 0 shows all, for open data (default: {SUPPRESS_BELOW})",
    )
    terminal = parser.add_argument_group("what the terminal shows")
    terminal.add_argument("--quiet", action="store_true", help="only errors and the path of the report")
    terminal.add_argument(
        "--json", action="store_true", help="the main numbers as one JSON object on stdout; progress goes to stderr"
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


class Stages:
    """Progress: call it with what begins. A stage ends with a line that says how long it took.

    `stage: detail` is a step within a stage. A terminal shows it in a live line; a log, which has no line that could be
    written over, gets the lines of the stages alone.
    """

    def __init__(self, console: Console, quiet: bool) -> None:
        self._console, self._quiet = console, quiet
        self._live: Status | None = None
        self._stage = ""
        self._began = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._live = self._console.status("")
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self._end()
        if self._live is not None:
            self._live.stop()

    def __call__(self, text: str) -> None:
        stage, _, detail = text.partition(": ")
        if stage != self._stage:
            self._end()
            self._stage, self._began = stage, time.monotonic()
        if self._live is not None:
            seconds = time.monotonic() - self._began
            self._live.update(f"{stage}{f': {detail}, {seconds:.0f} s so far' if detail else ''}")

    def _end(self) -> None:
        if self._stage and not self._quiet:
            self._console.print(f"  {self._stage:<42}{time.monotonic() - self._began:>7.1f} s", markup=False)


# --- what was found, from the rows as written: small counts are hidden in them -------------------------------------


def summary(study: Study, rows: Sequence[Row], output: Path, below: int) -> dict[str, Any]:
    """The main numbers for a program; counts that are hidden are texts."""
    return {
        "drug": study.build.drug,
        "generated": bool(study.generated),
        "warning": warning(study.generated) if study.generated else None,
        "paths": {
            "report": str(output / "report.html"),
            "results": str(output / "results.csv"),
            "tables": str(output / "tables"),
            "figures": str(output / "figures"),
            "manuscript": str(output / "manuscript"),
        },
        "counts_hidden_below": below,
        "cohorts": {cohort: _counts(rows, cohort) for cohort in study.cohorts},
        "estimates": [
            {
                "cohort": row.cohort,
                "outcome": row.outcome,
                "model": row.model,
                "measure": row.measure or None,
                "estimate": row.estimate,
                "lower": row.lower,
                "upper": row.upper,
                "p_value": row.p_value,
                "n": row.n,
                "events": row.events,
                "note": row.note or None,
            }
            for row in rows
            if row.analysis == "outcome_models" and row.model
        ],
        "largest_smd": {cohort: _worst(rows, cohort) for cohort in study.cohorts},
        "remarks": list(study.remarks),
    }


def _counts(rows: Sequence[Row], cohort: str) -> dict[str, dict[str, int | str | None]]:
    counts: dict[str, dict[str, int | str | None]] = {}
    for group in _GROUPS:
        found = {name: find(rows, "outcomes", f"{cohort} {group}", term=name) for name in _OUTCOMES}
        death = found[DEATH_28D]
        counts[group] = {"n": death.n if death else None} | {
            title: row.events if (row := found[name]) else None for name, title in _OUTCOMES.items()
        }
    return counts


def _worst(rows: Sequence[Row], cohort: str) -> dict[str, Any] | None:
    row = largest_smd(rows, cohort)
    return {"variable": row.term, "smd": row.estimate} if row is not None else None


def show(console: Console, study: Study, rows: Sequence[Row], output: Path) -> None:
    """Who was studied, the models of death, the balance, what could not be done, and where to look."""

    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    console.print()
    if study.generated:
        say(warning(study.generated), "bold")
    title = f"{study.build.drug.capitalize()} and death" + (f" ({PATIENTS})" if study.generated else "")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for cohort in study.cohorts:
        table.add_column(COHORT_TITLES[cohort])
    for heading, lines in _lines(study, rows):
        table.add_row(f"[bold]{heading}[/bold]")
        for line in lines:
            table.add_row(*line)
    console.print(table)
    for remark in study.remarks:
        say(f"note: {remark}")
    say(f"report: {output / 'report.html'}")


def _lines(study: Study, rows: Sequence[Row]) -> list[tuple[str, list[list[str]]]]:
    cohorts, names = list(study.cohorts), groups_of(study.build.drug)
    counts = {cohort: _counts(rows, cohort) for cohort in cohorts}
    shown = {
        "n": "Patients",
        "deaths_28d": "Deaths in hospital within 28 days",
        "deaths_hospital": "Deaths in hospital",
    }
    parts = []
    for name, heading in shown.items():
        lines = [
            [f"  {names[treated].lower()}", *(_shown(counts[cohort][group][name]) for cohort in cohorts)]
            for group, treated in _GROUPS.items()
        ]
        parts.append((heading, lines))
    for outcome, heading in ((DEATH_28D, "Hazard ratio, 28 days"), (DEATH_HOSPITAL, "Odds ratio, hospital")):
        lines = [[f"  {model}", *(_ratio(rows, cohort, outcome, model) for cohort in cohorts)] for model in MODELS]
        parts.append((f"{heading} (95 % CI)", lines))
    worst = [largest_smd(rows, cohort) for cohort in cohorts]
    texts = [f"{row.estimate:.3f} {BY_NAME[row.term].label}" if row is not None else "n/e" for row in worst]
    return [*parts, ("Largest difference of a covariate", [["  SMD", *texts]])]


def _shown(count: int | str | None) -> str:
    return f"{count:,}" if isinstance(count, int) else (count or HIDDEN)


def _ratio(rows: Sequence[Row], cohort: str, outcome: str, model: str) -> str:
    row = find(rows, "outcome_models", cohort, outcome=outcome, model=model)
    if row is None or row.estimate is None or row.lower is None or row.upper is None:
        return row.note if row is not None and row.note else "n/e"
    return ratio(row.estimate, row.lower, row.upper)


if __name__ == "__main__":
    ended = main()
    if ended == 130:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not change what the first one said
    sys.exit(ended)
