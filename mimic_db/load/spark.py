"""MIMIC-IV's files as Spark tables on Parquet, in buckets by patient, and the Spark that reads and writes them.

A bucket holds all rows of its patients, so that what follows is done patient by patient, without moving rows between
machines. Spark is imported only when it is used.
"""

import hashlib
import importlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from types import FrameType
from typing import Any, Never

from analysis_py.interrupt import ENDS
from analysis_py.marts.errors import first_line
from analysis_py.marts.profile import WAREHOUSE, read_output, schema_folder
from mimic_db.errors import UserError
from mimic_db.load.csv_folder import SourceFile
from mimic_db.load.load import Loaded
from mimic_db.progress import LoadProgress
from mimic_db.tables import OFFICIAL_SCHEMAS, TABLES, Table

# a table is in buckets by the first that its file has: one with no more than what the models read may lack the patient
KEYS = ("subject_id", "stay_id", "hadm_id", "itemid")
TYPES = {"double precision": "double", "real": "float", "text": "string", "varchar": "string", "char": "string"}
INSTALL = "make .venv/.ready-spark, or pip as docs/ENGINES.md has it"
JAVA = 17
LOG = "java.log"
_PROFILES = Path(__file__).parents[2] / "profiles.example.yml"
_LAYOUT = "2"  # raise it when other tables are written from the same files
# Spark passes over names that begin so, and removes them with the table: true as long as the table is as it was written
_STAMP = "_made_from.json"
_IN_USE = "Another instance of Derby"
_LOGGERS = "SQLQueryContextLogger", "DataFrameQueryContextLogger"  # they print what the exception says too


def missing() -> str | None:
    """What Spark lacks to start here, its packages, Java, or DuckDB, which reads its marts, and the remedy."""
    for module in ("pyspark", "dbt.adapters.spark", "duckdb"):
        if importlib.util.find_spec(module) is None:
            return f"Spark is not installed ({module} is missing): {INSTALL}"
    version = _java()
    if version is not None and version >= JAVA:
        return None
    found = "there is none" if version is None else f"this is Java {version}"
    return (
        f"Spark needs Java {JAVA} or later, and {found}: apt-get install openjdk-{JAVA}-jre-headless, or set JAVA_HOME"
        " to the folder of another"
    )


def require_spark() -> None:
    """Raise UserError if anything is missing()."""
    if fault := missing():
        raise UserError(fault)


def _java() -> int | None:
    """The version of the Java that Spark would start."""
    home = os.environ.get("JAVA_HOME")
    program = f"{home}/bin/java" if home else "java"
    try:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    except OSError:
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(version[1]) if version else None


def buckets() -> int:
    """How many parts each large table has; the profile of dbt reads the same variable.

    Raises:
        UserError: it is no number.
    """
    wanted = os.environ.get("DEXSIC_SPARK_BUCKETS", "8")
    if not wanted.isdigit() or int(wanted) < 1:
        raise UserError(f"DEXSIC_SPARK_BUCKETS is {wanted!r}: it must be a number from 1")
    return int(wanted)


def settings(folder: Path) -> dict[str, str]:
    """What target `spark` of profiles.example.yml says of a session, its tables and metastore being in `folder`."""
    _, output = read_output(_PROFILES, "spark", os.environ | {"DEXSIC_SPARK": str(folder)})
    return {str(name): str(value) for name, value in output["server_side_parameters"].items()}


@contextmanager
def session(folder: Path) -> Iterator[Any]:
    """A Spark session whose tables and metastore lie in `folder`; dbt in this process takes the same one.

    What Java has to say goes to java.log there. Ctrl-C and SIGTERM end Java, and with it whatever waits for its answer;
    so does the end of the block.

    Raises:
        UserError: Spark is not installed or does not start, or another process uses the folder.
    """
    require_spark()
    folder = folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDS)}
    is_main = threading.current_thread() is threading.main_thread()  # only there can signals be set
    with _java_of(folder) as java:
        try:
            spark = _open(java, folder)
            for number in handlers if is_main else ():  # now, for Spark has set one of its own
                signal.signal(number, partial(_end, java.proc))
            yield spark
        finally:
            for number, handler in handlers.items() if is_main else ():
                signal.signal(number, handler)


@contextmanager
def _java_of(folder: Path) -> Iterator[Any]:
    spark = importlib.import_module("pyspark").SparkContext
    with (folder / LOG).open("w") as log:
        try:
            java = importlib.import_module("pyspark.java_gateway").launch_gateway(_conf(folder), {"stderr": log})
        except Exception as error:
            raise UserError(f"Spark did not start: {_complaint(folder / LOG) or first_line(error)}") from error
    try:
        yield java
    finally:
        with suppress(Exception):  # after Ctrl-C there is nobody left to answer
            spark._active_spark_context.stop()
        with suppress(Exception):
            java.shutdown()
        spark._active_spark_context = spark._gateway = spark._jvm = None
        java.proc.stdin.close()  # which Java takes for its end
        java.proc.wait()


def _conf(folder: Path) -> Any:
    conf = importlib.import_module("pyspark").SparkConf().setAppName("dexsic")
    return conf.set("spark.sql.catalogImplementation", "hive").setAll(list(settings(folder).items()))


