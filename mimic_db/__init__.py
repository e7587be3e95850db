"""Getting a MIMIC-IV PostgreSQL: an embedded server, the table definitions, a CSV loader, a check and a generator."""
