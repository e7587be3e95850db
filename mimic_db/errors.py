"""The one exception that a user is meant to read."""


class UserError(Exception):
    """What went wrong and what to do about it, in words.

    Of a patient's row it holds at most the one cell that is not the number that it should be.
    """
