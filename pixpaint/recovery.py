"""Unsaved work in a file of its own, so that it outlives a crash: picture, what came with it, recipes and mask. No Qt.

The file is a zip, written whole or not at all: `picture.png` as it would be saved, `mask.png`, white where there is a
hole, if there is one, and `about.json`.
"""

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple

from PIL import Image

from pixpaint.document import Document, open_picture, read_mask
from pixpaint.errors import BadImage, BadMask
from pixpaint.files import write_whole
from pixpaint.png import write_png

DAMAGED = (
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    EOFError,
    zlib.error,
    zipfile.BadZipFile,
    BadImage,
    BadMask,
)
"""what the parts of a damaged zip raise when they are read"""
PICTURE, MASK, ABOUT = "picture.png", "mask.png", "about.json"


class Unsaved(NamedTuple):
    """A document that was not saved, and what it was called; it has no path: it must overwrite nothing unasked."""

    document: Document
    name: str


def keep(unsaved: Unsaved, file: Path) -> None:
    """Writes it to `file`, whose folder must exist. Raises CannotWrite."""
    document = unsaved.document

    def write(target: IO[bytes]) -> None:
        with zipfile.ZipFile(target, "w") as parts:
            with parts.open(PICTURE, "w", force_zip64=True) as part:
                write_png(document, part)
            if document.hole.any():
                with parts.open(MASK, "w") as part:
                    Image.fromarray(document.hole).save(part, format="PNG")
            parts.writestr(ABOUT, json.dumps({"name": unsaved.name}))

    write_whole(file, write)


def name_of(file: Path) -> str:
    """What the document in `file` was called. Raises BadImage where it is damaged."""
    with _opened(file) as parts:
        return _name(parts)


def recover(file: Path) -> Unsaved:
    """What `keep` wrote. Raises BadImage where the file is damaged."""
    with _opened(file) as parts, TemporaryDirectory() as folder:
        document = open_picture(parts.extract(PICTURE, folder))
        if MASK in parts.namelist():
            document.hole = read_mask(parts.extract(MASK, folder), document.height, document.width)
        document.path = None
        return Unsaved(document, _name(parts))


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as parts:
            yield parts
    except OSError as error:
        raise BadImage(f"The unsaved picture in {file} can't be read: {error.strerror or error}.") from error
    except DAMAGED as error:
        raise BadImage(
            f"The unsaved picture in {file} can't be recovered: it is damaged ({error})."
        ) from error


def _name(parts: zipfile.ZipFile) -> str:
    return str(json.loads(parts.read(ABOUT))["name"])
