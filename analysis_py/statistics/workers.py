"""The same work on many things, on all cores: results in order, and the same ones on any number of processes."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(
    work: Callable[..., Result], common: tuple[Any, ...], items: Sequence[Item], processes: int | None = None
) -> Iterator[Result]:
    """`work(*common, item)` for each of `items`, in their order, in at most `processes` (all cores unless given).

    `common` goes to each process once. An error of `work`, or an interrupt, ends the processes, whatever they are at.
    Sums over threads would differ in their last digits and small matrices gain nothing by them: each process has one.
    """
    count = min(processes or _cores(), len(items))
    if count <= 1 or _prepared:  # a worker does not employ workers
        with threadpool_limits(1, user_api="blas"):
            for item in items:
                yield work(*common, item)
        return
    pool = ProcessPoolExecutor(count, initializer=_prepare, initargs=(work, common))
    try:
        for future in [pool.submit(_work, item) for item in items]:
            yield future.result()
    except BaseException:
        for process in list((pool._processes or {}).values()):  # else they would first do all that they have been given
            process.kill()
        raise
    finally:
        pool.shutdown()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_prepared: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []  # of a worker process


def _prepare(work: Callable[..., Any], common: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's, who ends us
    threadpool_limits(1, user_api="blas")
    _prepared[:] = [(work, common)]


def _work(item: Any) -> Any:
    work, common = _prepared[0]
    return work(*common, item)
