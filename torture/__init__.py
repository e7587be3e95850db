"""Faults and hostile input, tried for real: `python -m torture` (`make torture`)."""
