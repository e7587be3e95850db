"""What is planted in each stay before anything is charted: who it is, how ill, treated or not, what becomes of it."""
