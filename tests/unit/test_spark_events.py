"""What the benchmark of engines reads from Spark's event log."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.spark_events import read_events


def task(stage: int, start: int, end: int, reason: str = "Success") -> dict[str, Any]:
    return {
        "Event": "SparkListenerTaskEnd",
        "Stage ID": stage,
        "Stage Attempt ID": 0,
        "Task End Reason": {"Reason": reason},
        "Task Info": {"Launch Time": start, "Finish Time": end},
        "Task Metrics": {
            "Executor CPU Time": 500_000_000,
            "Input Metrics": {"Records Read": 1000},
            "Shuffle Write Metrics": {"Shuffle Bytes Written": 10},
        },
    }


def stage(number: int, start: int, end: int) -> dict[str, Any]:
    times = {"Stage ID": number, "Stage Attempt ID": 0, "Submission Time": start, "Completion Time": end}
    return {"Event": "SparkListenerStageCompleted", "Stage Info": times}


def test_times_bytes_and_skew_are_those_of_the_tasks(tmp_path: Path) -> None:
    events = [
        {"Event": "SparkListenerLogStart"},
        *(task(0, 0, 1000), task(0, 0, 1000), task(0, 0, 4000), task(0, 0, 9000, "TaskKilled")),
        stage(0, 0, 4000),
        # half of it beside the first, 6 s with nothing beside it
        *(task(1, 2000, 10000), stage(1, 2000, 10000)),
        # nobody waits for a stage that was left out
        stage(2, 10000, 90000),
    ]
    log = tmp_path / "events"
    log.write_text("".join(json.dumps(event) + "\n" for event in events))
    work = read_events(log)
    assert (len(work.stages), work.tasks, work.task_s) == (2, 4, 14.0)
    assert (work.cpu_s, work.rows_read, work.shuffled_bytes) == (2.0, 4000, 40)
    assert work.busy_s == 10.0
    assert work.single_share == pytest.approx(0.6)
    assert [(each.tasks, each.skew) for each in work.longest] == [(1, 1.0), (3, 4.0)]
