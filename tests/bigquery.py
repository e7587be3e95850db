"""Does BigQuery's parser take our SQL? All of it is compiled without account or network, and read as that dialect.

`python -m tests.bigquery` (requirements/bigquery.txt). Nothing is run.
"""

import csv
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
# both readings of the vars that choose one, so that every line of every model is compiled
WITH_ZIGONG: dict[str, object] = {"zigong": True, "zigong_nursing": True}
READINGS = (
    WITH_ZIGONG,
    WITH_ZIGONG
    | {
        "exposure_duration": "longest_episode",
        "followup": "discharge",
        "heparin": "any_order",
        "gcs_intubated": "missing",
    }
    | {"sic_rule": "strict", "sic_sofa": "total", "sofa_pressor": "any_in_hour", "sofa_first_day_ventilated": "hourly"}
    | {"oxygen_device_needs_flow": False, "tumor_codes": "corrected", "vasoactive_items": "extended"},
)


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# every function that the compiled SQL may call; each is in BigQuery's reference
FUNCTIONS = words("""
    abs array cast ceil coalesce count datetime_add datetime_diff datetime_trunc div extract floor
    generate_array greatest is_inf is_nan lag lead least length max min nullif regexp_contains round row_number strpos
    substring sum translate trim unnest
""")
# words before a bracket that call nothing
KEYWORDS = words("and as by else exists from in join not on or over select then union using when where window")
# of these integer and bigint are other names of int64
TYPES = words("bigint bignumeric bool boolean date datetime float64 int64 integer string")
RESERVED = words("""
    all and any array as asc assert_rows_modified at between by case cast collate contains create cross cube
    current default define desc distinct else end enum escape except exclude exists extract false fetch
    following for from full group grouping groups hash having if ignore in inner intersect interval into is join
    lateral left like limit lookup merge natural new no not null nulls of on or order outer over partition
    preceding proto qualify range recursive respect right rollup rows select set some struct tablesample then to
    treat true unbounded union unnest using when where window with within
""")
# what the parser may let pass, and BigQuery does not
LEFTOVERS = re.compile(
    r"::|~|\^|\$|%|\"|//|\bdouble precision\b|\bcollate\b|\binterval '|\bilike\b|\bsimilar to\b|\bdistinct\s+on\b"
    r"|\bfilter\s*\(|\bvalues\b|\bexcept\b(?!\s+distinct)|\bintersect\b(?!\s+distinct)|\bat time zone\b"
)


