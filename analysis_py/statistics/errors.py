"""How the statistics say no."""


class NotEstimable(Exception):  # noqa: N818  it is an answer about the data, not a fault of the program
    """A quantity cannot be estimated from these data; the message says why, naming the column."""
