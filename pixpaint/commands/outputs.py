"""Where results go: their names, and the check before long work that they can be written at all."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from pixpaint.errors import BadRequest, CannotWrite


def numbered(output: Path, count: int) -> list[Path]:
    """The files of `count` candidates: `output` itself for one, else `OUT-1.png`, `OUT-2.png` and so on."""
    if count == 1:
        return [output]
    return [output.with_name(f"{output.stem}-{k}{output.suffix}") for k in range(1, count + 1)]


def check_png(outputs: Iterable[Path], inputs: Iterable[Path] = ()) -> None:
    """Raises before any work is done: BadRequest for a name that is no PNG's, or an input's, or a file's in a folder
    that is one; CannotWrite else."""
    read = {path.resolve() for path in inputs}
    for output in outputs:
        if output.suffix.lower() != ".png":
            raise BadRequest(
                f"Results are PNG files, and {output} isn't named like one: end the name in .png."
            )
        place = output.resolve()
        if place in read or (place.exists() and read & set(place.parents)):
            raise BadRequest(f"{output} is one of the files to be read: name another file for the result.")
        if output.is_dir():
            raise CannotWrite(f"Can't write {output}: it is a folder; name a file.")
        if output.exists() and not os.access(output, os.W_OK):
            raise CannotWrite(f"Can't write {output}: the file is read-only; name another one.")
        check_folder(output.parent)


def check_folder(folder: Path) -> None:
    """Raises CannotWrite where no file can be made in `folder`."""
    if not folder.is_dir():
        reason = "it is not a folder" if folder.exists() else "there is no such folder"
        raise CannotWrite(f"Can't write into {folder}: {reason}; make it first or name another one.")
    try:
        # Permission bits don't tell: root has them all, and a disk may be mounted read-only.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotWrite(f"Can't write into {folder}: {reason}; name another folder.") from error


def make_folder(folder: Path) -> None:
    """Makes a folder for results where it doesn't exist. Raises CannotWrite."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotWrite(f"Can't make the folder {folder}: {reason}; name another one.") from error
    check_folder(folder)
