"""Put on PYTHONPATH of a command under test: whatever reaches for a network is refused, and written down."""

import os
import socket
import sys
from pathlib import Path

_REACHED = Path(os.environ["DEXSIC_TEST_NETWORK_LOG"])
_FAMILY = {"socket.connect", "socket.bind", "socket.sendto"}


# urllib3, which dbt imports, tries at its import whether the machine has IPv6: nothing can be sent or heard that way
_PROBE = ("socket.bind", ("::1", 0))


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if arguments and (event, arguments[-1]) == _PROBE:
        return
    if event == "socket.getaddrinfo" or (event in _FAMILY and getattr(arguments[0], "family", None) != socket.AF_UNIX):
        with _REACHED.open("a") as log:
            log.write(f"{event} {arguments[1:]}\n")
        raise PermissionError(f"the tests allow no network: {event}")


with _REACHED.open("a") as opened:
    opened.write("watching\n")
sys.addaudithook(_watch)
