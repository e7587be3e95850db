"""`python -m tests.mutants`: plant each fault of the catalog in a copy of the project and see whether a test fails."""

import argparse
import hashlib
import json
import queue
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from mimic_db import server
from tests.mutants.catalog import Mutant, MutantError, read_catalog, unit_tests_of
from tests.mutants.workshop import PROJECT, Outcome, Workshop

RESULTS = PROJECT / "target" / "mutants" / "results.json"
LEAST_CAUGHT = 0.95
CAUGHT, SURVIVED, EXPLAINED = "caught", "survived", "equivalent"
DESCRIPTION = """\
Plants each fault of tests/mutants/*.toml in a copy of the project and runs the tests that may see it, cheapest first,
until one fails; faults of different models at once, by the unit tests of each. About ten seconds a fault; the working
tree is not touched. A run that was broken off goes on where it was: what was caught stays caught while the mutant and
its file are unchanged (--fresh forgets), survivors are tried again.

exit codes: 0 every survivor is explained and 95 % are caught; 1 not so; 2 wrong usage or an unusable catalog"""


@dataclass(frozen=True)
class Result:
    """How one mutant ended; `key` changes with the mutant and with the file it is planted in."""

    name: str
    key: str
    verdict: str
    by: str
    detail: str
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the catalog; gives the exit code."""
    options = _parse(arguments)
    try:
        chosen = [mutant for mutant in read_catalog() if re.search(options.only, f"{mutant.name} {mutant.file}")]
        keys = {mutant.name: _key(mutant) for mutant in chosen}
    except MutantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.list:
        for mutant in chosen:
            print(f"{mutant.file}: {mutant.name}: {mutant.reason}")
        print(f"{len(chosen)} mutants")
        return 0
    known = {} if options.fresh else _read_results()
    done = {
        name: known[name]
        for name, key in keys.items()
        if name in known and known[name].key == key and known[name].verdict == CAUGHT
    }
    left = [mutant for mutant in chosen if mutant.name not in done]
    if done:
        print(f"{len(done)} caught in an earlier run")
    try:
        found = _run(left, keys, options.processes, known | done)
    except MutantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return _tell(chosen, done | found)


def _run(left: list[Mutant], keys: dict[str, str], processes: int, known: dict[str, Result]) -> dict[str, Result]:
    """Try the mutants out on `processes` copies of the project; each result is written down at once."""
    found: dict[str, Result] = {}
    if not left:
        return found
    folder = Path(tempfile.mkdtemp(prefix="dexsic-mutants-"))
    data_dir = folder / "pg"
    workshops: list[Workshop] = []
    tries: list[Future[tuple[Mutant, Outcome, float]]] = []
    try:
        workshops = [Workshop(folder, number, data_dir) for number in range(processes)]
        free: queue.Queue[Workshop] = queue.Queue()
        for workshop in workshops:
            free.put(workshop)
        sound: set[str] = set()

        def keep(mutant: Mutant, outcome: Outcome, seconds: float) -> None:
            verdict = CAUGHT if outcome.caught_by else EXPLAINED if mutant.equivalent else SURVIVED
            result = Result(
                mutant.name, keys[mutant.name], verdict, outcome.caught_by, outcome.detail, round(seconds, 1)
            )
            found[mutant.name] = known[mutant.name] = result
            _write_results(known)
            print(
                f"[{len(found)}/{len(left)}] {verdict:10} {mutant.name}  {result.detail}  {seconds:.0f} s", flush=True
            )

        for batch in _of_different_models(left):
            if not sound:
                models = sorted({mutant.model for mutant in left if mutant.model})
                if failing := workshops[0].failing_unit_tests(models):
                    raise MutantError(f"unit tests fail without any fault: {failing}")
                sound |= {unit_tests_of(model) for model in models}
            began = time.monotonic()
            caught = workshops[0].try_together(batch)
            for mutant in batch:
                if mutant.name in caught:
                    keep(mutant, caught[mutant.name], (time.monotonic() - began) / len(batch))

        def attempt(mutant: Mutant) -> tuple[Mutant, Outcome, float]:
            workshop, began = free.get(), time.monotonic()
            try:
                outcome = workshop.try_out(mutant)
                # a test that fails without any fault would catch everything
                if outcome.caught_by and outcome.caught_by not in sound:
                    if failure := workshop.run((outcome.caught_by,)).detail:
                        raise MutantError(f"{outcome.caught_by} fails without any fault: {failure}")
                    sound.add(outcome.caught_by)
                return mutant, outcome, time.monotonic() - began
            finally:
                free.put(workshop)

        pool = ThreadPoolExecutor(processes)
        tries = [pool.submit(attempt, mutant) for mutant in left if mutant.name not in found]
        for future in as_completed(tries):
            keep(*future.result())
    finally:
        for future in tries:
            future.cancel()
        for workshop in workshops:
            workshop.close()
        server.stop(data_dir)
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _of_different_models(mutants: list[Mutant]) -> list[list[Mutant]]:
    """Those that a model's unit tests may see, in batches with one of each model."""
    batches: list[list[Mutant]] = []
    for mutant in mutants:
        if not mutant.model:
            continue
        free = next((batch for batch in batches if mutant.model not in {other.model for other in batch}), None)
        if free is None:
            batches.append([mutant])
        else:
            free.append(mutant)
    return batches


def _tell(chosen: list[Mutant], results: dict[str, Result]) -> int:
    """The table, survivors first; gives the exit code."""
    explained = {mutant.name: mutant.equivalent for mutant in chosen}
    width = max((len(mutant.name) for mutant in chosen), default=0)
    order = sorted(chosen, key=lambda mutant: (results[mutant.name].verdict == CAUGHT, mutant.file))
    print()
    for mutant in order:
        result = results[mutant.name]
        told = result.detail or explained[mutant.name] or mutant.reason
        print(f"{result.verdict:10} {mutant.name:{width}}  {mutant.file}: {told}")
    verdicts = [results[mutant.name].verdict for mutant in chosen]
    caught, unexplained = verdicts.count(CAUGHT), verdicts.count(SURVIVED)
    share = caught / len(chosen) if chosen else 0.0
    print(
        f"\n{len(chosen)} mutants: {caught} caught ({100 * share:.1f} %), {verdicts.count(EXPLAINED)} equivalent,"
        f" {unexplained} survived without an explanation"
    )
    return 1 if unexplained or share < LEAST_CAUGHT else 0


def _key(mutant: Mutant) -> str:
    path = PROJECT / mutant.file
    if not path.is_file():
        raise MutantError(f"{mutant.name}: there is no {mutant.file}")
    with path.open(newline="") as file:
        text = file.read()
    mutant.applied_to(text)
    return hashlib.sha256(json.dumps([mutant.file, mutant.old, mutant.new, text]).encode()).hexdigest()[:16]


def _read_results() -> dict[str, Result]:
    if not RESULTS.is_file():
        return {}
    return {record["name"]: Result(**record) for record in json.loads(RESULTS.read_text())}


def _write_results(results: dict[str, Result]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    aside = RESULTS.with_suffix(".new")
    aside.write_text(json.dumps([asdict(result) for result in results.values()], indent=1))
    aside.replace(RESULTS)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", default="", metavar="PATTERN", help="mutants whose name or file holds this expression"
    )
    parser.add_argument("--processes", type=int, default=1, help="copies of the project that work side by side")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs found")
    parser.add_argument("--list", action="store_true", help="list the mutants and run nothing")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
