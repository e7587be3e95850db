"""`python -m analysis_py.run`: from the marts to the finished report."""

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from analysis_py.clock import since_import
from analysis_py.door import command_line, open_streams
from analysis_py.interrupt import leave, terminable
from analysis_py.marts.errors import StudyError
from analysis_py.marts.profile import find_profiles, read_target
from analysis_py.report.multiverse.folder import Multiverse, keep_multiverse, read_multiverse
from analysis_py.report.multiverse.summary import multiverse_lines, multiverse_summary
from analysis_py.report.output_folder import DBT_DOCS, MULTIVERSE, refuse_foreign, replaced
from analysis_py.report.present import write_results, write_validation
from analysis_py.report.stages import Stages
from analysis_py.report.terminal import external_summary, general_summary, show, show_external, summary
from analysis_py.study.external import NAME as EXTERNAL
from analysis_py.study.external import Validation, validate
from analysis_py.study.gate.run import with_gate
from analysis_py.study.read_marts import read_marts
from analysis_py.study.results import Row
from analysis_py.study.study import Study, run_study, with_controls, with_trial

_LOADING_S = since_import()
DESCRIPTION = """\
The statistics of the study: fills gaps, matches, fits the models, writes the report.
Half a minute for 6,000 generated ICU stays, half of it for the bootstrap of a trial of 4,100 patients; 0.3 GB of
memory, no server is started.

reads    the marts that `dbt build` made, by the connection in profiles.yml; writes nothing there
writes   the folder --output: report.html, results.csv, tables/, figures/, manuscript/
         It is written aside and swapped in at the end: Ctrl-C leaves the earlier results as they were."""
EXAMPLES = """\
examples:
  python -m analysis_py.run                                  profiles.yml here or in ~/.dbt, results in output/
  python -m analysis_py.run --output paper --imputations 20  twenty imputed data sets, results in paper/
  python -m analysis_py.run --suppress-below 0               open data: show every count
  python -m analysis_py.run --json --quiet | jq .estimates   the main numbers for a script

exit codes: 0 done; 1 not possible, the reason is on stderr; 2 wrong usage; 130 interrupted (Ctrl-C, SIGTERM, hangup)"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; gives the exit code (0 done, 1 not possible, 2 wrong usage, 130 interrupted)."""
    options = parse(arguments)
    messages = open_streams()
    try:
        with terminable():
            study, validation, rows = _run(options, messages)
    except StudyError as error:
        messages.print(f"error: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        messages.print("interrupted: nothing half-written is left, earlier results are as they were")
        return 130
    if options.json:
        if study is not None:
            found = summary(study, rows, options.output, options.suppress_below)
            found |= {"multiverse": multiverse_summary(_multiverse(options, study))}
        if validation is not None:
            if study is None:
                drug, generated = validation.build.drug, validation.marts.generated
                found = general_summary(drug, generated, options.output, options.suppress_below)
            found |= {"external": external_summary(validation, rows)}
        print(json.dumps(found, indent=2, ensure_ascii=False))
    elif options.quiet:
        print(options.output / "report.html")
    else:
        console = Console()
        if study is not None:
            show(console, study, rows)
            for line in multiverse_lines(_multiverse(options, study)):
                console.print(f"multiverse: {line}", markup=False, highlight=False, soft_wrap=True)
        if validation is not None:
            show_external(console, validation, rows)
        console.print(f"report: {options.output / 'report.html'}", markup=False, highlight=False, soft_wrap=True)
    return 0


def _run(options: argparse.Namespace, messages: Console) -> tuple[Study | None, Validation | None, list[Row]]:
    refuse_foreign(options.output)
    target = read_target(find_profiles(options.profiles_dir), options.target)
    with Stages(messages, options.quiet, _LOADING_S) as say:
        say("reading the marts")
        marts = read_marts(target)
        validation = validate(marts.external, marts.build) if marts.external is not None else None
        if options.study == EXTERNAL:
            return _run_external(options, validation, target.schema, say)
        study = run_study(
            *(marts.cohort, marts.flow, options.imputations, options.seed, say),
            *(marts.stays, marts.build, marts.extended),
        )
        if marts.trial is not None:
            study = with_trial(study, marts.trial, options.seed, say)
        if marts.controls is not None:
            study = with_controls(study, marts.controls, options.seed, say)
        say("the gate")
        study = replace(with_gate(study), generated=marts.generated)
        say("writing")
        with replaced(options.output) as folder:
            docs = options.dbt_docs or options.output / DBT_DOCS
            if docs.is_file():
                shutil.copy(docs, folder / DBT_DOCS)
            fingerprint = marts.build.fingerprint
            keep_multiverse(options.output / MULTIVERSE, folder / MULTIVERSE, fingerprint, options.suppress_below)
            rows = write_results(folder, study, marts.flow, options.suppress_below, options.seed, validation)
            return study, validation, rows


def _multiverse(options: argparse.Namespace, study: Study) -> Multiverse | None:
    return read_multiverse(options.output / MULTIVERSE, study.build.fingerprint, options.suppress_below)


def _run_external(
    options: argparse.Namespace, validation: Validation | None, schema: str, say: Stages
) -> tuple[None, Validation, list[Row]]:
    if validation is None:
        raise StudyError(
            f"the schema {schema} holds no external cohort: load it (python -m mimic_db load --zigong DIR), then build"
            " with `dbt build --vars '{zigong: true}'`"
        )
    say("writing")
    with replaced(options.output) as folder:
        return None, validation, write_validation(folder, validation, options.suppress_below)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Command-line options."""
    parser, data, statistics = command_line(
        *("python -m analysis_py.run", DESCRIPTION, EXAMPLES, "only errors and the path of the report"),
        "the main numbers as one JSON object on stdout; progress goes to stderr",
    )
    data.add_argument(
        "--study",
        choices=["mimic", EXTERNAL],
        default="mimic",
        help="mimic, with the external cohort where the marts hold it (default), or zigong: that cohort alone",
    )
    data.add_argument(
        "--dbt-docs",
        type=Path,
        metavar="FILE",
        help=f"put this page beside the report as {DBT_DOCS} (default: the one that is there)",
    )
    statistics.add_argument("--imputations", type=_positive, default=5, help="imputed data sets (default: 5)")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


if __name__ == "__main__":
    leave(main())
