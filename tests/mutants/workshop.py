"""A copy of the project in which faults are planted, with a small built database for dbt's tests."""

import json
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from mimic_db import server
from tests.mutants.catalog import Mutant, MutantError, unit_tests_of

PROJECT = Path(__file__).parents[2]
STAYS = ("--stays", "60", "--seed", "11")
_PATIENCE_S = 1200  # a mutant that makes a test hang is seen
_TEMPLATE = "template_of_mutants"


@dataclass(frozen=True)
class Outcome:
    """`caught_by` is the step that failed; empty where all passed. `detail` is what it said."""

    caught_by: str
    detail: str


class Workshop:
    """`folder` gets the copy; `number` tells workshops apart that work at the same time."""

    def __init__(self, folder: Path, number: int, data_dir: Path) -> None:
        self.tree = folder / f"{number}" / "project"
        self.data_dir = data_dir
        self.database = f"mutant_{number}"
        _copy(self.tree)
        self.environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        self.nursery: subprocess.Popen[str] | None = None

    def try_out(self, mutant: Mutant) -> Outcome:
        """Plant the fault, run its tests until one fails, and take it away again."""
        path = self.tree / mutant.file
        if not path.is_file():
            raise MutantError(f"{mutant.name}: there is no {mutant.file}")
        with path.open(newline="") as file:
            sound = file.read()
        faulty = mutant.applied_to(sound)
        if path.suffix == ".py":
            compile(faulty, mutant.file, "exec")  # what is no Python would be caught by anything
        try:
            path.write_text(faulty, newline="")
            return self.run(mutant.steps)
        finally:
            path.write_text(sound, newline="")

    def try_together(self, mutants: Sequence[Mutant]) -> dict[str, Outcome]:
        """Faults of different models at once, by the unit tests of each: those that are caught, by name.

        A unit test reads its own model and rows made up for it, so that it sees no other model's fault.
        """
        sound = {mutant.file: (self.tree / mutant.file).read_text() for mutant in mutants}
        try:
            for mutant in mutants:
                (self.tree / mutant.file).write_text(mutant.applied_to(sound[mutant.file]))
            failed = self.failing_unit_tests([mutant.model for mutant in mutants])
        finally:
            for file, text in sound.items():
                (self.tree / file).write_text(text)
        return {
            mutant.name: Outcome(unit_tests_of(mutant.model), f"{mutant.model}: {failed[mutant.model]}")
            for mutant in mutants
            if mutant.model in failed
        }

    def failing_unit_tests(self, models: Sequence[str]) -> dict[str, str]:
        """The models of which a unit test fails, with the name of one; empty too if dbt cannot run at all."""
        record = self.tree.parent / "profiles" / "target" / "run_results.json"
        record.unlink(missing_ok=True)
        selected = " ".join(f"{model},test_type:unit" for model in models)
        self._dbt(f"dbt test --select {selected}", fail_fast=False)
        results = json.loads(record.read_text())["results"] if record.is_file() else []
        names = [result["unique_id"].split(".") for result in results if result["status"] in ("fail", "error")]
        return {model: test for kind, _, model, test in names if kind == "unit_test"}

    def run(self, steps: tuple[str, ...]) -> Outcome:
        """Run steps until one fails."""
        for step in steps:
            failure = self._dbt(step) if step.startswith("dbt ") else self._pytest(step)
            if failure:
                return Outcome(step, failure)
        return Outcome("", "")

    def _pytest(self, step: str) -> str:
        options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
        code, said = self._ask([*options, *shlex.split(step)])
        if code == 0:
            return ""
        # 4 and 5: no such test, or none collected; a step that is no test sees nothing
        if code in (4, 5):
            raise MutantError(f"pytest finds no test by {step!r}: {said[-300:]}")
        return _line(said, ("FAILED", "ERROR")) or f"exit code {code}"

    def _ask(self, arguments: list[str]) -> tuple[int, str]:
        """Exit code and output of pytest, by the nursery."""
        if self.nursery is None:
            self.nursery = subprocess.Popen(
                [sys.executable, str(PROJECT / "tests" / "mutants" / "nursery.py")],
                cwd=self.tree,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        nursery = self.nursery
        assert nursery.stdin is not None and nursery.stdout is not None
        nursery.stdin.write(json.dumps(arguments) + "\n")
        nursery.stdin.flush()
        if not select.select([nursery.stdout], [], [], _PATIENCE_S)[0]:
            self.close()
            return 1, f"FAILED to end within {_PATIENCE_S} s"
        answer = nursery.stdout.readline()
        if not answer:
            raise MutantError("the process that runs pytest has ended")
        code, said = json.loads(answer)
        return int(code), str(said)

    def close(self) -> None:
        """End the nursery and what it runs."""
        if self.nursery is not None:
            os.killpg(self.nursery.pid, signal.SIGKILL)
            self.nursery.wait()
            self.nursery = None

    def _dbt(self, step: str, fail_fast: bool = True) -> str:
        command = shlex.split(step)[1:]
        dsn = self._fresh_database()
        profiles = self.tree.parent / "profiles"
        profiles.mkdir(exist_ok=True)
        shutil.copy(PROJECT / "profiles.example.yml", profiles / "profiles.yml")
        options = ["--project-dir", str(self.tree), "--profiles-dir", str(profiles)]
        options += ["--fail-fast"] if fail_fast else []
        options += ["--target-path", str(profiles / "target"), "--log-path", str(profiles)]
        environment = self.environment | server.dbt_environment(dsn) | {"DEXSIC_SCHEMA": "dexsic"}
        code, said = self._call([str(Path(sys.executable).with_name("dbt")), *command, *options], environment)
        if code == 0:
            if "Nothing to do" in said:
                raise MutantError(f"dbt finds nothing to do by {step!r}")
            return ""
        return _line(said, ("FAIL", "Failure in", "ERROR", "Error")) or f"exit code {code}"

    def _fresh_database(self) -> str:
        template = built_template(self.data_dir)
        with psycopg.connect(server.url(data_dir=self.data_dir), autocommit=True) as connection:
            connection.execute(f"drop database if exists {self.database} with (force)".encode())
            connection.execute(f"create database {self.database} template {template}".encode())
        return server.url(self.database, self.data_dir)

    def _call(self, command: list[str], environment: dict[str, str]) -> tuple[int, str]:
        try:
            done = subprocess.run(
                command,
                cwd=self.tree,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=_PATIENCE_S,
            )
        except subprocess.TimeoutExpired:
            return 1, f"FAILED to end within {_PATIENCE_S} s"
        return done.returncode, done.stdout


def built_template(data_dir: Path) -> str:
    """The database from which each dbt command starts: generated stays, built by the project as it is."""
    server.start(data_dir)
    if _TEMPLATE in server.databases(data_dir):
        return _TEMPLATE
    making = f"{_TEMPLATE}_in_the_making"
    dsn = server.ensure_database(making, data_dir)
    profiles = data_dir.parent / "profiles"
    profiles.mkdir(exist_ok=True)
    shutil.copy(PROJECT / "profiles.example.yml", profiles / "profiles.yml")
    environment = os.environ | server.dbt_environment(dsn) | {"DEXSIC_SCHEMA": "dexsic"}
    options = ["--project-dir", str(PROJECT), "--profiles-dir", str(profiles), "--quiet"]
    options += ["--target-path", str(profiles / "target"), "--log-path", str(profiles)]
    only = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    for command in (
        [sys.executable, "-m", "twin", "generate", *STAYS, "--dsn", dsn],
        [str(Path(sys.executable).with_name("dbt")), "build", *only, *options],
    ):
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MutantError(f"the database for dbt's tests cannot be built: {(done.stdout + done.stderr)[-500:]}")
    with psycopg.connect(server.url(data_dir=data_dir), autocommit=True) as connection:
        connection.execute(f"alter database {making} rename to {_TEMPLATE}".encode())
    return _TEMPLATE


def _copy(tree: Path) -> None:
    """Every file that git knows or does not ignore, as it is now; ../shared and .venv by link."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, copy = PROJECT / name, tree / name
        if source.is_file() and not source.is_symlink():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    for link, place in ((tree / ".venv", PROJECT / ".venv"), (tree.parent / "shared", PROJECT.parent / "shared")):
        if place.exists() and not link.exists():
            link.symlink_to(place.resolve())


def _line(said: str, words: tuple[str, ...]) -> str:
    """The first line that begins or goes on with one of `words`, for the table."""
    lines = said.splitlines()
    found = (line.strip() for word in words for line in lines if word in line)
    return next(found, "")[:200]
