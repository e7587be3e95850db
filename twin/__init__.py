"""Generated databases with their truth: raw tables on which the whole study runs, for those without access to the data.

Every patient is made up by a random number generator. Nothing in it is evidence about a drug or a disease.
"""

import analysis_py  # noqa: F401 - Ctrl-C while libraries are imported
