"""Rare levels of categories, which alone would be separated at once: a model finds no coefficient for them."""

from collections.abc import Sequence

import pandas as pd

from analysis_py.marts.types import Variable

OTHER = "other"
RARE = 10  # patients with a level, below which it joins another


def with_common_levels(data: pd.DataFrame, variables: Sequence[Variable]) -> pd.DataFrame:
    """`data` with rare levels of open lists (care units, kinds of admission) as one; closed lists stay as they are.

    A level that is spelled in several ways, with blanks or in other case, is the one of its usual spelling.
    """
    columns = {}
    for variable in variables:
        if variable.kind != "categorical" or variable.levels:
            continue
        values = data[variable.name].astype(object)
        words = values.str.strip(" ").str.lower()
        usual = values.groupby(words).agg(lambda same: same.value_counts().index[0])
        values = words.map(usual).astype(object)
        counts = values.value_counts()
        rare = values.isin(counts.index[counts < RARE])
        columns[variable.name] = values.mask(rare, OTHER).astype("category")
    return data.assign(**columns)


def with_neighbouring_levels(data: pd.DataFrame, variables: Sequence[Variable]) -> pd.DataFrame:
    """`data` with each rare level of a closed list as the level before it, from the last on: they must be in order.

    Of code status `comfort` becomes `limited`, and this, if it is still rare, `full`.
    """
    columns = {}
    for variable in variables:
        values = data[variable.name].astype(object)
        for level, before in reversed(list(zip(variable.levels[1:], variable.levels, strict=False))):
            chosen = values == level
            if chosen.sum() < RARE:
                values = values.mask(chosen, before)
        if variable.levels:
            columns[variable.name] = pd.Series(
                pd.Categorical(values, categories=list(variable.levels)), index=data.index
            )
    return data.assign(**columns)
