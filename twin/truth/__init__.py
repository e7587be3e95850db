"""What the study must find in the rows: the cells of each mart and the counts of data_quality."""
