"""The study's own definitions computed a second time, from the raw tables, by another method than the models'."""
