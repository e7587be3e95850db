"""`python -m analysis_py.controls`: the negative controls alone, from the marts to their table, file and figure."""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis_py.clock import since_import
from analysis_py.door import command_line, open_streams
from analysis_py.interrupt import leave, terminable
from analysis_py.marts.errors import StudyError
from analysis_py.marts.generated import WATERMARK, marked, warning
from analysis_py.marts.profile import find_profiles, read_target
from analysis_py.marts.read import Marts
from analysis_py.report.controls.pictures import control_figures
from analysis_py.report.controls.summary import controls_summary
from analysis_py.report.controls.tables import (
    DESIGN_TITLES,
    KIND_TITLES,
    designs_of,
    estimate_of,
    name_of,
    ratio_text,
)
from analysis_py.report.controls.words import ABSENT, sentences
from analysis_py.report.figures.style import house_style, save, watermark
from analysis_py.report.output_folder import CONTROLS_FILES, MARKER, keep_private, refuse_foreign
from analysis_py.report.stages import Stages
from analysis_py.report.terminal import general_summary
from analysis_py.statistics.errors import NotEstimable
from analysis_py.study.analyses.cohorts import ITERATIONS, complete_cohort
from analysis_py.study.controls.found import ANALYSIS
from analysis_py.study.controls.run import Controls, Emulation, run_controls
from analysis_py.study.controls.suppression import suppress_controls
from analysis_py.study.read_marts import read_marts
from analysis_py.study.results import Row, as_frame
from analysis_py.study.trial.definitions import Definitions
from analysis_py.study.trial.frames import make_frames
from analysis_py.study.variables import tells_exposure

_LOADING_S = since_import()
DESCRIPTION = """\
The negative controls: exposures that cannot change death in the place of the drug, outcomes that the drug cannot have
caused, as published and through the trial. What they show is what the design makes of nothing.
About a minute for 34 exposures, 1,500 generated ICU stays and a trial of 2,800.
They are part of `python -m analysis_py.run` too.

reads    the marts that `dbt build` made (tag controls), by the connection in profiles.yml; writes nothing there
writes   in the folder --output: controls.csv, controls_funnel.svg and .png; each is written aside and then takes its
         place: Ctrl-C leaves the earlier ones as they were. The next `analysis_py.run` replaces the folder."""
EXAMPLES = """\
examples:
  python -m analysis_py.controls                              every control, results in output/
  python -m analysis_py.controls --only docusate,famotidine   these two, and the drug
  python -m analysis_py.controls --json --quiet | jq .controls    all numbers for a script

exit codes: 0 done; 1 not possible, the reason is on stderr; 2 wrong usage; 130 interrupted (Ctrl-C, SIGTERM, hangup)"""

_MARK, _WIDTH = "○", 18  # of a control that does not count; characters of a ratio with its interval and the mark


