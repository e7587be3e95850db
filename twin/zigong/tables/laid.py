"""How often each known defect of the database was planted: one that never occurs is not tested by the data."""

from collections import Counter

import numpy as np

from twin.rows import Array


class Laid:
    """Counts by name of the trap, in the order in which makers name them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, trap: str, where: Array | int) -> None:
        """Rows or patients that were planted: a mask, or how many."""
        self.counts[trap] += int(np.count_nonzero(where)) if isinstance(where, np.ndarray) else where
