"""Competing risks: cumulative incidence, Gray's test, Fine and Gray's regression. What is imported here is public.

A column of causes holds 0 for censored rows and a whole number for each cause; as text or categories any names, and
"censored" (or "0") for censored rows. Cause-specific hazard ratios are survival.cox() on one cause, with the others
censored.
"""

from analysis_py.statistics.competing.gray import gray_test
from analysis_py.statistics.competing.incidence import cumulative_incidence, incidence_at, incidence_difference
from analysis_py.statistics.competing.regression import fine_gray

__all__ = ["cumulative_incidence", "fine_gray", "gray_test", "incidence_at", "incidence_difference"]
