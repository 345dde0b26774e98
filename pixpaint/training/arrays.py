"""Reading .npz files of pictures, with one sentence for each thing that can be wrong."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from pixpaint.errors import BadImage
from pixpaint.training.pictures import Bytes

READ_ERRORS = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)


def array_names(path: Path) -> list[str]:
    """The names of the arrays in an .npz file. Raises BadImage."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return list(file.files)
    except READ_ERRORS as error:
        raise BadImage(f"{path} can't be read as an .npz file of pictures.") from error


def read_arrays(path: Path, *names: str) -> dict[str, Bytes]:
    """The uint8 arrays of an .npz file by name: those asked for, or all. Raises BadImage."""
    known = array_names(path)
    missing = [name for name in names if name not in known]
    if missing:
        raise BadImage(f"{path} has no array {missing[0]!r}, only {', '.join(known)}.")
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names or known}
    except READ_ERRORS as error:
        raise BadImage(f"{path} can't be read as an .npz file of pictures.") from error
    for name, array in arrays.items():
        if array.dtype != np.uint8 or array.ndim < 2 or not array.size:
            raise BadImage(f"{path} has no pictures in {name!r}: it is {array.dtype} of shape {array.shape}.")
    return arrays
