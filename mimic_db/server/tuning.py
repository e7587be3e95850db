"""Settings of the embedded PostgreSQL, for the machine as it is."""

import contextlib
import os
import re
import shutil
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

from mimic_db.errors import UserError

PORT: Final = 5432  # only the socket's name: nothing listens on a network
_GIB: Final = 1024**3
_MIB: Final = 1024**2
_LEAST_MEMORY: Final = 256 * _MIB


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
        "shared_buffers": _megabytes(min(memory // 4, 8 * _GIB)),
        "effective_cache_size": _megabytes(memory * 6 // 10),
        "work_mem": _megabytes(max(32 * _MIB, min(memory // 64, 512 * _MIB))),
        "maintenance_work_mem": _megabytes(max(64 * _MIB, min(memory // 16, 2 * _GIB))),
        "max_worker_processes": str(cpus + 8),
        "max_parallel_workers": str(cpus),
        # the leader works too
        "max_parallel_workers_per_gather": str(max(1, min(cpus // 2, 4))),
        "max_parallel_maintenance_workers": str(max(1, min(cpus // 2, 4))),
        "dynamic_shared_memory_type": "posix" if shared_memory >= _GIB else "sysv",
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


def machine() -> tuple[int, int, int]:
    """Memory, processors and free /dev/shm of this machine or container (bytes, number, bytes)."""
    memory = _chosen_memory() or min([psutil.virtual_memory().total, *_container_limits()])
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shared = shutil.disk_usage("/dev/shm").free if Path("/dev/shm").is_dir() else _GIB  # noqa: S108
    return memory, cpus, shared


def _chosen_memory() -> int | None:
    """The environment's DEXSIC_MEMORY in bytes: what the server may plan with on a machine that others use too.

    Raises:
        UserError: it is no size, or too small for the server.
    """
    chosen = os.environ.get("DEXSIC_MEMORY")
    if not chosen:
        return None
    found = re.fullmatch(r"\s*(\d+)\s*([MG])i?B?\s*", chosen, re.IGNORECASE)
    size = int(found[1]) * {"m": _MIB, "g": _GIB}[found[2].lower()] if found else 0
    if size < _LEAST_MEMORY:
        raise UserError(
            f"DEXSIC_MEMORY={chosen}: write a size such as 8GB or 1500MB, at least {_megabytes(_LEAST_MEMORY)}"
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


def _megabytes(size: int) -> str:
    return f"{size // _MIB}MB"
