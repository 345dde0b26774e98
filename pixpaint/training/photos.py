"""A person's own pictures: a folder or a zip, decoded once, cropped and shrunk at random for training."""

import io
import json
import logging
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pixpaint.errors import BadImage, BadRequest
from pixpaint.layers.pixels import grey
from pixpaint.training.pictures import NO_CLASS, Bytes, Labels, Pictures, split, stack

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
LONGEST_SIDE = 512  # pixels; larger pictures are shrunk to it when decoded
MEMORY = 2_000_000_000  # bytes the decoded pictures may take; many pictures are shrunk further to stay below
FEWEST = 20  # training pictures
HELD_OUT_MOST = 120  # pictures, where a fortieth of them is less
SHRINK = 4  # a crop for training covers up to 4 times its own side of the picture
UNREADABLE = (OSError, ValueError, SyntaxError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile,
              Image.DecompressionBombError)  # fmt: skip

log = logging.getLogger(__name__)

Reader = Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True, eq=False)
class PhotoPictures(Pictures):
    """Pictures of any size, decoded; RGB, or their luma when there is one channel."""

    pictures: tuple[Bytes, ...]  # each (h, w, channels)
    labels: NDArray[np.int64]
    train: NDArray[np.intp]
    kept: NDArray[np.intp]
    divided: bool  # by the folders `train` and `val`
    shrink: tuple[float, float] = (1, SHRINK)  # how many times its side a crop for training covers
    unreadable: int = 0  # files that looked like pictures but couldn't be read
    too_small: int = 0  # pictures that were passed over for their size

    @classmethod
    def read(
        cls, path: Path, *, channels: int = 3, fewest: int = FEWEST, smallest: int = 1
    ) -> "PhotoPictures":
        """The jpg, png, webp and bmp pictures of a folder or zip, and of the folders in it.

        Held out are those below `val`, if there are folders `train` and `val`, else by the digest of their
        path within the folder; of few pictures at least one in seven, up to HELD_OUT_MOST. Where every picture lies in
        one of several folders, these are the classes; a `classes.json` may name them. Pictures whose shorter side is
        less than `smallest` pixels are passed over, as unreadable ones are. Raises BadImage for a damaged zip,
        BadRequest for fewer than `fewest` pictures.
        """
        with opened(path) as (names, read):
            side = decoded_side(len(names), channels)
            found, pictures, too_small = [], [], 0
            for name in names:
                try:
                    picture = decode(read(name), side, channels)
                except UNREADABLE as error:
                    log.warning("%s in %s was skipped: %s", name, path, error)
                    continue
                if min(picture.shape[:2]) < smallest:
                    too_small += 1
                    continue
                pictures.append(picture)
                found.append(name)
            titles = read_titles(read)
        unreadable = len(names) - len(found) - too_small
        if len(found) < fewest:
            skipped = f", {unreadable} that can't be read" if unreadable else ""
            if too_small:
                skipped += f", {too_small} that are smaller than {smallest} × {smallest} pixels"
            raise BadRequest(
                f"{path} has {len(found)} pictures (jpg, png, webp, bmp) that can be used{skipped}: "
                f"at least {fewest} are needed, and some hundreds of one kind are better; add more or choose "
                "another folder."
            )
        places = shared_folders_off(found)
        divided = {"train", "val"} <= {place[0] for place in places}
        train, kept = split_photos(places, divided)
        folders = [place[divided:-1] for place in places]
        classes, labels = folder_classes(folders, train, titles)
        return cls(
            classes=classes,
            channels=channels,
            pictures=tuple(pictures),
            labels=labels,
            train=train,
            kept=kept,
            divided=divided,
            unreadable=unreadable,
            too_small=too_small,
        )

    def __len__(self) -> int:
        return len(self.train)

    def unlabelled(self) -> "PhotoPictures":
        """The same pictures without classes."""
        return replace(self, classes=(), labels=np.full_like(self.labels, NO_CLASS))

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Bytes, int]:
        i = int(self.train[rng.integers(len(self.train))])
        picture = self.pictures[i]
        height, width = picture.shape[:2]
        least, most = map(math.log, self.shrink)
        side = min(height, width, round(size * math.exp(rng.uniform(least, most))))
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        crop = resized(picture[top : top + side, left : left + side], size)
        return (crop[:, ::-1] if rng.random() < 0.5 else crop), int(self.labels[i])

    def held_out(self, size: int, limit: int | None = None) -> tuple[Bytes, Labels]:
        return self.stills(self.kept[:limit], size)

    def stills(self, indices: Sequence[int] | NDArray[np.intp], size: int) -> tuple[Bytes, Labels]:
        """The middle of these pictures, (n, size, size, channels), at half size if they are large enough."""
        crops = []
        for i in indices:
            height, width = self.pictures[i].shape[:2]
            side = min(height, width, 2 * size)
            top, left = (height - side) // 2, (width - side) // 2
            crop = self.pictures[i][top : top + side, left : left + side]
            crops.append((resized(crop, size), int(self.labels[i])))
        return stack(crops, size, self.channels)


