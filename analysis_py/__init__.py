"""Statistics of the study, on finished marts: DataFrames in, small frozen results out."""

import signal
import sys

from analysis_py.interrupt import end_at_once

# `python -m analysis_py.run`: the libraries take a second to import, in which Ctrl-C would show where they just are;
# interrupt.terminable() ends this
if sys.argv[0] == "-m" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, end_at_once)
