"""Ctrl-C, SIGTERM, a closed terminal: what was begun is cleared away; before that they end the program at once."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Never

ENDS: Final = (signal.SIGTERM, signal.SIGHUP)  # besides SIGINT


def end_at_once(number: int, frame: FrameType | None) -> Never:
    """Leave without a word about where the program was."""
    os.write(2, b"interrupted: nothing was begun\n")
    os._exit(130)


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, by KeyboardInterrupt, so that what was begun is cleared away.

    SIGHUP comes when the terminal closes; under nohup it is ignored, and stays so.
    """
    if threading.current_thread() is not threading.main_thread():  # only there can signals be set
        yield
        return
    ends = [number for number in ENDS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _interrupt) for number in ends}
    if signal.getsignal(signal.SIGINT) is end_at_once:  # of the time before anything was begun
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave(status: int) -> Never:
    """End the program."""
    if status == 130:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not change what the first one said
    sys.exit(status)


def _interrupt(number: int, frame: FrameType | None) -> Never:
    raise KeyboardInterrupt
