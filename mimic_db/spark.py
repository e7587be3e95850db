"""MIMIC-IV's files as Spark tables on Parquet, in buckets by patient.

A bucket holds all rows of its patients, so that what follows is done patient by patient, without moving rows between
machines. Spark is imported only when it is used.
"""

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mimic_db.csv_folder import SourceFile
from mimic_db.errors import UserError
from mimic_db.tables import OFFICIAL_SCHEMAS, Table

KEY = "subject_id"
TYPES = {"double precision": "double", "real": "float", "text": "string", "varchar": "string", "char": "string"}


def buckets() -> int:
    """How many parts each large table has; the profile of dbt reads the same variable."""
    return int(os.environ.get("DEXSIC_SPARK_BUCKETS", "8"))


def open_session(folder: Path) -> Any:
    """A Spark session whose tables and metastore lie in `folder`, as target `spark` of profiles.example.yml has it.

    Raises:
        UserError: pyspark or Java is not installed.
    """
    try:
        session = importlib.import_module("pyspark.sql").SparkSession
    except ImportError as error:
        raise UserError("Spark is not installed: see requirements-spark.txt; it needs Java 17 too") from error
    folder = folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {
        "spark.master": f"local[{os.environ.get('DEXSIC_THREADS', '2')}]",
        "spark.driver.memory": os.environ.get("DEXSIC_MEMORY", "4GB").removesuffix("B"),
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Dderby.system.home={folder}",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder}/metastore;create=true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    builder = session.builder.appName("dexsic").enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except Exception as error:  # Java's own exceptions have no common class here
        raise UserError(f"Spark did not start: {str(error).splitlines()[0]}") from error


def write_tables(files: Sequence[SourceFile], folder: Path) -> dict[Table, int]:
    """Write the tables that the study needs; gives the rows of each. A table that is there is made anew.

    Raises:
        UserError: Spark does not start, or a cell is not of its column's type.
    """
    spark = open_session(folder)
    try:
        return {file.table: _write(spark, file) for file in files if file.table.needed}
    finally:
        spark.stop()


def _write(spark: Any, file: SourceFile) -> int:
    schema = OFFICIAL_SCHEMAS[file.table.module]
    name = f"{schema}.{file.table.name}"
    spark.sql(f"create database if not exists {schema}")
    # an empty field is NULL, a quoted empty one a text; everything is read as text, and each type is then insisted on
    rows = spark.read.csv(
        str(file.path),
        schema=", ".join(f"`{column}` string" for column in file.header),
        header=True,
        enforceSchema=True,
        escape='"',
        multiLine=True,
        mode="FAILFAST",
    )
    typed = rows.selectExpr(
        *(
            f"cast(`{column.name}` as {spark_type(column.type)}) as `{column.name}`"
            for column in file.table.columns
            if column.name in file.header
        )
    )
    parts = buckets()
    try:
        typed.repartition(parts, KEY).write.bucketBy(parts, KEY).format("parquet").mode("overwrite").saveAsTable(name)
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