def _open(java: Any, folder: Path) -> Any:
    for name in _LOGGERS:
        importlib.import_module("pyspark.logger").PySparkLogger.getLogger(name).disabled = True
    try:
        context = importlib.import_module("pyspark").SparkContext(conf=_conf(folder), gateway=java)
        spark = importlib.import_module("pyspark.sql").SparkSession(context)
        home = spark.catalog.getDatabase("default").locationUri  # opens the metastore
    except Exception as error:  # Java's own exceptions have no common class here
        if _IN_USE in (folder / LOG).read_text(errors="replace"):
            raise UserError(
                f"another build is using the folder {folder}: wait until it has ended, or choose another folder"
                " (DEXSIC_SPARK)"
            ) from error
        raise UserError(f"Spark did not start: {first_line(error)} ({folder / LOG} has more)") from error
    if Path(home.removeprefix("file:")) != _warehouse(folder):
        raise UserError(f"{folder} has been moved, and its tables are looked for in {home}: move it back, or remove it")
    return spark


def _end(java: "subprocess.Popen[bytes]", number: int, frame: FrameType | None) -> Never:
    java.terminate()
    raise KeyboardInterrupt


def _complaint(log: Path) -> str:
    """The first line in which Java says what is wrong."""
    found = re.search(r"^.*(rror|nvalid|xception|annot).*$", log.read_text(errors="replace"), re.MULTILINE)
    return found[0].strip() if found else ""


def write_tables(files: Sequence[SourceFile], folder: Path, progress: LoadProgress) -> list[Loaded]:
    """Write the tables of `files`; one that was written from the same file, in as many buckets, is left as it is.

    Raises:
        UserError: as session(), or a cell is not of its column's type.
    """
    folder = folder.resolve()
    made_from = {file.table: _made_from(file) for file in files}
    new = [file for file in files if _stamp(folder, file.table).get("made_from") != made_from[file.table]]
    if new:
        with session(folder) as spark:
            for schema in OFFICIAL_SCHEMAS.values():
                clear(spark, folder, schema)
            for file in new:
                progress.begin(str(file.table), file.path.stat().st_size)
                rows = _write(spark, file)
                stamp = json.dumps({"made_from": made_from[file.table], "rows": rows})
                (_place(folder, file.table) / _STAMP).write_text(stamp, encoding="utf-8")
                progress.end(rows)
    return [
        Loaded(file.table, _stamp(folder, file.table)["rows"], unchanged=file not in new, as_listed=True)
        for file in files
    ]


def state_of_sources(folder: Path) -> str:
    """A hash that changes with what write_tables() has written."""
    stamps = [_stamp(folder, table) for table in TABLES if table.needed]
    return hashlib.sha256(repr(stamps).encode()).hexdigest()


def clear(spark: Any, folder: Path, schema: str) -> None:
    """Make `schema`, and remove what a killed build has left there: files of tables that never came to be."""
    spark.sql(f"create database if not exists `{schema}`")
    known = {row.tableName for row in spark.sql(f"show tables in `{schema}`").collect()}
    place = tables_of(folder, schema)
    for left in place.iterdir() if place.is_dir() else ():
        if left.name not in known:
            shutil.rmtree(left)


def tables_of(folder: Path, schema: str) -> Path:
    """Where the tables of `schema` lie, each in a folder of its own."""
    return schema_folder(_warehouse(folder), schema)


@cache
def _warehouse(folder: Path) -> Path:
    return Path(settings(folder)[WAREHOUSE])


def _place(folder: Path, table: Table) -> Path:
    return tables_of(folder, OFFICIAL_SCHEMAS[table.module]) / table.name


def _made_from(file: SourceFile) -> str:
    found = file.path.stat()
    parts = (_LAYOUT, str(file.path.resolve()), found.st_size, found.st_mtime_ns, file.table.columns, buckets())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _stamp(folder: Path, table: Table) -> dict[str, Any]:
    """What was written when the table was whole; empty where it is not."""
    try:
        stamp = json.loads((_place(folder, table) / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write(spark: Any, file: SourceFile) -> int:
    name = f"{OFFICIAL_SCHEMAS[file.table.module]}.{file.table.name}"
    if file.path.suffix == ".parquet":
        rows = spark.read.parquet(str(file.path))
    else:
        # an empty field is NULL, a quoted empty one a text; all is read as text, and each type is then insisted on
        rows = spark.read.csv(
            str(file.path),
            schema=", ".join(f"`{column}` string" for column in file.header),
            header=True,
            enforceSchema=True,
            escape='"',
            multiLine=True,
            mode="FAILFAST",
        )
    # the shortest text of a float of 4 bytes is the number that was meant: as a double 0.1 is more than a bound of 0.1
    single = {name for name, kind in rows.dtypes if kind == "float"}
    typed = rows.selectExpr(
        *(
            f"cast({f'string(`{column.name}`)' if column.name in single else f'`{column.name}`'}"
            f" as {spark_type(column.type)}) as `{column.name}`"
            for column in file.table.columns
            if column.name in file.header
        )
    )
    parts, key = buckets(), next(key for key in KEYS if key in file.header)
    try:
        typed.repartition(parts, key).write.bucketBy(parts, key).format("parquet").mode("overwrite").saveAsTable(name)
    except Exception as error:
        raise UserError(f"{file.path.name} was not written: {_reason(error)}") from error
    return int(spark.table(name).count())


def spark_type(type_: str) -> str:
    """What Spark calls a type of PostgreSQL; lengths and digits of seconds are left out."""
    name = type_.partition("(")[0]
    return TYPES.get(name, name)


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("[")]
    return (said or lines or ["no reason given"])[0]
