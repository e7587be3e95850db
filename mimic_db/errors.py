"""The one exception that a user is meant to read."""


class UserError(Exception):
    """What went wrong and what to do about it, in words; never holds a value from a patient's row."""
