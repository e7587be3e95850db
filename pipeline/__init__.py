"""What `make study` is made of: the data, dbt and the statistics, each done only if something has changed."""
