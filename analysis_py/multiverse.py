"""`python -m analysis_py.multiverse`: the question in every combination of its choices."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from analysis_py.clock import since_import
from analysis_py.door import command_line, open_streams
from analysis_py.interrupt import leave, terminable
from analysis_py.marts.errors import StudyError
from analysis_py.marts.generated import marked, warning
from analysis_py.marts.profile import find_profiles, read_target
from analysis_py.marts.read import Marts
from analysis_py.report.multiverse.folder import (
    BY_CHOICE,
    SPECIFICATIONS,
    UNFINISHED,
    About,
    Multiverse,
    read_multiverse,
    write_multiverse,
)
from analysis_py.report.multiverse.page import update_page
from analysis_py.report.multiverse.part import ANCHOR, multiverse_part
from analysis_py.report.multiverse.pictures import draw_curve
from analysis_py.report.multiverse.summary import multiverse_lines, multiverse_summary
from analysis_py.report.output_folder import claim, refuse_foreign
from analysis_py.report.stages import Stages
from analysis_py.study.multiverse.choices import CHOICES, Specification, chosen, parse_only
from analysis_py.study.multiverse.record import Record
from analysis_py.study.multiverse.run import find_all, known_specifications
from analysis_py.study.multiverse.shown import by_choice, specification_table
from analysis_py.study.read_marts import read_marts

_LOADING_S = since_import()
DESCRIPTION = """\
The multiverse: the same question by every combination of the choices that somebody could have made. More than a
thousand specifications, each with its estimate and its checks; about two minutes on two cores.

reads    the marts that `dbt build` made, by the connection in profiles.yml; writes nothing there
writes   multiverse/ in the folder --output: specifications.csv, by_choice.csv, curve.svg and curve.png; and a section
         of report.html, if that is there and of the same build.
         Ctrl-C loses what is being reckoned and nothing else: --resume goes on."""
EXAMPLES = f"""\
examples:
  python -m analysis_py.multiverse                                    all of them, into output/multiverse
  python -m analysis_py.multiverse --resume                           go on where an earlier run was interrupted
  python -m analysis_py.multiverse --only design=published,sic=strict --output strict
  python -m analysis_py.multiverse --only "estimator=IPTW, ATE" --only "estimator=AIPW"

choices: {", ".join(CHOICES)}; an unknown value is answered with those that there are
exit codes: 0 done; 1 not possible, the reason is on stderr; 2 wrong usage; 130 interrupted (Ctrl-C, SIGTERM, hangup)"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; gives the exit code (0 done, 1 not possible, 2 wrong usage, 130 interrupted)."""
    options = parse(arguments)
    messages = open_streams()
    try:
        with terminable():
            found, marts, on_page = _run(options, messages)
    except StudyError as error:
        messages.print(f"error: {error}", style="red", markup=False)
        return 1
    except ValueError as error:
        messages.print(f"error: --only: {error}", style="red", markup=False)
        return 2
    except KeyboardInterrupt:
        messages.print("interrupted: what was found is kept, --resume goes on; earlier results are as they were")
        return 130
    folder = options.output / ANCHOR
    if options.json:
        print(json.dumps(_summary(options, found, marts, on_page), indent=2, ensure_ascii=False))
    elif options.quiet:
        print(folder / SPECIFICATIONS)
    else:
        console = Console(highlight=False, soft_wrap=True)
        for line in ([warning(marts.generated)] if marts.generated else []) + multiverse_lines(found):
            console.print(line, markup=False)
        report = f", and in {options.output / 'report.html'}" if on_page else ""
        console.print(f"multiverse: {folder}{report}", markup=False)
    return 0


def _run(options: argparse.Namespace, messages: Console) -> tuple[Multiverse, Marts, bool]:
    refuse_foreign(options.output)
    only: dict[str, list[str]] = {}
    for text in options.only:
        for name, values in parse_only(text).items():
            only.setdefault(name, []).extend(values)
    with Stages(messages, options.quiet, _LOADING_S) as say:
        say("reading the marts")
        marts = read_marts(read_target(find_profiles(options.profiles_dir), options.target))
        wanted = chosen(known_specifications(marts), only)
        try:
            return _found(options, marts, wanted, say, messages)
        except FileNotFoundError as error:
            raise StudyError(
                f"{options.output} was replaced by another run in the meantime: run this again, then with --resume"
            ) from error
        except OSError as error:
            reason = error.strerror or error
            raise StudyError(f"{options.output} cannot be written: {reason}; free space or choose another") from error


def _found(
    options: argparse.Namespace, marts: Marts, wanted: Sequence[Specification], say: Stages, messages: Console
) -> tuple[Multiverse, Marts, bool]:
    fingerprint, folder = marts.build.fingerprint, claim(options.output) / ANCHOR
    folder.mkdir(mode=0o700, exist_ok=True)
    record = Record(folder / UNFINISHED, fingerprint, options.seed)
    done = record.read(wanted) if options.resume and record.is_ours() else {}
    if (reason := _anew(options, record)) and not options.quiet:
        messages.print(reason, markup=False)
    record.begin(done)
    found = find_all(marts, wanted, options.seed, say, record, done)
    say("writing")
    table = specification_table(found, options.suppress_below)
    summary = by_choice(table)
    files = draw_curve(table, marts.generated)
    for name, frame in ((SPECIFICATIONS, table), (BY_CHOICE, summary)):
        shown = marked(frame) if marts.generated else frame
        files[name] = shown.to_csv(index=False, float_format="%.8g", lineterminator="\n").encode()
    about = About(fingerprint, options.seed, options.suppress_below, ",".join(options.only))
    write_multiverse(folder, about, files)
    record.end()
    written = read_multiverse(folder, fingerprint, options.suppress_below) or Multiverse(about, table, summary, files)
    part = multiverse_part(written, marts.build.drug, marts.generated)
    return written, marts, update_page(options.output, part, fingerprint, marts.generated)


def _anew(options: argparse.Namespace, record: Record) -> str:
    """Why an earlier, interrupted run is not gone on with; empty where there is none, or it is."""
    if not record.path.is_file():
        return "nothing to resume: from the start" if options.resume else ""
    if not options.resume:
        return "an interrupted run is there: this one starts anew (--resume would have gone on)"
    return "" if record.is_ours() else "the interrupted run is of another build or seed: this one starts anew"


def _summary(options: argparse.Namespace, found: Multiverse, marts: Marts, on_page: bool) -> dict[str, Any]:
    folder = options.output / ANCHOR
    return {
        "drug": marts.build.drug,
        "generated": bool(marts.generated),
        "warning": warning(marts.generated) if marts.generated else None,
        "paths": {"specifications": str(folder / SPECIFICATIONS), "by_choice": str(folder / BY_CHOICE)},
        "report": str(options.output / "report.html") if on_page else None,
        "counts_hidden_below": options.suppress_below,
        "multiverse": multiverse_summary(found),
    }


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Command-line options."""
    parser, _, statistics = command_line(
        *("python -m analysis_py.multiverse", DESCRIPTION, EXAMPLES, "only errors and the path of the specifications"),
        "the numbers as one JSON object on stdout",
    )
    statistics.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="CHOICE=VALUE,...",
        help="only specifications with these values; of a choice that comes twice either",
    )
    statistics.add_argument("--resume", action="store_true", help="go on with an interrupted run of the same build")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    leave(main())