@dataclass(frozen=True)
class _Done:
    marts: Marts
    controls: Controls
    rows: list[Row]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the controls; gives the exit code (0 done, 1 not possible, 2 wrong usage, 130 interrupted)."""
    options = parse(arguments)
    messages = open_streams()
    try:
        with terminable():
            done = _run(options, messages)
    except StudyError as error:
        messages.print(f"error: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        messages.print("interrupted: nothing half-written is left, earlier results are as they were")
        return 130
    drug, generated = done.marts.build.drug, done.marts.generated
    if options.json:
        told = general_summary(drug, generated, options.output, options.suppress_below)
        told["paths"] = {name: str(options.output / name) for name in CONTROLS_FILES}
        print(json.dumps(told | {"controls": controls_summary(done.rows)}, indent=2, ensure_ascii=False))
    elif options.quiet:
        print(options.output / CONTROLS_FILES[0])
    else:
        _show(Console(), done)
        print(f"controls: {options.output / CONTROLS_FILES[0]}")
    return 0


def _run(options: argparse.Namespace, messages: Console) -> _Done:
    refuse_foreign(options.output)
    target = read_target(find_profiles(options.profiles_dir), options.target)
    with Stages(messages, options.quiet, _LOADING_S) as say, threadpool_limits(1, user_api="blas"):
        say("reading the marts")
        marts = read_marts(target)
        if marts.controls is None:
            raise StudyError(ABSENT)
        say("filling gaps")
        try:
            completed = complete_cohort(
                marts.cohort, 1, ITERATIONS, options.seed, held_out=tells_exposure(marts.build.drug)
            )
        except NotEstimable as reason:
            raise StudyError(f"no controls: {reason}") from reason
        found = run_controls(
            marts.controls,
            completed,
            _emulation(marts, options.seed),
            marts.build.drug,
            options.seed,
            say,
            options.only,
        )
        rows = suppress_controls(found.rows, options.suppress_below)
        say("writing")
        _write(options.output, rows, marts.build.drug, marts.generated)
        return _Done(marts, found, rows)


def _emulation(marts: Marts, seed: int) -> Emulation | None:
    """The trial as `python -m analysis_py.run` has it; None where there is none, or where it cannot be emulated."""
    if marts.trial is None:
        return None
    definitions = Definitions.of(marts.build)
    try:
        return Emulation(marts.trial, make_frames(marts.trial, definitions, marts.build.drug, seed), definitions)
    except NotEstimable:
        return None


def _write(output: Path, rows: Sequence[Row], drug: str, generated: str) -> None:
    """The file and the figure: each complete or not there at all."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name:
            aside = Path(name)
            frame = as_frame(rows)
            frame = marked(frame) if generated else frame
            frame.to_csv(aside / CONTROLS_FILES[0], index=False, float_format="%.8g", lineterminator="\n")
            with house_style():
                for stem, figure in control_figures(rows, drug):
                    if generated:
                        watermark(figure, WATERMARK)
                    save(figure, aside / stem)
            (aside / MARKER).write_text("Written by dexsic; replaced by its next run.\n", encoding="utf-8")
            keep_private(aside)
            for path in sorted(aside.iterdir()):
                path.replace(output / path.name)
    except OSError as error:
        reason = error.strerror or error
        raise StudyError(f"{output} cannot be written: {reason}; free space or choose another --output") from error


def _show(console: Console, done: _Done) -> None:
    console.print()
    drug, generated = done.marts.build.drug, done.marts.generated
    if generated:
        console.print(warning(generated), style="bold", markup=False, highlight=False, soft_wrap=True)
    designs = designs_of(done.rows)
    table = Table(title="Controls", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("")
    for design in designs:
        table.add_column(DESIGN_TITLES[design], no_wrap=True, min_width=_WIDTH)
    for kind, title in KIND_TITLES.items():
        table.add_row(f"[bold]{title}[/bold]")
        for term in dict.fromkeys(row.term for row in done.rows if (row.analysis, row.level) == (ANALYSIS, kind)):
            found = [estimate_of(done.rows, design, kind, term) for design in designs]
            cells = ["" if row is None else f"{ratio_text(row)}{f' {_MARK}' if row.note else ''}" for row in found]
            table.add_row(f"  {name_of(term)}", *cells)
    console.print(table)
    if any(row.note for row in done.rows if row.analysis == ANALYSIS and row.measure in ("HR", "OR")):
        console.print(
            f"{_MARK} does not count: {CONTROLS_FILES[0]} has the reason of each", markup=False, highlight=False
        )
    for told in sentences(done.rows, drug, done.controls):
        console.print(told, markup=False, highlight=False, soft_wrap=True)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Command-line options."""
    parser, _, statistics = command_line(
        *("python -m analysis_py.controls", DESCRIPTION, EXAMPLES, "only errors and the path of the file"),
        "all as one JSON object on stdout; progress goes to stderr",
    )
    statistics.add_argument(
        "--only", type=_listed, default=(), metavar="NAME,...", help="these controls alone (default: all)"
    )
    return parser.parse_args(arguments)


def _listed(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("names of controls, with commas between them, are needed")
    return names


if __name__ == "__main__":
    leave(main())
