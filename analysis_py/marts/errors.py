"""How a run says no."""


class StudyError(Exception):
    """The run cannot go on; the message names the cause and the remedy."""


def first_line(error: Exception) -> str:
    """What an error says first, without a full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