def faults(sql: str) -> list[str]:
    """What BigQuery would not take in one query, as far as its text tells."""
    sqlglot = importlib.import_module("sqlglot")
    try:
        found = sqlglot.parse(sql, dialect="bigquery", error_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        return [str(error).splitlines()[0]]
    if len(found) != 1 or not isinstance(found[0], sqlglot.exp.Query):
        return ["not one query"]
    return [*faults_of_text(sql), *faults_of_tree(found[0], sqlglot.exp)]


def faults_of_text(sql: str) -> Iterator[str]:
    bare = re.sub(r"/\*.*?\*/|--[^\n]*", " ", sql, flags=re.DOTALL)
    # there a backslash begins an escape, and a quote is not doubled
    for text in re.findall(r"'(?:[^']|'')*'", bare):
        if "\\" in text or "''" in text[1:-1]:
            yield f"the text {text}"
    bare = re.sub(r"`[^`]*`", "named", re.sub(r"'(?:[^']|'')*'", "''", bare)).lower()
    yield from (each.group().strip() for each in LEFTOVERS.finditer(bare))
    for name in re.findall(r"\b([a-z_]\w*)\s*\(", bare):
        if name not in FUNCTIONS | KEYWORDS:
            yield f"the function {name}"
    for kind in cast_types(bare):
        if kind not in TYPES:
            yield f"the type {kind}"


def cast_types(sql: str) -> Iterator[str]:
    """The type that each `cast(... as type)` names."""
    for start in re.finditer(r"\bcast\s*\(", sql):
        depth, end = 1, start.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        yield sql[start.end() : end - 1].rpartition(" as ")[2].strip()


def faults_of_tree(query: Any, exp: Any) -> Iterator[str]:
    for name in query.find_all(exp.Identifier):
        if not name.quoted and name.name.lower() in RESERVED:
            yield f"the reserved word {name.name} as a name"
    for alias in query.find_all(exp.TableAlias):
        if alias.columns and not isinstance(alias.parent, exp.Unnest):
            yield f"names of columns with the alias {alias.name}"
    for each in query.find_all(exp.Least, exp.Greatest):
        if not isinstance(each.parent, exp.Coalesce):
            yield f"{each.key} without least_of or greatest_of: one NULL makes it NULL"
    for join in query.find_all(exp.Join):
        if join.side and not is_equality(join, exp):
            yield f"a {join.side.lower()} join to {join.alias_or_name} without an equality"


def is_equality(join: Any, exp: Any) -> bool:
    """True when the join's condition asks that something of one side equals something of the other."""
    condition = join.args.get("on")
    if condition is None:
        return bool(join.args.get("using"))
    parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    for part in parts:
        if isinstance(part, exp.EQ):
            sides = [{column.table for column in side.find_all(exp.Column)} for side in (part.left, part.right)]
            if {join.alias_or_name} in sides and not any(
                join.alias_or_name in side for side in sides if len(side) != 1
            ):
                return bool(sides[0]) and bool(sides[1]) and sides[0] != sides[1]
    return False


def faults_of_types(target: Path) -> list[str]:
    """Names that are not there and kinds of values that do not fit in MIMIC-IV's models, from its columns on."""
    manifest = json.loads((target / "manifest.json").read_text())
    tables: dict[str, dict[str, str]] = {}
    with (PROJECT / "mimic_db" / "columns.csv").open() as file:
        for row in csv.DictReader(file):
            source = f"source.dexsic.mimic_{row['module']}.{row['table']}"
            tables.setdefault(source, {})[row["column"]] = type_there(row["type"])
    for key, node in manifest["nodes"].items():
        if node["resource_type"] == "seed":
            with (PROJECT / node["original_file_path"]).open() as file:
                header = next(csv.reader(file))
            types = node["config"]["column_types"]
            tables[key] = {name: type_there(types.get(name, "text")) for name in header}
    models = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and not node["original_file_path"].startswith("models/staging/zigong")
    }
    relations = {key: node["relation_name"] for key, node in (manifest["nodes"] | manifest["sources"]).items()}
    found: list[str] = []
    while ready := [key for key in models if tables.keys() >= set(models[key]["depends_on"]["nodes"])]:
        for key in ready:
            node = models.pop(key)
            schema = {relations[each]: tables[each] for each in node["depends_on"]["nodes"]}
            tables[key], faults = typed(node["compiled_code"], schema)
            found += [f"{node['name']}: {fault}" for fault in faults]
    left = [node["name"] for node in models.values() if "zigong" not in node["name"]]
    return [*found, *(f"{name}: reads what is not known" for name in left)]


def type_there(kind: str) -> str:
    """What PhysioNet makes of a type of PostgreSQL."""
    kind = kind.partition("(")[0]
    return {"timestamp": "datetime", "double precision": "float64", "text": "string", "varchar": "string"}.get(
        kind, {"char": "string", "bpchar": "string", "numeric": "float64", "smallint": "int64"}.get(kind, kind)
    )


