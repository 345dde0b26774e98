"""The log: where warnings and tracebacks go, since a person at the screen is shown one sentence only."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from pixpaint import __version__, assets

_BYTES = 1_000_000  # one older file is kept beside the current one


def log_file() -> Path:
    """The path of the log; the file may not exist yet."""
    return assets.cache_folder() / "pixpaint.log"


@contextmanager
def kept() -> Iterator[logging.Logger]:
    """While it lasts, what `pixpaint`'s loggers say goes to the log, or nowhere where no log can be kept."""
    logger = logging.getLogger("pixpaint")
    handler = _handler()
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.removeHandler(handler)
        handler.close()


def _handler() -> logging.Handler:
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_BYTES, backupCount=1, encoding="utf-8")
    except OSError:
        return logging.NullHandler()  # a full or read-only disk must not keep anyone from painting
    form = f"%(asctime)s pixpaint {__version__} %(levelname)s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(form))
    return handler
