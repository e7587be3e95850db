"""The grid of the course: blocks of six hours from time zero on, to day 28."""

from typing import Final

BLOCK_H: Final = 6
HORIZON_H: Final = 672
BLOCKS: Final = HORIZON_H // BLOCK_H
DECISIONS: Final = 8  # of the grace period of 48 h
ALL_DECISIONS: Final = 28  # later starts, up to the end of the seventh day
NEVER: Final = 9_999  # block of something that does not happen
