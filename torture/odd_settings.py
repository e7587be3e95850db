"""An odd environment, odd settings of the database, odd times of files: results must be the same to the last digit."""

import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import psycopg

from torture.campaign import Trial
from torture.disturb import Case, Fault, attempt, case
from torture.ground import NAME, Ground
from torture.process import Running
from torture.session_faults import alter

# alone what may well matter, together what should not
_SETTINGS: list[dict[str, str]] = [
    {"datestyle": "German"},
    {"datestyle": "SQL, DMY"},
    {"timezone": "Asia/Kolkata"},
    {"timezone": "America/New_York"},
    {"extra_float_digits": "-15"},
    {"extra_float_digits": "0"},
    {"default_transaction_isolation": "serializable"},
    {"default_transaction_read_only": "on"},
    {"client_encoding": "latin1"},
    {"client_encoding": "sql_ascii"},
    {"standard_conforming_strings": "off"},
    {"search_path": "pg_catalog"},
    {"search_path": "shadow"},
    {"search_path": "shadow, pg_catalog, public"},
    {"jit": "on", "jit_above_cost": "0"},
    {"lock_timeout": "1s"},
    {"client_min_messages": "debug1"},
    {"work_mem": "64kB", "enable_hashjoin": "off", "max_parallel_workers_per_gather": "0", "from_collapse_limit": "1"},
    {"intervalstyle": "iso_8601", "bytea_output": "escape", "lc_numeric": "C.utf8", "quote_all_identifiers": "on"},
    {"transform_null_equals": "on", "array_nulls": "off", "plan_cache_mode": "force_generic_plan"},
]
_FOR_LOAD = ("datestyle", "client_encoding", "default_transaction_isolation", "search_path")
_ENVIRONMENTS: list[dict[str, str]] = [
    {"TZ": "Asia/Kolkata"},
    {"TZ": "America/New_York", "PGTZ": "Pacific/Apia"},
    {"LC_ALL": "tr_TR.UTF-8"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    {"PGDATESTYLE": "German"},
    {"PGCLIENTENCODING": "LATIN1"},
    {"PGOPTIONS": "-c datestyle=SQL,DMY -c timezone=Asia/Tokyo"},
    {"PYTHONHASHSEED": "0"},
    {"PYTHONHASHSEED": "4242"},
    {"PYTHONOPTIMIZE": "2"},
    {"TERM": "dumb", "COLUMNS": "20", "NO_COLOR": "1"},
    {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    {"HOME": "/nonexistent", "TMPDIR": "/tmp"},  # noqa: S108
    {"PGHOST": "nowhere.invalid", "PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "none", "PGPASSWORD": "x"},
    {"PGSSLMODE": "require"},
    {"PGAPPNAME": "something else", "PGCONNECT_TIMEOUT": "2"},
    {"PGSERVICE": "no_such_service"},
]
# tables, functions, operators and types named as ours or PostgreSQL's, in a schema that lies before them
_SHADOW = """
create schema shadow;
create table shadow.patients (subject_id text); create table shadow.icustays (stay_id text);
create table shadow.outcomes (nothing text); create table shadow.infusion_item (nothing text);
create function shadow.lower(text) returns text language sql as 'select upper($1)';
create function shadow.coalesce_all(text) returns text language sql as 'select null::text';
create function shadow.date_trunc(text, timestamp) returns timestamp language sql as 'select timestamp ''1900-01-01''';
create function shadow.greatest_of(int) returns int language sql as 'select 0';
create function shadow.round(numeric, int) returns numeric language sql as 'select 0.0';
create function shadow.abs(double precision) returns double precision language sql as 'select 0.0::double precision'
"""


def setting_all(settings: Mapping[str, str]) -> Fault:
    """Settings of the database."""

    @contextmanager
    def fault(tried: Case) -> Iterator[Callable[[Running], None]]:
        for setting, value in settings.items():
            if setting == "search_path":
                with psycopg.connect(tried.dsn) as connection:
                    connection.execute(_SHADOW.encode())
            said = value if setting == "search_path" else f"'{value}'"
            alter(tried.dsn, f"alter database {NAME} set {setting} = {said}")
        try:
            yield lambda running: None
        finally:
            for setting in settings:
                alter(tried.dsn, f"alter database {NAME} reset {setting}")

    return fault


def undisturbed(tried: Case) -> nullcontext[Callable[[Running], None]]:
    """No fault besides those in the case's environment."""
    return nullcontext(lambda running: None)


def trials(ground: Ground, chance: random.Random) -> Iterator[Trial]:
    """The whole study by each setting alone."""
    for environment in _ENVIRONMENTS:
        yield odd(ground, "study", {}, environment)
    for environment in chance.sample(_ENVIRONMENTS, 4):
        yield odd(ground, "generate", {}, environment)
    yield odd(ground, "load", {}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "TZ": "Asia/Kolkata"})
    for settings in _SETTINGS:
        yield odd(ground, "study", settings, {})
        if settings.keys() & set(_FOR_LOAD):
            yield odd(ground, "load", settings, {})
    for year in (1970, 2106):
        yield _odd_times(ground, year)


def odd(ground: Ground, stage: str, settings: Mapping[str, str], environment: Mapping[str, str]) -> Trial:
    """A stage by these settings of the database and of the environment."""
    told = ", ".join(f"{name}={value}" for name, value in {**settings, **environment}.items())
    tried = replace(case(ground, stage), environment=environment)
    return attempt("odd settings", f"{stage}, {told}", tried, setting_all(settings))


def _odd_times(ground: Ground, year: int) -> Trial:
    """The files to load and the earlier results are of another age."""
    seconds = (year - 1970) * 365.25 * 86400
    tried = case(ground, "load")
    for path in ground.csv.rglob("*"):
        os.utime(path, (seconds, seconds))
    return attempt("odd settings", f"load, files of {year}", tried, undisturbed)
