"""Command line: `python -m mimic_db.generate`, the same as `python -m mimic_db generate`."""

import sys

from mimic_db.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["generate", *sys.argv[1:]]))
