"""One trial: a command of the project on its own data, a fault, the judgement, and the same command again."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from mimic_db import server
from mimic_db.database import connect
from torture import content
from torture.campaign import Outcome, Trial
from torture.content import Hashes
from torture.ground import BUILT, EMPTY, NAME, RAW, RESULTS, SCHEMA, SEED, STAYS, Ground, dbt_build, statistics
from torture.message import complaint, excerpt
from torture.process import Running, run


@dataclass(frozen=True)
class Case:
    """A command, the database and the output folder that it works on, and what must be there when it has worked."""

    ground: Ground
    stage: str
    command: tuple[str, ...]
    dsn: str
    output: Path
    expected: "State"
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_dbt(self) -> bool:
        """Whether dbt speaks for itself."""
        return self.command[0].startswith("dbt")

    def start(self) -> Running:
        """Start the command."""
        return Running(self.command, {**self.ground.environment, **self.environment}, self.ground.shop.folder)

    def state(self) -> "State":
        """What there is now; the server is started for it."""
        server.start(self.ground.shop.data_dir)
        dsn = server.url(NAME, self.ground.shop.data_dir)
        return State(
            content.tables(dsn, content.RAW),
            content.tables(dsn, [SCHEMA]),
            content.files(self.output),
        )


@dataclass(frozen=True)
class State:
    """Content of the raw tables, of the marts, of the output folder."""

    raw: Hashes
    marts: Hashes
    output: Hashes


# sets a fault up, hands out what is to be done once the command runs, and takes the fault away
Fault = Callable[[Case], AbstractContextManager[Callable[[Running], None]]]


def case(ground: Ground, stage: str) -> Case:
    """A command of one stage: load, generate, build (over an earlier build), study (nothing built yet), statistics."""
    begin = {"load": EMPTY, "generate": EMPTY, "build": BUILT, "study": RAW, "statistics": BUILT}
    dsn = ground.database(begin[stage])
    output = ground.shop.new_folder() / "output"
    study: tuple[str, ...] = ("study", "--stays", STAYS, "--seed", SEED, "--output", str(output))
    commands: dict[str, tuple[str, ...]] = {
        "load": ("mimic_db", "load", "--csv", str(ground.csv), "--database", NAME),
        "generate": ("twin", "generate", "--stays", STAYS, "--seed", SEED, "--database", NAME),
        "statistics": statistics(ground.profiles, output),
    }
    if ground.light:
        commands["build"] = dbt_build(ground.profiles)
    command = commands.get(stage, study)
    if stage in ("build", "statistics"):
        shutil.copytree(ground.output, output)  # earlier results, which must not suffer
    if stage == "build":
        _forget_mark(dsn)
    marts = {} if stage in ("load", "generate") else ground.marts
    results = {} if stage in ("load", "generate") else ground.results
    return Case(ground, stage, command, dsn, output, State(ground.raw, marts, results))


def _forget_mark(dsn: str) -> None:
    """As if a model had been changed: the next run builds."""
    with connect(dsn) as connection:
        connection.execute(f"comment on schema {SCHEMA} is null".encode())


def attempt(
    kind: str, name: str, tried: Case, fault: Fault, code: int = 1, seconds: float = 120, mend: bool = True
) -> Trial:
    """Run the command with the fault, judge, run it again without, judge again.

    A command that is through with the right result in spite of the fault has survived. Without `mend` the next fault
    on the same case finds what this one left.
    """
    before = tried.state()
    with fault(tried) as inject:
        running = tried.start()
        try:
            inject(running)
            ended = running.wait(seconds)
        finally:
            running.end()
    is_down = server.status(tried.ground.shop.data_dir) is None
    after = tried.state()
    if ended.code == 0 and differs(after, tried.expected):
        return Trial(kind, name, "wrong", f"exit code 0, but {differs(after, tried.expected)}: {excerpt(ended.text)}")
    if harm := damage(before, after, tried.expected):
        return Trial(kind, name, "lost", f"{harm}: {excerpt(ended.text)}")
    if ended.code == 0:
        return Trial(kind, name, "survived")
    if is_down and tried.stage != "statistics":  # which work on a server of the reader's and start none
        server.stop(tried.ground.shop.data_dir)  # the second run must find the server as the fault left it
    if mend and (harm := not_mended(tried)):
        return Trial(kind, name, "lost", f"a second run does not mend it: {harm}")
    outcome: Outcome = "unclear" if (reason := complaint(ended, code, tried.is_dbt)) else "refused"
    return Trial(kind, name, outcome, f"{reason}: {excerpt(ended.text)}" if reason else excerpt(ended.text, 1))


def not_mended(tried: Case) -> str:
    """Run the command without a fault; what is wrong then, or nothing."""
    again = run(tried.command, tried.ground.environment, tried.ground.shop.folder)
    if again.code != 0:
        return f"exit code {again.code}: {excerpt(again.text)}"
    return differs(tried.state(), tried.expected)


def damage(before: State, after: State, expected: State) -> str:
    """What is neither as it was nor as it has to become."""
    for name in sorted(before.raw.keys() | after.raw.keys()):
        if after.raw.get(name) not in (before.raw.get(name), expected.raw.get(name)):
            return f"table {name} is half-written or gone"
    for name in sorted(before.marts.keys() | after.marts.keys()):
        if after.marts.get(name) not in (before.marts.get(name), expected.marts.get(name)):
            return f"mart {name} is gone or another"
    if after.output != before.output and after.output.get(RESULTS) != expected.output.get(RESULTS):
        return "the output folder is neither the earlier one nor the new one"
    return ""


def differs(after: State, expected: State) -> str:
    """Where the finished state is not the expected one; nothing if it is."""
    for name, wanted in (expected.raw | expected.marts).items():
        if (after.raw | after.marts).get(name) != wanted:
            return f"{name} differs from the undisturbed run"
    if after.output.get(RESULTS) != expected.output.get(RESULTS):
        return f"{RESULTS} differs from the undisturbed run"
    return ""
