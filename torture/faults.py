"""Faults of server, disk, sessions, signals and settings, each under a command of the project."""

import random
from collections.abc import Iterator

from torture import disk, interruptions, odd_settings, server_faults, session_faults
from torture.campaign import Trial, Workshop
from torture.disturb import attempt, case
from torture.ground import SCHEMA, Ground, make_ground
from torture.message import INTERRUPTED
from torture.server_faults import STRIKES, after_a_crash, striking
from torture.session_faults import holding, set_for_all, two_at_once

_CAMPAIGNS = (server_faults, session_faults, interruptions, disk, odd_settings)


def trials(workshop: Workshop, thorough: bool, seed: int) -> Iterator[Trial]:
    """Every fault in every stage; unless thorough, one of each kind.

    Raises:
        UserError: the commands do not work even without a fault.
    """
    ground = make_ground(workshop, light=not thorough)
    if not thorough:
        yield from _short(ground)
        return
    for campaign in _CAMPAIGNS:
        yield from campaign.trials(ground, random.Random(f"{seed} {campaign.__name__}"))


def left_out() -> list[str]:
    """What cannot be tried on this machine, and why."""
    return [] if disk.can_mount() else ["disk full: that takes root and the right to mount a file system"]


def _short(ground: Ground) -> Iterator[Trial]:
    """One fault after the other on the same case, and a second run after the last."""
    tried = case(ground, "load")
    yield attempt("server killed", "load: killed", tried, striking(STRIKES["killed"][1], None, 0.1), mend=False)
    yield attempt("time limit", "load: statement_timeout", tried, set_for_all("statement_timeout", "50ms"), mend=False)
    fault = interruptions.interrupting("Ctrl-C", None, interruptions.is_connected, None)
    yield attempt("Ctrl-C, SIGTERM", "load: Ctrl-C", tried, fault, INTERRUPTED)

    tried = case(ground, "build")
    gate = "mimiciv_icu.chartevents"
    yield attempt("server killed", "build: killed", tried, striking(STRIKES["killed"][1], gate, 0), mend=False)
    yield attempt("lock held", "build: a mart is read", tried, holding(f"{SCHEMA}.outcomes", "access share"))
    yield two_at_once(ground, "build", 0.0)
    yield after_a_crash(ground, ("test", "--select", "cohort_flow_adds_up"))

    tried = case(ground, "statistics")
    fault = striking(STRIKES["terminated"][1], f"{SCHEMA}.baseline", 0)
    yield attempt("connection dropped", "statistics: terminated", tried, fault, mend=False)
    fault = interruptions.interrupting("Ctrl-C", None, interruptions.is_writing, None)
    yield attempt("Ctrl-C, SIGTERM", "statistics, writing: Ctrl-C", tried, fault, INTERRUPTED)
    if disk.can_mount():
        yield disk.full_output(ground, 200_000)
    together = {"datestyle": "German", "extra_float_digits": "-15", "timezone": "Asia/Kolkata"}
    odd = {"TZ": "America/New_York", "LC_ALL": "POSIX", "PYTHONHASHSEED": "5"}
    for stage in ("build", "statistics"):
        yield odd_settings.odd(ground, stage, together, odd)
