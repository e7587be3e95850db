"""The data folder of the embedded PostgreSQL: whose it is, how it is made and configured, where its socket lies."""

import hashlib
import os
import pwd
import re
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

from mimic_db.errors import UserError
from mimic_db.server.program import VERSION, last_line, owner_of, program, run
from mimic_db.server.tuning import machine, settings

SUPERUSER: Final = "postgres"
# the kernel's limit is 108 bytes on Linux, 104 on macOS, for the folder and "/.s.PGSQL.5432"
_LONGEST_SOCKET_FOLDER: Final = 85


def default_data_dir() -> Path:
    """The environment's DEXSIC_PGDATA, else `.postgres` in the project."""
    chosen = os.environ.get("DEXSIC_PGDATA")
    return (Path(chosen).expanduser() if chosen else Path(__file__).parents[2] / ".postgres").resolve()


def prepare(data_dir: Path) -> Path:
    """Make the folder if there is none, and ready for a start; gives the folder of the server's socket.

    Raises:
        UserError: it holds something else, another version's data or another account's, or cannot be made.
    """
    _require_own_data(data_dir)
    if not (data_dir / "PG_VERSION").exists():
        _initialize(data_dir)
    _let_pass(data_dir, owner_of(data_dir))
    socket_dir = _socket_dir(data_dir)
    _configure(data_dir, socket_dir)
    return socket_dir


def _require_own_data(data_dir: Path) -> None:
    """Refuse a folder that holds something else, another version's data, or another account's."""
    if not data_dir.exists():
        return
    if os.geteuid() not in (0, data_dir.stat().st_uid):
        raise foreign(data_dir)
    version = data_dir / "PG_VERSION"
    if version.exists():
        found = version.read_text().strip()
        if found != str(VERSION):
            raise UserError(
                f"{data_dir} holds data of PostgreSQL {found}, the embedded server is {VERSION}: move the folder away"
            )
    elif not data_dir.is_dir() or any(data_dir.iterdir()):
        raise UserError(f"{data_dir} is no PostgreSQL data folder and is not empty: set DEXSIC_PGDATA to a new folder")


def foreign(data_dir: Path) -> UserError:
    """The error for a folder of another account."""
    return UserError(
        f"{data_dir} belongs to another account: run as that account, or set DEXSIC_PGDATA to a folder of your own"
    )


def _initialize(data_dir: Path) -> None:
    """Make the data folder beside its place and move it there when it is complete: an interruption leaves no half."""
    new = data_dir.with_name(data_dir.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    owner = owner_of(new)
    if owner:
        os.chown(new, owner.pw_uid, owner.pw_gid)
    _let_pass(new, owner)
    options = ("--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={SUPERUSER}", "--no-instructions")
    done = run("initdb", *options, "-D", str(new), data_dir=new)
    if done.returncode:
        shutil.rmtree(new, ignore_errors=True)
        raise UserError(f"the embedded server's data folder {data_dir} cannot be made: {last_line(done.stderr)}")
    with (new / "postgresql.conf").open("a") as file:
        file.write("include_if_exists = 'dexsic.conf'  # written at each start; ALTER SYSTEM overrides it\n")
    if data_dir.exists():
        data_dir.rmdir()
    new.rename(data_dir)


def _configure(data_dir: Path, socket_dir: Path) -> None:
    """Write the settings for this machine, as it is now."""
    chosen = settings(*machine()) | {"unix_socket_directories": f"'{socket_dir}'"}
    file = data_dir / "dexsic.conf"
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text("".join(f"{name} = {value}\n" for name, value in chosen.items()))
    owner = owner_of(data_dir)
    if owner:
        os.chown(file, owner.pw_uid, owner.pw_gid)


def _socket_dir(data_dir: Path) -> Path:
    """The data folder, or a short folder for it where its path is too long or too odd for a socket's address."""
    if len(str(data_dir).encode()) <= _LONGEST_SOCKET_FOLDER and re.fullmatch(r"[\w/.+-]+", str(data_dir), re.ASCII):
        return data_dir
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()).resolve() / f"dexsic-{name}"
    if len(str(folder)) > _LONGEST_SOCKET_FOLDER:
        folder = Path("/tmp") / folder.name  # noqa: S108
    owner = owner_of(data_dir)
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


def _let_pass(data_dir: Path, owner: pwd.struct_passwd | None) -> None:
    """As root: let the server's account reach its data and programs; said aloud, because it opens folders."""
    if owner is None:
        return
    for path in (data_dir, program("postgres")):
        for folder in path.parents:
            found = folder.stat()
            if found.st_uid != owner.pw_uid and not found.st_mode & stat.S_IXOTH:
                folder.chmod(found.st_mode | stat.S_IXOTH)
                print(
                    f"note: {folder} may now be passed through by other accounts: PostgreSQL does not run as root",
                    file=sys.stderr,
                )
