"""The question in every way in which it could be asked: specifications, each with its estimate and its checks."""
