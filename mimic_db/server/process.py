"""The server process of a data folder: start, stop, status. It keeps running after its starter ends, until `stop`."""

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]
import psycopg

from mimic_db.errors import UserError
from mimic_db.server.folder import SUPERUSER, default_data_dir, foreign, prepare
from mimic_db.server.program import last_line, run
from mimic_db.server.tuning import PORT

LOG: Final = "server.log"
_START_SECONDS: Final = 300  # crash recovery after a large build may take minutes


@dataclass(frozen=True)
class Status:
    """A running server."""

    pid: int
    data_dir: Path
    socket_dir: Path


def start(data_dir: Path | None = None) -> Status:
    """Start the server, or find it running; makes the data folder at first use.

    Raises:
        UserError: the folder is somebody else's or no PostgreSQL data, or the server does not come up.
    """
    data_dir = (data_dir or default_data_dir()).resolve()
    try:
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        with _lock(data_dir):
            found = status(data_dir)
            if found is not None:
                _wait_out_recovery(found)
            if status(data_dir) is None:
                socket_dir = prepare(data_dir)
                _clear_remains(data_dir, socket_dir)
                _start_postmaster(data_dir)
    except OSError as error:
        where = error.filename or data_dir
        raise UserError(f"{where}: {error.strerror}; DEXSIC_PGDATA can name another folder for the data") from None
    running = status(data_dir)
    if running is None:
        raise UserError(f"the embedded server ended right after its start; its log: {data_dir / LOG}")
    return running


def stop(data_dir: Path | None = None) -> bool:
    """Stop the server; False if it was not running. Open sessions are ended, their transactions rolled back.

    Raises:
        UserError: the server does not stop.
    """
    data_dir = (data_dir or default_data_dir()).resolve()
    running = status(data_dir)
    if running is None:
        return False
    # PostgreSQL 18 never ends if it is told to stop while it recovers from a crash of one of its processes
    _wait_out_recovery(running)
    done = run("pg_ctl", "stop", "-w", "-m", "fast", "-t", str(_START_SECONDS), "-D", str(data_dir), data_dir=data_dir)
    if done.returncode and status(data_dir):
        raise UserError(f"the embedded server does not stop: {last_line(done.stderr)}")
    if running.socket_dir != data_dir:
        with contextlib.suppress(OSError):
            running.socket_dir.rmdir()
    return True


def status(data_dir: Path | None = None) -> Status | None:
    """The running server of `data_dir`, or None. A process number left by a dead server does not deceive it."""
    data_dir = (data_dir or default_data_dir()).resolve()
    try:
        lines = (data_dir / "postmaster.pid").read_text().splitlines()
        pid, socket_dir = int(lines[0]), Path(lines[4])
        command = psutil.Process(pid).cmdline()
    except PermissionError:
        raise foreign(data_dir) from None
    except (OSError, IndexError, ValueError, psutil.Error):
        return None
    if str(data_dir) not in command:
        return None
    return Status(pid, data_dir, socket_dir)


@contextlib.contextmanager
def _lock(data_dir: Path) -> Iterator[None]:
    """One start at a time: a lock on the folder above, which needs no file of its own."""
    handle = os.open(data_dir.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _start_postmaster(data_dir: Path) -> None:
    log = data_dir / LOG
    arguments = ("start", "-w", "-t", str(_START_SECONDS), "-l", str(log), "-D", str(data_dir))
    done = run("pg_ctl", *arguments, data_dir=data_dir)
    if done.returncode:
        raise UserError(f"the embedded server does not start: {_log_reason(log)}; its log: {log}")


def _wait_out_recovery(running: Status) -> None:
    """Wait while a running server that lost a process starts anew: it takes no connections meanwhile."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        try:
            psycopg.connect(host=str(running.socket_dir), port=PORT, user=SUPERUSER, dbname="postgres").close()
        except psycopg.OperationalError as error:
            if not re.search("recovery|starting up|not yet accepting|shutting down|closed the connection", str(error)):
                return
        else:
            return
        if status(running.data_dir) is None:
            return
        time.sleep(0.1)


def _clear_remains(data_dir: Path, socket_dir: Path) -> None:
    """After a kill -9: end the sessions that outlived their server, and remove its stale process numbers."""
    orphans = [process for process in psutil.process_iter(["name"]) if _works_in(process, data_dir)]
    for process in orphans:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(orphans, timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    for stale in (data_dir / "postmaster.pid", socket_dir / f".s.PGSQL.{PORT}.lock"):
        stale.unlink(missing_ok=True)


def _works_in(process: psutil.Process, data_dir: Path) -> bool:
    """Whether this is a server process of `data_dir`: each has it as its working folder."""
    try:
        return "postgres" in process.name() and process.cwd() == str(data_dir)
    except psutil.Error:
        return False


def _log_reason(log: Path) -> str:
    """The server's own word for why it did not come up."""
    with contextlib.suppress(OSError):
        for line in reversed(log.read_text(errors="replace").splitlines()[-30:]):
            if "FATAL:" in line:
                return line.split("FATAL:", 1)[1].strip()
    return "no reason given"
