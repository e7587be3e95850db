"""The gate as a reader sees it: the first sentence, the table of checks, the marks."""
