"""Where the `fused` engine's compiled loops are kept, and whether they are there. Quick to import: no numba, no torch.

One folder a machine and version, in the user's cache folder, so that nothing stale is ever found there, an install may
be read-only, and home folders may be shared between machines. numba replaces each file in one step: several programs
may compile at the same time.
"""

import hashlib
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from pixpaint.assets import cache_folder
from pixpaint.errors import CannotWrite
from pixpaint.files import replace_file

SOURCES = ("compiled.py", "drawing.py", "tiles.py", "steps.py", "loops.py")


def folder() -> Path:
    """The folder; it may not exist yet."""
    told = hashlib.sha256()
    for name in SOURCES:
        told.update((Path(__file__).parent / name).read_bytes())
    for fact in (version("numba"), sys.version, platform.machine(), platform.node()):
        told.update(fact.encode())
    return cache_folder() / "compiled" / told.hexdigest()[:16]


def ready() -> bool:
    """Whether the loops have been compiled here once, so that they are there at once."""
    return _mark().exists()


def mark_ready() -> None:
    """To be called when they have been; nothing can be kept in a folder that can't be written."""
    try:
        _mark().parent.mkdir(parents=True, exist_ok=True)
        replace_file(_mark(), b"")
    except (OSError, CannotWrite):
        return


def in_background() -> list[str]:
    """The command of a process that compiles the loops and ends."""
    nicely = ["nice"] if os.name == "posix" else []
    return [*nicely, sys.executable, "-m", "pixpaint.sampling.compile_loops"]


def _mark() -> Path:
    return folder() / "complete"
