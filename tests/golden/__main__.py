"""`python -m tests.golden FOLDER`: every row of results.csv against R's, on the same marts and imputed copies."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis_py.marts.errors import StudyError
from analysis_py.statistics.errors import NotEstimable
from tests.golden.compare import Tally
from tests.golden.folder import FolderError, read_reference
from tests.golden.ours import build, compare_study

SHOWN = 10  # differences of each analysis that are told one by one
DESCRIPTION = """\
Builds all results from the files of FOLDER (marts and imputed copies, as its README describes) by the code of a run and
compares every row with what R found, within the tolerances of expected.csv; pairs, propensity, curves and what is
pooled too. Analyses that the reference does not know are listed.

exit codes: 0 all equal; 1 a difference, a row that only one side has, or a folder that cannot be used; 2 wrong usage"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare one folder; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.golden", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a reference study")
    options = parser.parse_args(arguments)
    try:
        reference = read_reference(options.folder)
        study, given = build(reference)
    except (FolderError, StudyError, NotEstimable) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    tallies = compare_study(reference, study, given)
    print(report(tallies))
    return 1 if any(tally.faults for tally in tallies.values()) else 0


def report(tallies: Mapping[str, Tally]) -> str:
    """A table by analysis and file, the first differences of each, and the analyses that the reference lacks."""
    lines = [f"{'':26} {'expected':>9} {'compared':>9} {'equal':>9} {'different or not on both sides':>9}"]
    known = {name: tally for name, tally in tallies.items() if not tally.unknown}
    for name, tally in known.items():
        lines.append(f"{name:26} {tally.expected:9} {tally.compared:9} {tally.equal:9} {len(tally.faults):9}")
    for name, tally in known.items():
        lines += [f"{name}: {fault}" for fault in tally.faults[:SHOWN]]
        if len(tally.faults) > SHOWN:
            lines.append(f"{name}: {len(tally.faults) - SHOWN} more")
    unknown = [f"{name} ({tally.unknown} rows)" for name, tally in tallies.items() if tally.unknown]
    if unknown:
        lines.append(f"not in the reference, not compared: {', '.join(unknown)}")
    compared, equal = (sum(getattr(tally, name) for tally in known.values()) for name in ("compared", "equal"))
    faults = sum(len(tally.faults) for tally in known.values())
    lines.append(f"{compared} rows compared, {equal} equal, {faults} faults")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