def typed(sql: str, tables: dict[str, dict[str, str]]) -> tuple[dict[str, str], list[str]]:
    """The columns that a query gives, with their types, and what is wrong with it."""
    sqlglot = importlib.import_module("sqlglot")
    exp, optimizer = sqlglot.exp, importlib.import_module("sqlglot.optimizer")
    schema: dict[str, Any] = {}
    for relation, columns in tables.items():
        project, dataset, name = relation.replace("`", "").split(".")
        schema.setdefault(project, {}).setdefault(dataset, {})[name] = columns
    try:
        query = optimizer.qualify.qualify(sqlglot.parse_one(sql, dialect="bigquery"), schema=schema, dialect="bigquery")
        query = optimizer.annotate_types.annotate_types(query, schema=schema, dialect="bigquery")
    except sqlglot.errors.SqlglotError as error:
        return {}, [str(error).splitlines()[0]]
    faults = []
    for node in query.find_all(exp.Predicate, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Coalesce, exp.Case):
        if isinstance(node, exp.Case):
            parts = [*(each.args["true"] for each in node.args["ifs"]), node.args.get("default")]
        else:
            parts = [node.this, *([node.args["expression"]] if "expression" in node.args else node.expressions)]
        kinds = {kind_of(part, exp) for part in parts if isinstance(part, exp.Expression)} - {""}
        if len(kinds) > 1:
            faults.append(f"{' and '.join(sorted(kinds))} in {node.sql('bigquery')[:100]}")
    return {each.alias_or_name: each.type.sql("bigquery").lower() for each in query.selects}, faults


def kind_of(part: Any, exp: Any) -> str:
    """The kind of a value; empty where it is not known, or fits everything. A date becomes a datetime by itself."""
    name = part.type.sql("bigquery").lower() if part.type and not isinstance(part, exp.Null) else ""
    if name in ("int64", "float64", "numeric", "bignumeric"):
        return "number"
    return {"unknown": "", "null": "", "date": "datetime"}.get(name, name)


def compile_all(
    folder: Path, reading: dict[str, object] = WITH_ZIGONG, project: Path = PROJECT, select: str = "*"
) -> list[Path]:
    """The compiled SQL of every model and test that is selected, the external cohort's too.

    Raises:
        RuntimeError: dbt does not compile it, or reached for a network.
    """
    shutil.copy(project / "profiles.example.yml", folder / "profiles.yml")
    # credentials of nobody: dbt looks for some before it compiles, and asks nobody about them
    account = folder / "account.json"
    fields = ("client_id", "client_secret", "refresh_token")
    account.write_text(json.dumps({"type": "authorized_user"} | dict.fromkeys(fields, "none")))
    network = folder / "network.log"
    places = {
        "--project-dir": project,
        "--profiles-dir": folder,
        "--target-path": folder / "target",
        "--log-path": folder,
    }
    options = [str(part) for place in places.items() for part in place]
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("dbt"), "--quiet", "compile", "--target", "bigquery", "--select", select),
            *("--no-introspect", "--no-populate-cache", "--no-partial-parse", "--vars", json.dumps(reading), *options),
        ],
        env=os.environ
        | {
            "GOOGLE_APPLICATION_CREDENTIALS": str(account),
            "PYTHONPATH": str(PROJECT / "tests" / "no_network"),
            "DEXSIC_TEST_NETWORK_LOG": str(network),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    if set(network.read_text().split("\n")) != {"watching", ""}:
        raise RuntimeError(f"dbt reached for a network: {network.read_text()}")
    return sorted((folder / "target" / "compiled").rglob("*.sql"))


def main() -> int:
    found: list[tuple[str, list[str]]] = []
    misfits: list[str] = []
    for reading in READINGS:
        with tempfile.TemporaryDirectory() as folder:
            found += [(path.stem, faults(path.read_text())) for path in compile_all(Path(folder), reading)]
            misfits += faults_of_types(Path(folder) / "target")
    lines = dict.fromkeys([*(f"{name}: {fault}" for name, each in found for fault in each), *misfits])
    for line in lines:
        print(line)
    print(f"{len(found)} queries compiled for BigQuery and parsed as its dialect, none run; {len(lines)} faults")
    return 1 if lines or not found else 0


if __name__ == "__main__":
    sys.exit(main())
