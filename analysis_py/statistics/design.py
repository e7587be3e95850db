"""From columns of a DataFrame to the numbers that a model takes, with every fault named by its column."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis_py.statistics.errors import NotEstimable

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

# A standardized column of which less than this share of variance is its own is taken as a combination of the others.
_OWN_VARIANCE = 1e-10


@dataclass(frozen=True)
class Design:
    """Standardized design matrix (rows x columns) whose last column is the term of interest.

    `scale` holds each column's standard deviation: a coefficient of `matrix` divided by it is per natural unit.
    """

    matrix: Floats
    names: tuple[str, ...]
    scale: Floats

    def column(self, term: str) -> int:
        """Position of a term, named as itself or as the only dummy of its column."""
        return next(at for at, name in enumerate(self.names) if name == term or name.startswith(f"{term}="))


def require_columns(data: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise NotEstimable unless each column is in `data` exactly once."""
    if data.columns.is_unique and set(columns) <= set(data.columns):
        return
    for column in columns:
        found = int((data.columns == column).sum())
        if found != 1:
            raise NotEstimable(f"column {column} is {'not' if found == 0 else 'more than once'} in the data")


def require_unique_index(data: pd.DataFrame | pd.Series) -> None:
    """Raise NotEstimable when two rows share an index label: pairs could not be told apart."""
    if not data.index.is_unique:
        label = data.index[data.index.duplicated()][0]
        raise NotEstimable(f"index label {label} occurs more than once; every row needs its own")


def is_numeric(values: pd.Series) -> bool:
    """Numbers and booleans count as numeric; strings and categories do not."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "fbiu":
        return True
    if isinstance(values.dtype, pd.CategoricalDtype):
        return False
    if values.dtype == object:
        return all(isinstance(value, (bool, int, float, np.number, np.bool_)) for value in values.dropna())
    return pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)


def as_numbers(values: pd.Series) -> Floats:
    """The column as floats with NaN where missing.

    Raises:
        NotEstimable: text, or an infinite value.
    """
    if not is_numeric(values):
        raise NotEstimable(f"{values.name} is not numeric")
    if isinstance(values.dtype, np.dtype) and values.dtype != object:
        numbers = values.to_numpy(dtype=np.float64)
    else:  # with pandas' own sign for what is missing
        numbers = np.asarray(values.astype("Float64").to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)
    if np.isinf(numbers).any():
        raise NotEstimable(f"{values.name} holds an infinite value")
    return numbers


def as_binary(values: pd.Series) -> Booleans:
    """The column as booleans.

    Raises:
        NotEstimable: anything but True / False or 1 / 0, missing values included.
    """
    if not is_numeric(values):
        raise NotEstimable(f"{values.name} must be boolean or 0/1")
    numbers = as_numbers(values)
    if np.isnan(numbers).any():
        raise NotEstimable(f"{values.name} has missing values")
    if not np.isin(numbers, (0.0, 1.0)).all():
        raise NotEstimable(f"{values.name} must be boolean or 0/1")
    return np.asarray(numbers == 1.0)


def as_events(values: pd.Series) -> Booleans:
    """As as_binary(), or 1/2 as R's survival package codes it: 2 is the event.

    Raises:
        NotEstimable: as as_binary().
    """
    if is_numeric(values) and set(values.unique()) == {1, 2}:
        return np.asarray(values == 2, dtype=bool)
    return as_binary(values)


def two_groups(values: pd.Series) -> Booleans:
    """A treatment column as booleans, with somebody on both sides.

    Boolean, 0/1, or any two values, of which the second in order (of categories, of the alphabet, of numbers) is the
    treated one, as for R's factors.

    Raises:
        NotEstimable: missing values, more than two values, or one group is empty.
    """
    if values.isna().any():
        raise NotEstimable(f"{values.name} has missing values")
    if is_numeric(values):
        as_numbers(values)
    present = levels(values)
    if len(present) > 2:
        raise NotEstimable(f"{values.name} has more than two values")
    if len(present) == 2:
        return np.asarray(values == present[1], dtype=bool)
    treated = as_binary(values)
    raise NotEstimable(f"{values.name} has no {'un' if treated.any() else ''}treated rows")


def clusters(data: pd.DataFrame, rows: pd.Index, cluster: str) -> npt.NDArray[np.int64]:
    """The cluster of each of `rows` as a number from 0 on.

    Raises:
        NotEstimable: an unknown column, a missing label (of whose cluster?), or a single cluster.
    """
    require_columns(data, [cluster])
    codes, found = pd.factorize(data.loc[rows, cluster])
    if (codes < 0).any():
        raise NotEstimable(f"{cluster} has missing values: it is unknown with whom these rows belong together")
    if len(found) < 2:
        raise NotEstimable(f"{cluster} has fewer than two groups")
    return np.asarray(codes, dtype=np.int64)


def with_values(data: pd.DataFrame, values: str | pd.Series | None, name: str) -> tuple[pd.DataFrame, list[str]]:
    """`data` with its column `values`, or with a Series on its index as a further column; and that column, if any.

    Raises:
        NotEstimable: a Series about other rows.
    """
    if values is None:
        return data, []
    if isinstance(values, str):
        return data, [values]
    if not values.index.equals(data.index):
        raise NotEstimable(f"{name} and data are not about the same rows")
    return data.assign(**{f"({name})": values}), [f"({name})"]


def aligned(values: pd.Series, to: pd.Series, names: str) -> pd.Series:
    """`values` in the order of `to`; `names` are those of both, for the message.

    Raises:
        NotEstimable: rows that differ, or index labels that occur more than once where the order differs.
    """
    if values.index.equals(to.index):
        return values
    require_unique_index(to)
    require_unique_index(values)
    if len(values) != len(to) or not values.index.isin(to.index).all():
        raise NotEstimable(f"{names} are not about the same rows")
    return values.reindex(to.index)


def as_weights(values: pd.Series) -> Floats:
    """A column of weights as floats.

    Raises:
        NotEstimable: missing, infinite or negative weights, or none above 0.
    """
    weights = as_numbers(values)
    if np.isnan(weights).any():
        raise NotEstimable(f"{values.name} has missing values")
    if (weights < 0).any():
        raise NotEstimable(f"{values.name} is negative in some rows")
    if not (weights > 0).any():
        raise NotEstimable(f"{values.name} is 0 in all rows")
    return weights


def levels(values: pd.Series) -> list[object]:
    """Levels that occur, in category order for categories and sorted otherwise."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        present = set(values.dropna())
        return [level for level in values.cat.categories if level in present]
    return sorted(values.dropna().unique().tolist(), key=lambda level: (str(type(level)), level))


