"""The gate: may an estimate be read? Each design's diagnostics held to their limits, before the effect is looked at."""
