"""Rows of results as people read them: tables, figures, page, documents, terminal."""

import logging

# a home folder that cannot be written (containers, service accounts) costs Matplotlib its cache, and nobody a result
_NO_CACHE = ("mkdir -p failed for path", "Matplotlib created a temporary cache directory")
logging.getLogger("matplotlib").addFilter(lambda record: not str(record.msg).startswith(_NO_CACHE))
