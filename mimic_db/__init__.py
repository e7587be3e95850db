"""Getting a MIMIC-IV PostgreSQL: an embedded server, the table definitions, a CSV loader, a check and a generator."""

import analysis_py  # noqa: F401 - Ctrl-C while libraries are imported
