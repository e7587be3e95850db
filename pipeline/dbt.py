"""The second stage: `dbt build` in this process, with a progress bar in place of its log, and dbt's documentation."""

import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analysis_py.report.output_folder import DBT_DOCS
from mimic_db.errors import UserError
from pipeline.digest import BUILD_FILES, PROJECT, digest
from pipeline.message import each_once, one_line, told
from pipeline.place import Place
from pipeline.terminal import console, say

_STAMP: Final = "dexsic build "
# what a page may load: nothing from anywhere, whatever dbt puts into it
_NO_NETWORK: Final = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "connect-src 'none'\">"
)


@contextmanager
def profiles(place: Place) -> Iterator[Path]:
    """A folder with profiles.yml as dbt wants it: the example, which takes every value from the environment."""
    example = (PROJECT / "profiles.example.yml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="dexsic-") as folder:
        profile = Path(folder) / "profiles.yml"
        profile.write_text(example.replace("target: dev", f"target: {place.target}", 1), encoding="utf-8")
        yield Path(folder)


def build(place: Place, profiles_dir: Path, variables: str, pace: str = "") -> tuple[str, bool]:
    """Run `dbt build` unless the tables are marked as built from the same data and files; the mark, and if it ran.

    `pace` says how long it took the last time.

    Raises:
        UserError: the project or the connection is wrong, or a model or test failed.
    """
    built = digest(place.state(), variables, files=BUILD_FILES)
    if place.mark() == _STAMP + built:
        say("[bold]2/3 dbt build[/bold]  nothing has changed since the last build: skipped")
        return built, False
    where = f"schema {place.schema}; details in logs/dbt.log"
    say(f"[bold]2/3 dbt build[/bold]  models and data tests in {where}{pace}")
    with place.session():
        # unit tests are of the definitions, whatever the data: half of a build's time, which `make test` spends
        _build(*_given(place, profiles_dir, variables), "--exclude-resource-type", "unit_test")
    place.set_mark(_STAMP + built)
    return built, True


def document(place: Place, profiles_dir: Path, variables: str, is_built: bool) -> Path | None:
    """dbt's documentation as one page in `profiles_dir`, by the build that `is_built` or by the project; None if none.

    What dbt describes is models, columns and definitions: no value of a patient is in it. Not made, it is no error.
    """
    given = _given(place, profiles_dir, variables)
    # the build has left its manifest in the target folder; without a build, that of the project as it is
    with place.session():
        described = is_built or _dbt("parse", *given).success
        described = described and _dbt("docs", "generate", "--static", "--no-compile", *given).success
    if not described:
        say("  dbt docs could not be made: the report comes without them")
        return None
    page = (_target(place) / "static_index.html").read_text(encoding="utf-8")
    page = page.replace("<head>", f"<head>{_NO_NETWORK}", 1).replace(str(PROJECT), ".")
    (profiles_dir / DBT_DOCS).write_text(page, encoding="utf-8")
    return profiles_dir / DBT_DOCS


def _given(place: Place, profiles_dir: Path, variables: str) -> Sequence[str]:
    return ("--profiles-dir", str(profiles_dir), "--vars", variables, "--target-path", str(_target(place)))


def _target(place: Place) -> Path:
    """Where dbt keeps what it has read of the project: a folder for each place, for two studies may run at once."""
    if chosen := os.environ.get("DBT_TARGET_PATH"):
        return Path(chosen)
    where = {name: value for name, value in place.environment().items() if name != "DEXSIC_PASSWORD"}
    return PROJECT / "target" / f"{place.target}_{digest(*map(str, sorted(where.items())), files=())[:8]}"


def _dbt(*arguments: str, follow: Sequence[Callable[[Any], None]] = ()) -> Any:
    """Run dbt in this process, without its log on the terminal; gives its result."""
    runner = importlib.import_module("dbt.cli.main").dbtRunner  # its import takes seconds: not for --help
    silent = ("--log-level", "none", "--log-level-file", "info", "--project-dir", str(PROJECT))
    done = runner(callbacks=list(follow)).invoke([*arguments, *silent])
    if isinstance(done.exception, KeyboardInterrupt):  # dbt has cancelled its queries, and calls it a failed run
        raise done.exception
    return done


def _build(*arguments: str) -> None:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=console.quiet)
    with bar as progress:
        task = progress.add_task("reading the project", total=None)

        def follow(event: Any) -> None:
            if event.info.name == "LogStartLine":
                progress.update(task, total=event.data.total, description=event.data.description)
            elif event.info.name == "NodeFinished":
                progress.advance(task)

        result = _dbt("build", *arguments, follow=[follow])
    if result.exception:
        raise UserError(f"dbt build broke off: {told(str(result.exception))}")
    outcomes = list(result.result or [])
    failed = [node for node in outcomes if node.status in ("error", "fail", "runtime error")]
    for line in each_once([(f"{node.node.resource_type} {node.node.name}", node.message or "") for node in failed]):
        print(f"  {line}", file=sys.stderr)
    if failed:
        raise UserError(f"{len(failed)} of {len(outcomes)} steps of dbt build failed (above); the report is not made")
    warned = [node for node in outcomes if node.status == "warn"]
    for node in warned:
        say(f"  warning: {node.node.name}: {one_line(node.message or '')}", markup=False)
    say(f"  {len(outcomes)} models, seeds and tests passed" + (f", {len(warned)} with a warning" if warned else ""))
