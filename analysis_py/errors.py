"""The two ways in which the analysis says no."""


class NotEstimable(Exception):  # noqa: N818  it is an answer about the data, not a fault of the program
    """A quantity cannot be estimated from these data; the message says why, naming the column."""


class StudyError(Exception):
    """The run cannot go on; the message names the cause and the remedy."""


def first_line(error: Exception) -> str:
    """What an error says first, without a full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
