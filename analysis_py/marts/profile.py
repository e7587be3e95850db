"""Where the marts are: dbt's own profiles.yml, found and rendered the way dbt does it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from analysis_py.marts.errors import StudyError

PROFILE = "dexsic"
WAREHOUSE = "spark.sql.warehouse.dir"
_SECRET = ("password", "pass")
_OPTIONAL = ("sslmode", "sslcert", "sslkey", "sslrootcert", "connect_timeout")


@dataclass(frozen=True)
class Target:
    """Where the marts are: a PostgreSQL database, a DuckDB `file`, or a `folder` of Spark's tables.

    Never shown: it holds the password.
    """

    schema: str
    role: str | None
    connection: Mapping[str, Any] = field(repr=False)
    file: Path | None = None
    folder: Path | None = None


def find_profiles(profiles_dir: Path | None) -> Path:
    """profiles.yml in the first of --profiles-dir, DBT_PROFILES_DIR, the working directory, ~/.dbt.

    Raises:
        StudyError: there is none; the message says where it was looked for.
    """
    named = profiles_dir or (Path(os.environ["DBT_PROFILES_DIR"]) if os.environ.get("DBT_PROFILES_DIR") else None)
    places = [named] if named else [Path.cwd(), Path.home() / ".dbt"]
    for place in places:
        if (place / "profiles.yml").is_file():
            return place / "profiles.yml"
    searched = " or ".join(str(place) for place in places)
    raise StudyError(f"no profiles.yml in {searched}: copy profiles.example.yml there and fill it in")


def read_target(profiles: Path, target: str | None) -> Target:
    """One output of the profile `dexsic`, its env_var() calls filled in.

    Raises:
        StudyError: as read_output(), or an engine or a place that cannot be read from here.
    """
    name, settings = read_output(profiles, target)
    if settings.get("type") not in ("postgres", "duckdb", "spark"):
        raise StudyError(
            f"target {name!r} in {profiles} is of type {settings.get('type')!r};"
            " only postgres, duckdb and spark can be read"
        )
    if not settings.get("schema"):
        raise StudyError(f"target {name!r} in {profiles} names no schema")
    schema = str(settings["schema"])
    if settings["type"] == "duckdb":
        if not settings.get("path"):
            raise StudyError(f"target {name!r} in {profiles} names no path: the file with the marts")
        return Target(schema, None, {}, file=Path(str(settings["path"])))
    if settings["type"] == "spark":
        parameters = settings.get("server_side_parameters")
        warehouse = parameters.get(WAREHOUSE) if isinstance(parameters, dict) else None
        if settings.get("method") != "session" or not warehouse:
            raise StudyError(
                f"target {name!r} in {profiles} is a cluster: the statistics read files. Copy the folders of the marts"
                f" and of build_* to DIR/{schema}.db/ and name a target of method session whose {WAREHOUSE} is DIR"
                " (docs/ENGINES.md)"
            )
        return Target(schema, None, {}, folder=schema_folder(Path(str(warehouse)), schema))
    connection = {
        "host": settings.get("host"),
        "port": settings.get("port"),
        "user": settings.get("user"),
        "password": settings.get("password", settings.get("pass")),
        "dbname": settings.get("dbname", settings.get("database")),
        **{key: settings.get(key) for key in _OPTIONAL},
    }
    present = {key: str(value) for key, value in connection.items() if value not in (None, "")}
    return Target(schema, settings.get("role") or None, present)


def schema_folder(warehouse: Path, schema: str) -> Path:
    """Where Spark keeps the tables of a schema, each in a folder of its own."""
    return warehouse / f"{schema.lower()}.db"


def read_output(
    profiles: Path, target: str | None, environment: Mapping[str, str] = os.environ
) -> tuple[str, dict[str, Any]]:
    """Name and settings of one output of the profile `dexsic` (its own choice for None), env_var() calls filled in.

    Raises:
        StudyError: unreadable file, unknown profile or target, or missing environment variable.
    """
    try:
        content = yaml.safe_load(profiles.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{profiles} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f", line {place.line + 1}" if place else ""
        raise StudyError(f"{profiles}{line} is not valid YAML") from error
    profile = content.get(PROFILE) if isinstance(content, dict) else None
    outputs = profile.get("outputs") if isinstance(profile, dict) else None
    if not isinstance(profile, dict) or not isinstance(outputs, dict):
        raise StudyError(f"{profiles} has no profile named {PROFILE} with outputs: see profiles.example.yml")
    name = target or str(_render(profile.get("target", "default"), profiles, "target", environment))
    if not isinstance(outputs.get(name), dict):
        raise StudyError(f"{profiles} has no target {name!r} in profile {PROFILE}; it has {', '.join(outputs)}")
    settings = {key: _render(value, profiles, str(key), environment) for key, value in outputs[name].items()}
    return name, settings


def _render(value: Any, profiles: Path, key: str, variables: Mapping[str, str]) -> Any:
    """A setting with its Jinja expressions replaced; anything but text stays as it is."""
    if isinstance(value, dict):
        return {name: _render(part, profiles, str(name), variables) for name, part in value.items()}
    if not isinstance(value, str) or "{" not in value:
        return value
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.filters.update(as_number=_number, as_native=str, as_bool=str, as_text=str)
    environment.globals["env_var"] = partial(_env_var, variables)
    try:
        return environment.from_string(value).render()
    except TemplateError as error:
        # a password with { in it is no expression, and the message would repeat a part of it
        reason = f"{key} holds {{ but is no expression: take it from env_var()" if key in _SECRET else error.message
        raise StudyError(f"{profiles}: {reason}") from error


def _env_var(variables: Mapping[str, str], name: str, default: str | None = None) -> str:
    found = variables.get(name, default)
    if found is None:
        raise StudyError(f"profiles.yml wants the environment variable {name}, which is not set: export {name}=...")
    return found


def _number(value: str) -> str:
    if not value.strip().isdigit():
        raise StudyError(f"profiles.yml wants a number where {value!r} was given")
    return value.strip()
