"""The rows of inputevents: drugs, their courses as planned, and what is charted wrongly about them."""
