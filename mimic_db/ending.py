"""How a command ends: whatever broke it off is told in one line, and in the exit status."""

import sys
from collections.abc import Callable

import psycopg

from analysis_py.interrupt import terminable
from mimic_db.database import explain
from mimic_db.errors import UserError


def told(command: Callable[[], int]) -> int:
    """Run a command; gives its exit status: 0 done, 1 an error that was explained, 130 interrupted."""
    try:
        with terminable():
            return command()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
    except psycopg.Error as error:
        print(f"error: {explain(error)}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
        return 130
    return 1
