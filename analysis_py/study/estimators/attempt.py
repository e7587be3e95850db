"""A value, or the reason why there is none, to be asked for later."""

from collections.abc import Callable
from typing import Any, TypeVar

from analysis_py.statistics.errors import NotEstimable

Value = TypeVar("Value")


def attempt(compute: Callable[..., Value], *arguments: Any) -> Value | NotEstimable:
    """What `compute(*arguments)` gives, or its reason."""
    try:
        return compute(*arguments)
    except NotEstimable as reason:
        return reason


def given(value: Value | NotEstimable) -> Value:
    """The value that attempt() found.

    Raises:
        NotEstimable: it found the reason why there is none.
    """
    if isinstance(value, NotEstimable):
        raise value
    return value
