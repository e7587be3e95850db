"""Statistics of the study, on finished marts: DataFrames in, small frozen results out."""

import os
import signal
import sys
from types import FrameType
from typing import Never


def end_at_once(number: int, frame: FrameType | None) -> Never:
    """Leave without a word about where the program was."""
    os.write(2, b"interrupted: nothing was begun\n")
    os._exit(130)


# `python -m analysis_py.run`: the libraries take a second to import, in which Ctrl-C would show where they just are;
# output_folder.terminable() ends this
if sys.argv[0] == "-m" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, end_at_once)
