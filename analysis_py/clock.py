"""How long a command's libraries take to load: commands import this module before them."""

import time

_BEGAN = time.monotonic()


def since_import() -> float:
    """Seconds since the first import of this module: called when all others are loaded, what they took."""
    return time.monotonic() - _BEGAN