def resized(crop: Bytes, size: int) -> Bytes:
    """A square crop (side, side, channels) as (size, size, channels)."""
    if len(crop) == size:
        return crop
    image = Image.fromarray(crop[..., 0] if crop.shape[2] == 1 else crop)
    pixels = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))
    return pixels.reshape(size, size, -1)


def decode(data: bytes, longest: int, channels: int) -> Bytes:
    """A file's picture, uint8 (h, w, channels), upright, on white, its longer side at most `longest`."""
    with Image.open(io.BytesIO(data)) as file:
        if file.mode.startswith(("I", "F")):
            raise ValueError(f"{file.mode} pixels are more than 8 bits a channel")
        file.draft(
            "RGB", (longest, longest)
        )  # a JPEG is decoded at half or quarter size where that is enough
        image = ImageOps.exif_transpose(file)
        image.thumbnail((longest, longest), Image.Resampling.BICUBIC)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        pixels = np.asarray(image.convert("RGB"))
    return pixels if channels == 3 else grey(pixels)


def decoded_side(count: int, channels: int) -> int:
    """The longer side, in pixels, at which so many pictures of 4 by 3 stay within MEMORY."""
    return max(64, min(LONGEST_SIDE, math.isqrt(MEMORY * 4 // (3 * channels * max(count, 1)))))


@contextmanager
def opened(path: Path) -> Iterator[tuple[list[str], Reader]]:
    """The sorted names of the pictures in a folder or zip, parted by "/", and what reads a file of it."""
    if path.is_dir():
        names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
        yield picture_names(names), lambda name: (path / name).read_bytes()
    elif not path.exists():
        raise BadRequest(f"There is no folder or file {path}: check its name.")
    else:
        try:
            file = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise BadImage(f"{path} is neither a folder nor a readable zip of pictures.") from error
        with file:
            yield picture_names(file.namelist()), file.read


def picture_names(names: Sequence[str]) -> list[str]:
    """The names that end as a picture's does, sorted, without those in or of hidden files."""
    shown = [
        name for name in names if not any(part.startswith((".", "__")) for part in PurePosixPath(name).parts)
    ]
    return sorted(name for name in shown if name.lower().endswith(SUFFIXES))


def read_titles(read: Reader) -> dict[str, str]:
    """What `classes.json` says, folder to title; nothing if there is none or two folders share a title."""
    try:
        titles = json.loads(read("classes.json"))
    except (OSError, KeyError, ValueError):
        return {}
    usable = isinstance(titles, dict) and all(isinstance(title, str) for title in titles.values())
    return titles if usable and len(set(titles.values())) == len(titles) else {}


def shared_folders_off(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The parts of each path, less folders that hold everything: a zip of a folder is like the folder."""
    places = [PurePosixPath(name).parts for name in names]
    while places and len({place[0] for place in places}) == 1 and all(len(place) > 1 for place in places):
        places = [place[1:] for place in places]
    return places


def split_photos(
    places: Sequence[tuple[str, ...]], divided: bool
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the training and of the held-out pictures; see `PhotoPictures.read`."""
    keys = ["/".join(place) for place in places]
    if not divided:
        return split(keys, at_least=min(HELD_OUT_MOST, len(keys) // 7))
    _, mixed = split(keys, at_least=len(keys))
    train = [i for i, place in enumerate(places) if place[0] == "train"]
    return np.array(train, np.intp), np.array([i for i in mixed if places[i][0] == "val"], np.intp)


def folder_classes(
    folders: Sequence[tuple[str, ...]], train: NDArray[np.intp], titles: dict[str, str]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The class names, in the order of their folders, and each picture's label; see `PhotoPictures.read`."""
    known = sorted({folders[i][:1] for i in train})
    if len(known) < 2 or () in known:
        return (), np.full(len(folders), NO_CLASS, np.int64)
    index = {folder: i for i, folder in enumerate(known)}
    labels = [index.get(folder[:1], NO_CLASS) for folder in folders]
    return tuple(titles.get(folder, folder) for (folder,) in known), np.array(labels, np.int64)
