"""What is read: a connection or files, one finished build with its record, frames checked against their types."""
