"""Ctrl-C and SIGTERM: before anything is begun they end the program, afterwards what was begun is cleared away."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Never


def end_at_once(number: int, frame: FrameType | None) -> Never:
    """Leave without a word about where the program was."""
    os.write(2, b"interrupted: nothing was begun\n")
    os._exit(130)


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, by KeyboardInterrupt, so that what was begun is cleared away."""
    if threading.current_thread() is not threading.main_thread():  # only there can signals be set
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is end_at_once:  # of the time before anything was begun
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> Never:
    raise KeyboardInterrupt
