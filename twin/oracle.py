"""`python -m twin.oracle --dsn DSN [--zigong]`: on generated data, every mart against what it must say, cell by cell.

The generator left the answers in the schema twin_truth, a table for each mart (twin/truth/truth.py), or for the
external cohort in zigong_truth (twin/zigong/truth.py). Exit code 0 if every cell of every stay is equal, 1
if not or after an error.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from mimic_db.database import Connection, connect, explain
from mimic_db.errors import UserError
from twin.database import TRUTH_SCHEMA
from twin.differences import Comparison, differs, show
from twin.flow import differing_steps
from twin.trial.truth.planted import CONTROLS
from twin.trial.truth.risks import POTENTIAL, RISKS, read_risks
from twin.trial.truth.truth import TRIAL_REASONS
from twin.truth.truth import REASONS
from twin.zigong.database import TRUTH_SCHEMA as ZIGONG_TRUTH_SCHEMA
from twin.zigong.truth import REASONS as ZIGONG_REASONS

KEYS = {
    "sofa_hourly": ("stay_id", "hr"),
    "sic_hourly": ("stay_id", "hr"),
    "trial_interval": ("stay_id", "k"),
    "trial_decision": ("stay_id", "k"),
    "trial_control_exposure": ("stay_id", "exposure"),
    "negative_control_exposure": ("stay_id", "exposure"),
    "negative_control_outcome": ("stay_id", "outcome"),
}
PLANTED, FAULTS = "planted", "data_quality"
NOT_A_MART = (PLANTED, POTENTIAL, RISKS, CONTROLS)


@dataclass(frozen=True)
class Truth:
    """Where the answers are, and the mart `flow` with the `reasons` of its steps, which `planted` has in `column`."""

    schema: str
    flow: str
    column: str
    reasons: Sequence[str]


TWIN = Truth(TRUTH_SCHEMA, "cohort_flow", "left_out", REASONS)
TRIAL = Truth(TRUTH_SCHEMA, "trial_flow", "left_out_of_trial", tuple(TRIAL_REASONS))
ZIGONG = Truth(ZIGONG_TRUTH_SCHEMA, "zigong_flow", "reason", ZIGONG_REASONS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m twin.oracle", description=__doc__)
    parser.add_argument("--dsn", required=True, help="database with generated data and our marts")
    parser.add_argument("--schema", default="dexsic", help="schema of our marts (dexsic)")
    parser.add_argument("--zigong", action="store_true", help="the external cohort in place of MIMIC-IV's")
    options = parser.parse_args(arguments)
    try:
        with connect(options.dsn) as connection:
            answers = ask(connection, options.schema, ZIGONG if options.zigong else TWIN)
            risks = None if options.zigong else read_risks(connection, TRUTH_SCHEMA)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except psycopg.Error as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 1
    show(answers)
    if risks:
        print(risks)
    return 0 if all(is_right(answer) for answer in answers) else 1


def is_right(answer: Comparison) -> bool:
    """Nothing differs, and something was compared."""
    return answer.rows > 0 and answer.is_equal


def ask(connection: Connection, schema: str, truth: Truth = TWIN) -> list[Comparison]:
    """Every table of the truth against the mart of its name, the flow against the reasons planted, faults as counted.

    Raises:
        UserError: the database holds no truth, or the schema no mart.
    """
    tables: list[tuple[str, list[list[str]]]] = connection.execute(
        "select table_name, array_agg(array[column_name::text, data_type::text] order by ordinal_position)"
        " from information_schema.columns"
        " where table_schema = %s and table_name <> all(%s) group by table_name order by table_name",
        [truth.schema, [*NOT_A_MART, FAULTS]],
    ).fetchall()
    if not tables:
        raise UserError(f"no schema {truth.schema}: this is no generated data set, or one of an older version")
    built = _built(connection, schema)
    answers = [_held(connection, schema, truth, built.get(mart), mart, dict(types)) for mart, types in tables]
    flows = [truth, TRIAL] if truth is TWIN and "trial_eligibility" in dict(tables) else [truth]
    answers += [_flow(connection, schema, one) if one.flow in built else _not_built(one.flow) for one in flows]
    if truth is TWIN:
        answers.append(_faults(connection, schema, truth) if FAULTS in built else _not_built(FAULTS))
    return answers


def _built(connection: Connection, schema: str) -> dict[str, list[str]]:
    """The marts that are there, with their columns."""
    found: dict[str, list[str]] = dict(
        connection.execute(
            "select table_name, array_agg(column_name::text) from information_schema.columns"
            " where table_schema = %s group by table_name",
            [schema],
        ).fetchall()
    )
    if not found:
        raise UserError(
            f"no mart is in schema {schema}: build them first (`dbt build`), or name their schema (--schema)"
        )
    return found


def _not_built(mart: str) -> Comparison:
    return Comparison(mart, 0, 0, 0, {"not built": 1})


def _held(
    connection: Connection, schema: str, truth: Truth, built: list[str] | None, mart: str, types: dict[str, str]
) -> Comparison:
    """A mart against its truth; a column that the mart has lost, or called otherwise, is one that differs."""
    if built is None:
        return _not_built(mart)
    lost = {f"{name} (no such column)": 1 for name in types if name not in built}
    if lost.keys() & {f"{key} (no such column)" for key in KEYS.get(mart, ("stay_id",))}:
        return Comparison(mart, 0, 0, 0, lost)
    left = {name: kind for name, kind in types.items() if name in built}
    found = _compare(connection, schema, truth, mart, list(left), list(left.values()))
    return replace(found, differing={**found.differing, **lost})


def _compare(
    connection: Connection, schema: str, truth: Truth, mart: str, names: list[str], types: list[str]
) -> Comparison:
    keys = KEYS.get(mart, ("stay_id",))
    cells = [(name, kind) for name, kind in zip(names, types, strict=True) if name not in keys]
    row = connection.execute(
        sql.SQL(
            "select count(*), count(*) filter (where truth.stay_id is null or mart.stay_id is null), {}"
            " from {} as truth full join {} as mart on {}"
        ).format(
            sql.SQL(", ").join(
                sql.SQL("count(*) filter (where truth.stay_id = mart.stay_id and {})").format(
                    differs("truth", "mart", column, kind == "double precision", least=1)
                )
                for column, kind in cells
            ),
            sql.Identifier(truth.schema, mart),
            sql.Identifier(schema, mart),
            sql.SQL(" and ").join(sql.SQL("truth.{0} = mart.{0}").format(sql.Identifier(key)) for key in keys),
        )
    ).fetchone()
    assert row
    rows, one_sided, *wrong = row
    differing = {name: count for (name, _), count in zip(cells, wrong, strict=True) if count}
    return Comparison(mart, rows, one_sided, (rows - one_sided) * len(cells), differing)


def _flow(connection: Connection, schema: str, truth: Truth) -> Comparison:
    """Steps of the flow in order, against the stays left out for each reason."""
    steps = connection.execute(
        sql.SQL("select rule, n_excluded from {} order by step").format(sql.Identifier(schema, truth.flow))
    ).fetchall()
    reasons: dict[str | None, int] = dict(
        connection.execute(
            sql.SQL("select {0}, count(*) from {1} group by {0}").format(
                sql.Identifier(truth.column), sql.Identifier(truth.schema, PLANTED)
            )
        ).fetchall()
    )
    planted = [(name, reasons.get(name, 0)) for name in truth.reasons]
    return Comparison(truth.flow, len(steps), 0, len(steps), differing_steps(steps, planted))


def _faults(connection: Connection, schema: str, truth: Truth) -> Comparison:
    """What data_quality counts of each check that the generator counted, by concept; what either lacks is 0."""
    counts = connection.execute(
        sql.SQL(
            "select check_name, concept, coalesce(meant.n_affected, 0), coalesce(mart.n_affected, 0)"
            " from {} as meant full join"
            " (select * from {} where check_name in (select check_name from {})) as mart using (check_name, concept)"
        ).format(
            sql.Identifier(truth.schema, FAULTS), sql.Identifier(schema, FAULTS), sql.Identifier(truth.schema, FAULTS)
        )
    ).fetchall()
    differing = {f"{check} {concept}".strip(): abs(meant - found) for check, concept, meant, found in counts}
    return Comparison(FAULTS, len(counts), 0, len(counts), {name: count for name, count in differing.items() if count})


if __name__ == "__main__":
    sys.exit(main())
