"""Getting a MIMIC-IV PostgreSQL: an embedded server, the table definitions, a loader and a check."""

import analysis_py  # noqa: F401 - Ctrl-C while libraries are imported
