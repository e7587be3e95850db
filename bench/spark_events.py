"""What Spark's tasks did, from the event log that it writes: one JSON object a line."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

_Span = tuple[float, float]


@dataclass(frozen=True)
class Stage:
    """A stage that ran: its span in seconds of the clock, the seconds of each of its tasks, and what these did."""

    span: _Span
    durations: tuple[float, ...]
    cpu_s: float
    rows_read: int
    shuffled_bytes: int

    @property
    def tasks(self) -> int:
        """How many."""
        return len(self.durations)

    @property
    def task_s(self) -> float:
        """Seconds of all tasks."""
        return sum(self.durations)

    @property
    def skew(self) -> float:
        """The longest task as a multiple of the median one."""
        return max(self.durations) / max(median(self.durations), 1e-3)


@dataclass(frozen=True)
class Work:
    """All stages of an application."""

    stages: tuple[Stage, ...]

    @property
    def tasks(self) -> int:
        """How many."""
        return sum(stage.tasks for stage in self.stages)

    @property
    def task_s(self) -> float:
        """Seconds of all tasks: what more cores can share."""
        return sum(stage.task_s for stage in self.stages)

    @property
    def cpu_s(self) -> float:
        """Seconds in which a processor worked on a task; the others were spent waiting for one, or for memory."""
        return sum(stage.cpu_s for stage in self.stages)

    @property
    def rows_read(self) -> int:
        """Read from files. Their bytes are not told: Spark leaves out those that are read ahead."""
        return sum(stage.rows_read for stage in self.stages)

    @property
    def shuffled_bytes(self) -> int:
        """Written for other tasks to read."""
        return sum(stage.shuffled_bytes for stage in self.stages)

    @property
    def busy_s(self) -> float:
        """Seconds in which a stage ran."""
        return _covered(stage.span for stage in self.stages)

    @property
    def single_share(self) -> float:
        """Of those, the share in which no stage ran but such as have a single task: no core more would help."""
        several = _covered(stage.span for stage in self.stages if stage.tasks > 1)
        return 1 - several / self.busy_s if self.busy_s else 0.0

    @property
    def longest(self) -> list[Stage]:
        """By seconds of their tasks, the most first."""
        return sorted(self.stages, key=lambda stage: -stage.task_s)


def read_events(log: Path) -> Work:
    """The stages that were completed, in their order."""
    tasks: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    stages = []
    for event in _events(log):
        if event["Event"] == "SparkListenerTaskEnd" and event["Task End Reason"]["Reason"] == "Success":
            tasks[event["Stage ID"], event["Stage Attempt ID"]].append(event)
        elif event["Event"] == "SparkListenerStageCompleted":
            info = event["Stage Info"]
            if done := tasks.pop((info["Stage ID"], info["Stage Attempt ID"]), []):
                stages.append(_stage(info, done))
    return Work(tuple(stages))


def _events(log: Path) -> Iterator[dict[str, Any]]:
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _stage(info: dict[str, Any], tasks: list[dict[str, Any]]) -> Stage:
    metrics = [task["Task Metrics"] for task in tasks]
    return Stage(
        (info["Submission Time"] / 1000, info["Completion Time"] / 1000),
        tuple((task["Task Info"]["Finish Time"] - task["Task Info"]["Launch Time"]) / 1000 for task in tasks),
        sum(each["Executor CPU Time"] for each in metrics) / 1e9,
        sum(each["Input Metrics"]["Records Read"] for each in metrics),
        sum(each["Shuffle Write Metrics"]["Shuffle Bytes Written"] for each in metrics),
    )


def _covered(spans: Iterable[_Span]) -> float:
    """Length of the union."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total
