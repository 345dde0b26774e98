"""Reading .npz files of pictures, with one sentence for each thing that can be wrong."""

import zipfile
from pathlib import Path

import numpy as np

from pixpaint.errors import BadImage
from pixpaint.training.pictures import Bytes


def read_arrays(path: Path, *names: str) -> dict[str, Bytes]:
    """The uint8 arrays of an .npz file by name: those asked for, or all. Raises BadImage."""
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in names if name not in file.files]
            if missing:
                raise BadImage(f"{path} has no array {missing[0]!r}, only {', '.join(file.files)}.")
            arrays = {name: file[name] for name in names or file.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, AttributeError) as error:
        raise BadImage(f"{path} can't be read as an .npz file of pictures.") from error
    for name, array in arrays.items():
        if array.dtype != np.uint8 or array.ndim < 2 or not array.size:
            raise BadImage(f"{path} has no pictures in {name!r}: it is {array.dtype} of shape {array.shape}.")
    return arrays
