"""The treated who find no partner: who they are, and what their absence does to the question."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from analysis_py.study.analyses.cohorts import Matched
from analysis_py.study.analyses.describe import describe
from analysis_py.study.results import Row, find
from analysis_py.study.variables import TABLE_ONE, TREATMENT

ANALYSIS = "unmatched"
PROPENSITY = "propensity"


def unmatched_rows(full: pd.DataFrame, matched: Matched) -> list[Row]:
    """How many treated were not matched, the mean propensity of both kinds, and Table 1 of those left out."""
    treated = full[full[TREATMENT].astype(bool)]
    left = treated[~treated.index.isin(matched.data.index)]
    share = Row(ANALYSIS, "full treated", term=TREATMENT, measure="percent", n=len(treated), events=len(left))
    rows = [replace(share, estimate=100 * len(left) / len(treated))]
    kinds = {"matched treated": treated.drop(left.index), f"{ANALYSIS} treated": left}
    for cohort, members in kinds.items():
        if len(members):
            mean = float(matched.propensity.loc[members.index].mean())
            rows.append(Row(ANALYSIS, cohort, term=PROPENSITY, measure="mean", n=len(members), estimate=mean))
    if len(left):
        described = describe(left, TABLE_ONE, ANALYSIS, ANALYSIS)
        rows += [row for row in described if row.cohort == f"{ANALYSIS} treated"]
    return rows


def sentences(rows: Sequence[Row], drug: str) -> list[str]:
    """The same in words, from rows as they are shown; empty without a matched cohort."""
    share = find(rows, ANALYSIS, "full treated", term=TREATMENT)
    if share is None:
        return []
    if share.events == 0:
        return [f"Every patient with {drug} was matched: the estimate after matching is about all of them."]
    count = f"{share.events:,}" if isinstance(share.events, int) else f"Some ({share.events})"
    of = f" of {share.n:,}" if isinstance(share.n, int) else ""
    means = [find(rows, ANALYSIS, f"{kind} treated", term=PROPENSITY) for kind in (ANALYSIS, "matched")]
    left, kept = (row.estimate if row is not None else None for row in means)
    told = "" if left is None or kept is None else f" (mean propensity {left:.2f}, of the matched {kept:.2f})"
    return [
        f"{count}{of} patients with {drug} were not matched{told}: the estimate after matching is about those with"
        " a comparable untreated patient, no longer about all who were treated."
    ]
