"""What differs between engines is said in macros by adapter.dispatch; models and tests of dbt hold none of it."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SQL = sorted(path for folder in ("models", "tests/data", "tests/generic") for path in (PROJECT / folder).rglob("*.sql"))
MACROS = sorted((PROJECT / "macros").rglob("*.sql"))
ENGINES = ("postgres", "duckdb", "spark", "bigquery")
# what dbt itself dispatches: how an adapter writes tables and seeds
OF_DBT = {"create_schema", "create_table_as", "create_csv_table", "load_csv_rows"}
# what one engine knows and another does not, or takes for something else
OF_ONE_ENGINE = re.compile(
    r"::|//|~|\bilike\b|\bsimilar to\b|\bdistinct\s+on\b|\bfilter\s*\(|\blateral\b|\bqualify\b|\bcollate\b|\binterval\b"
    r"|\bepoch(_\ws)?\b|\bnumeric\b|\bdecimal\b|\bnow\s*\(|\bcurrent_(date|time)|\bgenerate_series\b|\bunnest\b|\bdate_(trunc|part)\b"
    r"|\b(extract|to_char|age|trim|lower|upper|initcap|translate|replace|position|strpos|split_part|round|trunc|mod)\s*\("
    r"|\b(regexp_\w+|\w+_agg|isfinite|isnan|percentile_\w+|mode|median|quantile\w*|any_value|arg_\w+)\s*\("
)


def without_comments(text: str) -> str:
    return re.sub(r"\{#.*?#\}|/\*.*?\*/|--[^\n]*", "", text, flags=re.DOTALL)


def sql_of(text: str) -> Iterator[str]:
    """The SQL of a template: all outside of Jinja and the texts in Jinja's expressions, without SQL's own texts."""
    text = without_comments(text)
    yield without_texts(re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL))
    for expression in re.findall(r"\{\{(.*?)\}\}", text, flags=re.DOTALL):
        for quoted in re.findall(r"'[^']*'|\"[^\"]*\"", expression):
            yield without_texts(quoted[1:-1])


def without_texts(sql: str) -> str:
    return re.sub(r"'[^']*'", "''", sql)


def faults(text: str) -> list[str]:
    return [found.group() for sql in sql_of(text) for found in OF_ONE_ENGINE.finditer(sql.lower())]


def macros() -> dict[str, str]:
    """Name of each macro -> its text."""
    found = {}
    for path in MACROS:
        text = without_comments(path.read_text())
        found.update(re.findall(r"\{% macro (\w+)\(.*?%\}(.*?)\{%-? endmacro -?%\}", text, flags=re.DOTALL))
    return found


@pytest.mark.parametrize(("seed", "column"), [("ethnicity_group", "race_prefix"), ("zigong_drug", "pattern")])
def test_what_a_join_by_like_takes_from_a_seed_stands_for_itself(seed: str, column: str) -> None:
    """All else that comes from data is looked for by `holds`; these two are joined from outside, by outer_like."""
    with (PROJECT / "seeds" / f"{seed}.csv").open(newline="", encoding="utf-8") as file:
        patterns = [row[column] for row in csv.DictReader(file)]
    assert patterns and not [pattern for pattern in patterns if set("%_\\") & set(pattern)]


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_no_model_or_test_is_of_one_engine(path: Path) -> None:
    assert faults(path.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "select a::text",
        "where a ilike 'x%'",
        "select distinct on (a) b",
        "count(*) filter (where a)",
        "cross join lateral (select 1) as b",
        "where a ~ '^x'",
        "from generate_series(1, 2)",
        "date_trunc('hour', a)",
        "extract(year from a)",
        "a + interval '1 hour'",
        "round(a, 2)",
        '{{ exact_sum("extract(epoch from a)") }}',
    ],
)
def test_the_rule_knows_what_it_forbids(line: str) -> None:
    assert faults(line)


def test_the_rule_lets_texts_comments_and_jinja_be() -> None:
    assert faults("select 'a ~ b' as c -- a::text\n{{ 'a' ~ 'b' }}\n{# interval #}\n/* Source epoch */") == []


def test_a_macro_of_one_engine_has_its_like_on_the_other() -> None:
    names = set(macros())
    dispatched = {name.partition("__")[2] for name in names if name.startswith(tuple(f"{each}__" for each in ENGINES))}
    assert dispatched
    assert [
        f"{each}__{name}"
        for each in ENGINES
        for name in sorted(dispatched - OF_DBT)
        if names.isdisjoint({f"{each}__{name}", f"default__{name}"})
    ] == []


def test_other_macros_are_of_no_engine() -> None:
    of_none = {
        name: text for name, text in macros().items() if not name.startswith(tuple(f"{each}__" for each in ENGINES))
    }
    assert {name: found for name, text in of_none.items() if (found := faults(text))} == {}
