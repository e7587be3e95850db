"""Generated data in MIMIC-IV's shape: raw tables on which the whole study runs, for those without access to the data.

Every patient is made up by a random number generator. Nothing in it is evidence about a drug or a disease.
"""

from mimic_db.generate.command import add_arguments, main

__all__ = ["add_arguments", "main"]
