"""Negative controls: what has no effect, put through both designs, and what that says of the drug's estimate."""
