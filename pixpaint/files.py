"""Writing a file whole or not at all."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pixpaint.errors import CannotWrite

_reading_umask = threading.Lock()


def replace_file(path: Path, data: bytes) -> None:
    """Puts `data` at `path` in one step: see `write_whole`. Raises CannotWrite."""
    write_whole(path, lambda file: file.write(data))


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Lets `write` fill a temporary file in the same folder, then moves it to `path`.

    Whatever goes wrong, the file that was at `path` is unchanged and no temporary file stays. A new file gets the
    permissions of the one it replaces, or the usual ones. Raises CannotWrite with the reason.
    """
    temporary: str | None = None
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise CannotWrite(f"{path} could not be written: {error.strerror or error}.") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def _umask() -> int:
    """The process's, which can be read only by setting it: by one thread at a time, or it might stay 0."""
    with _reading_umask:
        mask = os.umask(0)
        os.umask(mask)
    return mask
