"""The published cohort by every estimator side by side: from completed copies to rows."""