def encode(data: pd.DataFrame, covariates: Sequence[str]) -> pd.DataFrame:
    """Covariates as float columns; text and categories become `name=level` dummies, the first level being reference.

    Missing values stay missing.

    Raises:
        NotEstimable: an unknown column, or an infinite value.
    """
    return pd.DataFrame(_columns(data, covariates), index=data.index)


def _columns(data: pd.DataFrame, covariates: Sequence[str]) -> dict[str, Floats]:
    """As encode(), by name: the study fits hundreds of models, and a frame costs more than its columns."""
    covariates = list(dict.fromkeys(covariates))
    require_columns(data, covariates)
    columns: dict[str, Floats] = {}
    for name in covariates:
        values = data[name]
        if is_numeric(values):
            columns[name] = as_numbers(values)
            continue
        missing = values.isna().to_numpy()
        for level in levels(values)[1:]:
            indicator = (values == level).to_numpy(dtype=float, na_value=np.nan)
            columns[f"{name}={level}"] = np.where(missing, np.nan, indicator)
    return columns


def complete(data: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Rows without a missing value in `columns`, like R's na.omit.

    Raises:
        NotEstimable: an unknown column, or no row is left.
    """
    columns = list(dict.fromkeys(columns))
    require_columns(data, columns)
    rows = data[columns].dropna()
    if rows.empty:
        raise NotEstimable(f"no row has all of {', '.join(columns)}")
    return rows


def sources(data: pd.DataFrame, terms: Sequence[str]) -> list[str]:
    """The column of each term: a term is a column, or `column=level` of a categorical one."""
    return [term if term in data.columns else term.split("=", 1)[0] for term in terms]


def build_design(data: pd.DataFrame, covariates: Sequence[str], terms: Sequence[str]) -> Design:
    """Standardized design of `covariates` with `terms` last, constant and redundant columns dropped.

    Raises:
        NotEstimable: a term is unknown, constant, or a combination of the other covariates.
    """
    columns = _columns(data, [*covariates, *sources(data, terms)])
    resolved = [_resolve(term, columns) for term in terms]
    order = [name for name in columns if name not in resolved] + resolved
    matrix = np.column_stack([columns[name] for name in order])
    scale = matrix.std(axis=0)
    varying = scale > 1e-12 * (np.abs(matrix).max(axis=0) + 1e-300)
    for term in resolved:
        if not varying[order.index(term)]:
            raise NotEstimable(f"{term} is constant")
    standardized = (matrix[:, varying] - matrix[:, varying].mean(axis=0)) / scale[varying]
    names = [name for name, keep in zip(order, varying, strict=True) if keep]
    own = independent_columns(standardized)
    for term in resolved:
        if not own[names.index(term)]:
            raise NotEstimable(f"{term} is a combination of the other covariates")
    return Design(
        matrix=standardized[:, own],
        names=tuple(name for name, keep in zip(names, own, strict=True) if keep),
        scale=scale[varying][own],
    )


def independent_columns(standardized: Floats) -> Booleans:
    """True for each column that is no linear combination of the columns before it, as R's model fits drop them."""
    remaining = standardized.T @ standardized / max(len(standardized), 1)
    independent = np.zeros(remaining.shape[0], dtype=bool)
    for column in range(remaining.shape[0]):
        own_variance = remaining[column, column]
        independent[column] = own_variance > _OWN_VARIANCE
        if independent[column]:
            remaining = remaining - np.outer(remaining[:, column], remaining[column]) / own_variance
    return independent


def _resolve(term: str, columns: Collection[str]) -> str:
    if term in columns:
        return term
    own = [name for name in columns if name.startswith(f"{term}=")]
    if len(own) == 1:
        return own[0]
    if own:
        raise NotEstimable(f"{term} has more than two levels; name one of {', '.join(own)}")
    raise NotEstimable(f"{term} is constant")
