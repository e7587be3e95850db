"""What `--design trial` generates: illness by the hour, treatment that answers to it, both potential outcomes.

The course of each patient (course.py, outcome.py) is drawn on a grid of blocks of six hours from time zero on; the
makers of rows write it down so that what the decision looks at is known at its hour, and no more than that.
"""
