"""The gate over a study: the verdicts on every design as rows, and its word on every estimate."""

from dataclasses import replace

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis_py.study.gate.marks import marked
from analysis_py.study.gate.published import published_numbers
from analysis_py.study.gate.rows import verdict_rows
from analysis_py.study.gate.trial import trial_numbers
from analysis_py.study.study import Study


def with_gate(study: Study) -> Study:
    """`study` with rows `diagnostics` behind the others, and estimates that do not pass marked: the last step."""
    with threadpool_limits(1, user_api="blas"):  # the same bits on any number of cores
        designs = published_numbers(study)
        if study.trial is not None:
            designs += trial_numbers(study.trial, study.rows)
    rows = [*study.rows, *(row for one in designs for row in verdict_rows(one))]
    return replace(study, rows=marked(rows))
