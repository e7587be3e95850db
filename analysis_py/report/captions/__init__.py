"""The words at tables and figures and at the head of the page, with numbers from the rows as they are shown."""
