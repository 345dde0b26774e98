"""Line drawings kept as small bitmaps, laid anew at any place, scale and tilt (Quick, Draw!, Omniglot)."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixpaint.errors import BadImage
from pixpaint.training.arrays import read_arrays
from pixpaint.training.pictures import NO_CLASS, Bytes, Labels, Pictures, split, stack
from pixpaint.training.strokes import STILL, Pose

SUPERSAMPLING = 4
MARGIN = 2  # empty cells around every bitmap, so that ink at its edge fades out instead of being cut
CHARACTER = "character"
OMNIGLOT_SIDE = 105
QUICKDRAW_SIDE = 28

OMNIGLOT_WIDTH = 2.6  # mean width of the lines of the file, in its own pixels

# The strokes' drawings of a word are among its first 46 bitmaps. They are left out here, or a drawing
# held out there would be trained on as a bitmap.
ALSO_STROKES = 64

# Enlarged ink is blurred ink: a steep step about the middle gives the line its edge back before the fine
# picture is reduced, and turns bright ink on black into dark ink on white.
EDGE = [round(255 - min(max((value - 128) * 3 + 128, 0), 255)) for value in range(256)]


def lay_bitmap(ink: Bytes, size: int, pose: Pose) -> Bytes:
    """Dark ink on white, uint8 (size, size, 1), of bright ink, uint8 (h, w); lines keep their width."""
    ink = np.pad(ink, MARGIN)
    rows, columns = np.flatnonzero(ink.max(axis=1) > 127), np.flatnonzero(ink.max(axis=0) > 127)
    if not len(rows) or not len(columns):
        return np.full((size, size, 1), 255, np.uint8)
    low = np.array([columns[0], rows[0]], float)
    high = np.array([columns[-1] + 1, rows[-1] + 1], float)
    side = high - low
    zoom = pose.scale * size / float(side.max())
    turn = pose.turn()
    extent = np.abs(turn) @ side * zoom
    back = np.linalg.inv(turn) / (zoom * SUPERSAMPLING)
    origin = (low + high) / 2 - back @ (pose.centre(extent, size) * SUPERSAMPLING)
    fine = Image.fromarray(ink).transform(
        (size * SUPERSAMPLING, size * SUPERSAMPLING),
        Image.Transform.AFFINE,
        (back[0, 0], back[0, 1], origin[0], back[1, 0], back[1, 1], origin[1]),
        resample=Image.Resampling.BILINEAR,
    )
    return np.asarray(fine.point(EDGE).reduce(SUPERSAMPLING))[:, :, None]


def thicken(ink: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """Ink grown by `steps` pixels on every side, nearly round: crosses and squares in turn."""
    for step in range(steps):
        wide = ink.copy()
        wide[1:] |= ink[:-1]
        wide[:-1] |= ink[1:]
        source = wide.copy() if step % 2 else ink
        wide[:, 1:] |= source[:, :-1]
        wide[:, :-1] |= source[:, 1:]
        ink = wide
    return ink


@dataclass(frozen=True, kw_only=True, eq=False)
class BitmapPictures(Pictures):
    """Drawings with bright ink, uint8 (n, h, w), given with dark ink on white."""

    bitmaps: Bytes
    labels: NDArray[np.int64]
    train: NDArray[np.intp]
    kept: NDArray[np.intp]

    @classmethod
    def read_quickdraw(cls, path: Path, classes: tuple[str, ...], *words: str) -> "BitmapPictures":
        """The drawings of an .npz file of one uint8 (n, 28, 28) array a word, of all words or these.

        A word not in `classes` gets no class; the drawings that the strokes' file has too are left out.
        Raises BadImage.
        """
        index = {name: i for i, name in enumerate(classes)}
        arrays = read_arrays(path, *words)
        for word, drawings in arrays.items():
            if drawings.shape[1:] != (QUICKDRAW_SIDE, QUICKDRAW_SIDE):
                raise BadImage(f"{path} has no 28x28 drawings in {word!r}: its shape is {drawings.shape}.")
        numbers = {word: range(ALSO_STROKES, len(drawings)) for word, drawings in arrays.items()}
        keys = [f"{word}:{i}" for word in arrays for i in numbers[word]]
        arrays = {word: drawings[ALSO_STROKES:] for word, drawings in arrays.items()}
        labels = [np.full(len(drawings), index.get(word, NO_CLASS)) for word, drawings in arrays.items()]
        train, kept = split(keys)
        return cls(
            classes=classes,
            channels=1,
            bitmaps=np.concatenate(list(arrays.values())),
            labels=np.concatenate(labels).astype(np.int64),
            train=train,
            kept=kept,
        )

    @classmethod
    def read_omniglot(cls, path: Path, classes: tuple[str, ...]) -> "OmniglotPictures":
        """The characters of an .npz file with a packed array `ink`, uint8 (n, 105, 14). Raises BadImage."""
        ink = read_arrays(path, "ink")["ink"]
        if ink.shape[1:] != (OMNIGLOT_SIDE, OMNIGLOT_SIDE // 8 + 1):
            raise BadImage(f"{path} has no packed 105x105 characters in 'ink': its shape is {ink.shape}.")
        # A thousand of the characters are in the file twice: one copy is kept, and what is drawn decides.
        ink = np.unique(ink, axis=0)
        train, kept = split(f"ink:{character.tobytes().hex()}" for character in ink)
        label = classes.index(CHARACTER) if CHARACTER in classes else NO_CLASS
        labels = np.full(len(ink), label, np.int64)
        return OmniglotPictures(
            classes=classes, channels=1, bitmaps=ink, labels=labels, train=train, kept=kept
        )

    def __len__(self) -> int:
        return len(self.train)

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Bytes, int]:
        i = int(self.train[rng.integers(len(self.train))])
        return self._lay(i, size, Pose.random(rng)), int(self.labels[i])

    def held_out(self, size: int, limit: int | None = None) -> tuple[Bytes, Labels]:
        return stack([(self._lay(i, size, STILL), int(self.labels[i])) for i in self.kept[:limit]], size, 1)

    def _lay(self, i: int, size: int, pose: Pose) -> Bytes:
        return lay_bitmap(self.bitmaps[i], size, pose)


@dataclass(frozen=True, kw_only=True, eq=False)
class OmniglotPictures(BitmapPictures):
    """Omniglot characters, kept packed; their thin lines are thickened to the pose's width, then reduced."""

    def _lay(self, i: int, size: int, pose: Pose) -> Bytes:
        ink = np.unpackbits(self.bitmaps[i], axis=1)[:, :OMNIGLOT_SIDE].astype(bool)
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        if not len(rows):
            return lay_bitmap(ink.astype(np.uint8), size, pose)
        longest = max(int(rows[-1] - rows[0]), int(columns[-1] - columns[0])) + 1
        steps = (pose.line_width(size) * longest / (pose.scale * size) - OMNIGLOT_WIDTH) / 2
        grow = max(0, math.floor(steps + 0.5))
        ink = np.pad(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], grow)
        return lay_bitmap(thicken(ink, grow).astype(np.uint8) * 255, size, pose)
