"""Runs pytest again and again in a fresh child of one process that has the libraries loaded: imports cost most.

A script, started in a copy of the project. Each line of stdin is a JSON list of pytest's arguments; each is answered by
a line with the exit code and what was said. Nothing of the project is loaded before the child is there.
"""

import importlib
import io
import json
import os
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import pytest

LIBRARIES = ("statsmodels.api", "lifelines", "scipy.stats", "pandas", "matplotlib.pyplot", "psycopg", "rich.console")


def main() -> None:
    """Answer until stdin ends."""
    sys.path[0] = str(Path.cwd())
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        code, said = _in_a_child(json.loads(line))
        answers.write(json.dumps([code, said]) + "\n")
        answers.flush()


def _in_a_child(arguments: list[str]) -> tuple[int, str]:
    with tempfile.TemporaryFile("w+") as told:
        child = os.fork()
        if child == 0:
            _run(arguments, told)
        _, status = os.waitpid(child, 0)
        told.seek(0)
        return os.waitstatus_to_exitcode(status), told.read()


def _run(arguments: list[str], told: io.TextIOBase) -> None:
    code = 3
    try:
        with redirect_stdout(told), redirect_stderr(told):
            code = int(pytest.main(arguments))
        told.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
