"""From files to tables: what is read, checked, copied, and what of it has changed."""
