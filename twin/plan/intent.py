"""What the rows are meant to say, noted by their makers: from these notes truth.py tells what the study must find.

A note holds what a patient has or gets, without the faults that are then put beside it: implausible values, failed
tests, rows that do not count. `stay` holds positions in the plan, times are datetime64[s].
"""

from twin.rows import Array, Columns, stack


class Intent:
    """Notes of one block by subject, in the order in which they were made."""

    def __init__(self) -> None:
        self._notes: dict[str, list[Columns]] = {}

    def note(self, subject: str, **columns: Array) -> None:
        """Add rows to a subject; all notes of a subject have the same columns."""
        self._notes.setdefault(subject, []).append(columns)

    def has(self, subject: str) -> bool:
        """Did anybody note anything about it?"""
        return subject in self._notes

    def of(self, subject: str) -> Columns:
        """All rows of a subject.

        Raises:
            KeyError: nobody noted anything about it.
        """
        return stack(self._notes[subject])
