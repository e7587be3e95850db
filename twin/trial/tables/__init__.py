"""The rows of a trial data set where they differ from the other design's."""
