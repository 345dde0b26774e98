"""Where the `fused` engine's compiled loops are kept, and whether they are there. Quick to import: no numba, no torch.

One folder an install, machine and version, so that nothing stale is ever found there, an install may be read-only, and
home folders may be shared between machines. numba replaces each file in one step: several programs may compile at the
same time.
"""

import hashlib
import os
import platform
import re
import sys
from importlib.metadata import version
from pathlib import Path

from pixpaint.assets import cache_folder
from pixpaint.errors import CannotWrite
from pixpaint.files import replace_file

SOURCES = ("compiled.py", "drawing.py", "tiles.py", "winograd.py", "steps.py", "loops.py", "masked_loops.py")

_compiled_here = False


def folder() -> Path:
    """The folder, in the user's cache folder or in $NUMBA_CACHE_DIR; it may not exist yet."""
    here = Path(__file__).resolve().parent
    told = hashlib.sha256()
    for name in SOURCES:
        told.update((here / name).read_bytes())
    for fact in (str(here), version("numba"), sys.version, platform.machine(), platform.node(), _processor()):
        told.update(fact.encode())
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    return (Path(chosen) if chosen else cache_folder() / "compiled") / told.hexdigest()[:16]


def can_keep() -> bool:
    """Whether the folder is there and can be written, or could be made."""
    try:
        place = folder()
        place.mkdir(parents=True, exist_ok=True)
        return os.access(place, os.W_OK | os.X_OK)
    except (OSError, RuntimeError):
        return False


def ready() -> bool:
    """Whether the loops have been compiled by this program, or here once before, so that they are there at once."""
    try:
        return _compiled_here or _mark().exists()
    except (OSError, RuntimeError):  # where one may not look; where there is no home folder at all
        return False


def mark_ready() -> None:
    """To be called when they have been."""
    global _compiled_here
    _compiled_here = True
    if can_keep():
        try:
            replace_file(_mark(), b"")
        except CannotWrite:
            return


def in_background() -> list[str]:
    """The command of a process that compiles the loops and ends."""
    nicely = ["nice"] if os.name == "posix" else []
    return [*nicely, sys.executable, "-m", "pixpaint.sampling.compile_loops"]


def _mark() -> Path:
    return folder() / "complete"


def _processor() -> str:
    """What the machine's code is compiled for, as far as the system tells without being asked for long."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return platform.processor()
    return " ".join(sorted(set(re.findall(r"^(?:flags|Features|model name)\s*:.*$", text, re.MULTILINE))))
