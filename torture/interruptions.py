"""Ctrl-C and SIGTERM, once or twice, in every stage."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from torture import moment
from torture.campaign import Trial
from torture.disturb import Case, Fault, attempt, case
from torture.ground import SCHEMA, Ground
from torture.message import INTERRUPTED
from torture.process import Running

PATIENCE = 60.0
_SIGNALS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM}

Reached = Callable[[Case, moment.Connection, Running], None]


def interrupting(word: str, again_after: float | None, reached: Reached, gate: str | None) -> Fault:
    """A signal, and if wanted a second one, when `reached` says that the moment has come."""

    @contextmanager
    def fault(tried: Case) -> Iterator[Callable[[Running], None]]:
        with moment.watcher(tried.dsn) as watching, moment.lock(tried.dsn, gate) if gate else nullcontext():

            def inject(running: Running) -> None:
                reached(tried, watching, running)
                running.signal(_SIGNALS[word])
                if again_after is not None:
                    time.sleep(again_after)
                    running.signal(_SIGNALS[word])
                if gate:
                    running.wait(PATIENCE)  # by itself, while the gate is closed

            yield inject

    return fault


def after(seconds: float) -> Reached:
    """So long after the start, whatever it does then."""
    return lambda tried, watching, running: time.sleep(seconds)


def is_connected(tried: Case, watching: moment.Connection, running: Running) -> None:
    """At its first session."""
    moment.connected(watching, running)


def is_at_the_gate(tried: Case, watching: moment.Connection, running: Running) -> None:
    """While it waits for a table."""
    moment.at_the_gate(watching, running)


def is_writing(tried: Case, watching: moment.Connection, running: Running) -> None:
    """When the new output folder has been begun."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not running.is_over:
        if any(tried.output.parent.glob(f".{tried.output.name}.*/new/*")):
            return
        time.sleep(0.005)


def trials(ground: Ground, chance: random.Random) -> Iterator[Trial]:
    """Signals at the known moments of each stage, and at moments by chance."""
    points: list[tuple[str, str, Reached, str | None]] = [
        ("load", "while it loads", is_connected, None),
        ("generate", "while it generates", is_connected, None),
        ("build", "while a view waits", is_at_the_gate, "mimiciv_icu.chartevents"),
        ("build", "while a seed waits", is_at_the_gate, f"{SCHEMA}.infusion_item"),
        ("build", "while a mart waits", is_at_the_gate, f"{SCHEMA}.outcomes"),
        ("statistics", "while it reads", is_at_the_gate, f"{SCHEMA}.baseline"),
        ("statistics", "while it writes", is_writing, None),
    ]
    for stage, length in (("load", 1.5), ("generate", 2.0), ("statistics", 4.0), ("build", 12.0), ("build", 12.0)):
        seconds = chance.uniform(0.7, length)
        points.append((stage, f"after {seconds:.1f} s", after(seconds), None))
    for stage, place, reached, gate in points:
        for word, again in (("Ctrl-C", None), ("SIGTERM", None), ("Ctrl-C", chance.uniform(0.0, 0.5))):
            twice = "" if again is None else f" and again {again:.2f} s later"
            fault = interrupting(word, again, reached, gate)
            yield attempt(
                "Ctrl-C, SIGTERM", f"{stage}, {place}: {word}{twice}", case(ground, stage), fault, INTERRUPTED
            )
