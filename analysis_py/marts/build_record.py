"""What the last build left about itself in the schema of the marts: definitions, tests, versions, rows of sources."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import sql

from analysis_py.marts.controls import CONTROL_MARTS, TRIAL_CONTROL_MARTS
from analysis_py.marts.published_count import PublishedCount, read_published_counts
from analysis_py.marts.quality import QualityCheck, read_quality
from analysis_py.marts.reader import Reader, attempt
from analysis_py.marts.trial import TRIAL_MARTS

# every mart that the statistics read, with the key that orders its rows
_MARTS = {
    "analysis_cohort": "stay_id",
    "cohort_flow": "step",
    "cohort_eligibility": "stay_id",
    "sic_score": "stay_id",
    "baseline": "stay_id",
    "outcomes": "stay_id",
}
DEXMEDETOMIDINE = "dexmedetomidine"  # the exposure, unless var exposure_drug names another
_FINGERPRINT_DIGITS = 12
_FIRST_YEARS_OF_3 = "2020"
_UNITS = {"mcg": "µg", "hour": "h"}


@dataclass(frozen=True)
class TestOutcome:
    """A data or unit test of dbt; `failures` counts rows, or rows per million if the description says so."""

    __test__ = False  # pytest takes classes named Test* for tests

    name: str
    model: str
    status: str
    failures: int
    description: str


@dataclass(frozen=True)
class BuildRecord:
    """`definitions` are the vars in force and `defaults` those of dbt_project.yml, as text; `finished_at` is in UTC.

    `tests` are those that ran on this build, possibly none. `sources` are rows per source table, about, `quality` the
    mart data_quality, `published` published_count_comparison. `fingerprint` is the same for the same content of the
    marts. `status` is complete, partial (some models are of other data, definitions or project files), failed,
    unfinished or cloned. All are empty where nothing was recorded.
    """

    finished_at: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    tests: tuple[TestOutcome, ...] = ()
    sources: dict[str, int] = field(default_factory=dict)
    quality: tuple[QualityCheck, ...] = ()
    published: tuple[PublishedCount, ...] = ()
    fingerprint: str = ""
    drug: str = DEXMEDETOMIDINE
    status: str = ""

    @property
    def changed(self) -> dict[str, str]:
        """The definitions that differ from their default."""
        return {name: value for name, value in self.definitions.items() if value != self.defaults.get(name)}

    @property
    def rate_unit(self) -> str:
        """Unit of the exposure's rate as the report writes it."""
        charted = self.definitions.get("exposure_rate_unit", "mcg/kg/hour")
        return "/".join(_UNITS.get(part, part) for part in charted.lower().split("/"))

    @property
    def min_duration_h(self) -> float:
        """Hours that the exposure lasts at least."""
        return float(self.definitions.get("exposure_min_duration_h", 4))


NO_RECORD = BuildRecord()


def read_build_record(connection: Reader, schema: str) -> BuildRecord:
    """The record in `schema`; empty where it is absent, of another version or not to be read. Reads only."""
    fingerprint = attempt(connection, _fingerprint, schema) or ""
    quality = attempt(connection, read_quality, schema) or ()
    published = attempt(connection, read_published_counts, schema) or ()
    found = attempt(connection, _read, schema) or NO_RECORD
    return replace(found, fingerprint=fingerprint, quality=quality, published=published)


def _read(connection: Reader, schema: str) -> BuildRecord | None:
    def rows(table: str, columns: str, order: str = "") -> list[tuple[Any, ...]]:
        query = f"select {columns} from {{}}" + (f" order by {order}" if order else "")  # noqa: S608
        found = connection.execute(sql.SQL(query).format(sql.Identifier(schema, f"build_{table}")))
        return list(found)

    built = rows(
        "run",
        "status, command, models_built, models_in_project, finished_at, dbt_version, adapter, server_version,"
        " latest_years",
    )
    if not built:
        return None
    status, command, models_built, models, finished_at, dbt, adapter, server, years = built[0]
    found = {
        name: (as_text(value), as_text(default))
        for name, value, default in rows("definition", "name, value, default_value")
    }
    release = f"{'3.x' if years >= _FIRST_YEARS_OF_3 else '2.x'}, by its latest years {years}" if years else ""
    versions = {"MIMIC-IV": release, "dbt": dbt, "adapter": adapter, "server": server}
    extent = f", {models_built} of {models} models" if models else ""
    return BuildRecord(
        finished_at=finished_at or "",
        versions={name: text for name, text in versions.items() if text}
        | {"build": f"{status} (last run: dbt {command}{extent})"},
        definitions={name: value for name, (value, _) in found.items()},
        defaults={name: default for name, (_, default) in found.items()},
        tests=tuple(
            TestOutcome(*row) for row in rows("test", "name, model, status, failures, description", "model, unique_id")
        ),
        sources=dict(rows("source", "name, about_rows", "name")),
        drug=found.get("exposure_drug", (DEXMEDETOMIDINE,))[0],
        status=status,
    )


def as_text(value: str) -> str:
    """A definition's JSON as people read it: words without quotes, 4.0 as 4, points before thresholds."""
    parsed = json.loads(value)
    return parsed if isinstance(parsed, str) else json.dumps(_whole(parsed), ensure_ascii=False)


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _whole(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _fingerprint(connection: Reader, schema: str) -> str:
    """A hash of the marts' rows, as the engine writes them. Neither times of building nor places on disk are in it."""
    digest = hashlib.sha256()
    for mart, key in _MARTS.items():
        digest.update(f"{mart}:{_hash(connection, schema, mart, (key,))}\n".encode())
    # a build may leave these out
    for mart, keys in (TRIAL_MARTS | CONTROL_MARTS | TRIAL_CONTROL_MARTS).items():
        if found := attempt(connection, _hash, schema, mart, keys):
            digest.update(f"{mart}:{found}\n".encode())
    return digest.hexdigest()[:_FINGERPRINT_DIGITS]


def _hash(connection: Reader, schema: str, mart: str, keys: tuple[str, ...]) -> str | None:
    query = sql.SQL("select md5(string_agg(md5(cast(mart as text)), '' order by {keys})) from {table} as mart")
    order = sql.SQL(", ").join(sql.Identifier("mart", key) for key in keys)
    row = connection.execute(query.format(keys=order, table=sql.Identifier(schema, mart))).fetchone()
    return row[0] if row else None
