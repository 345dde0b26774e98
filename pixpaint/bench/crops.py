"""The photographs that fillers are compared on: held-out ones, cropped in the middle."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixpaint.errors import BadRequest
from pixpaint.training.data import HELD_OUT, check_part, split_spec
from pixpaint.training.photos import (
    LONGEST_SIDE,
    UNREADABLE,
    decode,
    opened,
    shared_folders_off,
    split_photos,
)

SIDE = 256  # pixels
PHOTOS = "photos.zip"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Crops:
    """uint8 (n, SIDE, SIDE, 3), where from, and in words which; how many were too small and how many unreadable."""

    pictures: NDArray[np.uint8]
    path: Path
    which: str
    small: int
    unreadable: int


def read_crops(spec: str | None, limit: int | None = None) -> Crops:
    """The middle SIDE x SIDE pixels of pictures, after shrinking those whose longer side is above LONGEST_SIDE.

    `spec` is a folder or zip: of PHOTOS, or a folder with that, those that training holds out; of others
    those below `val` if there are `train` and `val`, else all; with ":held-out" those that training on the same holds
    out. None is PHOTOS in the folder PIXPAINT_DATA or in the current one. `limit` takes the first so many that are
    large enough, in an order that mixes folders and never changes. Raises BadImage for a damaged zip, BadRequest.
    """
    if limit is not None and limit < 1:
        raise BadRequest(f"{limit} pictures were asked for: ask for at least 1.")
    path, part = _place(spec)
    crops: list[NDArray[np.uint8]] = []
    small = unreadable = 0
    with opened(path) as (names, read):
        chosen, which = _chosen(path, part, names)
        for name in chosen:
            try:
                picture = decode(read(name), LONGEST_SIDE, 3)
            except UNREADABLE as error:
                log.warning("%s in %s was skipped: %s", name, path, error)
                unreadable += 1
                continue
            if min(picture.shape[:2]) < SIDE:
                small += 1
                continue
            crops.append(middle(picture, SIDE))
            if len(crops) == limit:
                break
    if not crops:
        raise BadRequest(
            f"{path} has no readable picture of {SIDE} × {SIDE} pixels or more among {which}: "
            "name another folder or zip of photographs."
        )
    return Crops(pictures=np.stack(crops), path=path, which=which, small=small, unreadable=unreadable)


def middle(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The middle side x side pixels of a picture (H, W, 3)."""
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    return picture[top : top + side, left : left + side]


def _place(spec: str | None) -> tuple[Path, str]:
    if spec is None:
        path = Path(os.environ.get("PIXPAINT_DATA", "")) / PHOTOS
        if not path.is_file():
            raise BadRequest(f"There is no {path}: name a folder or zip of photographs.")
        return path, ""
    path, part = split_spec(spec)
    if (path / PHOTOS).is_file():
        path /= PHOTOS
    check_part(path, part, HELD_OUT)
    return path, part


def _chosen(path: Path, part: str, names: Sequence[str]) -> tuple[list[str], str]:
    """The names to read, and which these are."""
    places = shared_folders_off(names)
    divided = {"train", "val"} <= {place[0] for place in places}
    projects_own = path.name == PHOTOS
    _, kept = split_photos(places, divided)
    if part or divided or projects_own:
        return [names[i] for i in kept], f"the {len(kept)} held out"
    mixed = np.random.default_rng(0).permutation(len(names))
    return [names[i] for i in mixed], f"all {len(names)}"
