"""Line drawings kept as strokes, rasterised on demand at any size, line width and place (Quick, Draw!)."""

import gzip
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pixpaint.errors import BadImage
from pixpaint.training.pictures import NO_CLASS, Bytes, Labels, Pictures, split, stack

SUPERSAMPLING = 8

Points = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How a drawing is laid on its square; `scale` is its longer side before tilting, in picture sides."""

    scale: float = 0.85
    tilt: float = 0.0  # radians, clockwise
    mirror: bool = False
    row: float = 0.0  # -1 to 1: of the room around the drawing
    column: float = 0.0
    width: float = 1.4  # of the line, in pixels of a picture of side 32

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Pose":
        """A pose for training."""
        steep = rng.random() < 0.15
        return cls(
            scale=float(rng.uniform(0.55, 1.05)),
            tilt=math.radians(float(rng.uniform(-45, 45) if steep else rng.uniform(-15, 15))),
            mirror=bool(rng.random() < 0.5),
            row=float(rng.uniform(-1, 1)),
            column=float(rng.uniform(-1, 1)),
            width=float(np.exp(rng.uniform(math.log(0.9), math.log(2.2)))),
        )

    def line_width(self, size: int) -> float:
        """The line's width in pixels: larger pictures have wider lines, but not in full proportion."""
        return self.width * math.pow(size / 32, 0.7)

    def turn(self) -> NDArray[np.float64]:
        """The mirroring and tilting, (2, 2), that multiplies columns of (x, y)."""
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        return np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if self.mirror else 1.0, 1.0])

    def centre(self, extent: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        """The middle (x, y) of a drawing of this (width, height), in pixels; it may stick out, a quarter at
        most."""
        room = np.abs(size - extent) / 2 + np.minimum(0.04 * size, extent / 4)
        return size / 2 + np.array([self.column, self.row]) * room


STILL = Pose()  # of held-out pictures


def draw_strokes(points: Points, ends: NDArray[np.intp], size: int, pose: Pose) -> Bytes:
    """Dark ink on white, uint8 (size, size, 1), of strokes of points (n, 2) as (x, y), each up to its end."""
    turned = points @ pose.turn().T  # (n, 2)
    low, high = turned.min(axis=0), turned.max(axis=0)
    width = pose.line_width(size)
    longest = max(float(np.ptp(points, axis=0).max()), 1.0)
    zoom = max(pose.scale * size - width, 1.0) / longest
    middle = pose.centre((high - low) * zoom + width, size)
    # Pillow means the middle of a pixel by a whole number.
    fine = ((turned - (low + high) / 2) * zoom + middle) * SUPERSAMPLING - 0.5
    canvas = Image.new("L", (size * SUPERSAMPLING, size * SUPERSAMPLING), 255)
    draw = ImageDraw.Draw(canvas)
    brush = width * SUPERSAMPLING
    radius = brush / 2
    start = 0
    for end in ends.tolist():
        stroke = fine[start:end].ravel().tolist()
        if end - start > 1:
            draw.line(stroke, fill=0, width=round(brush))
        for x, y in zip(stroke[0::2], stroke[1::2], strict=True):  # round joints and ends
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
        start = end
    return np.asarray(canvas.reduce(SUPERSAMPLING))[:, :, None]


@dataclass(frozen=True, kw_only=True, eq=False)
class StrokePictures(Pictures):
    """Quick, Draw! sketches: grey, dark ink on white; held out by key_id."""

    drawings: tuple[tuple[Points, NDArray[np.intp]], ...]
    labels: NDArray[np.int64]
    train: NDArray[np.intp]
    kept: NDArray[np.intp]

    @classmethod
    def read(cls, path: Path, classes: tuple[str, ...]) -> "StrokePictures":
        """The sketches of an .ndjson.gz file; a word not in `classes` gets no class. Raises BadImage."""
        index = {name: i for i, name in enumerate(classes)}
        drawings, labels, keys = [], [], []
        for row in read_rows(path):
            strokes = row["drawing"]
            points = np.concatenate([np.array(stroke[:2], np.float32).T for stroke in strokes])
            drawings.append((points, np.cumsum([len(stroke[0]) for stroke in strokes])))
            labels.append(index.get(str(row["word"]), NO_CLASS))
            keys.append(str(row["key_id"]))
        train, kept = split(keys)
        return cls(
            classes=classes,
            channels=1,
            drawings=tuple(drawings),
            labels=np.array(labels, np.int64),
            train=train,
            kept=kept,
        )

    def __len__(self) -> int:
        return len(self.train)

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Bytes, int]:
        return self._draw(int(self.train[rng.integers(len(self.train))]), size, Pose.random(rng))

    def held_out(self, size: int, limit: int | None = None) -> tuple[Bytes, Labels]:
        return stack([self._draw(int(i), size, STILL) for i in self.kept[:limit]], size, 1)

    def _draw(self, i: int, size: int, pose: Pose) -> tuple[Bytes, int]:
        points, ends = self.drawings[i]
        return draw_strokes(points, ends, size, pose), int(self.labels[i])


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The lines of an .ndjson.gz file of sketches; raises BadImage."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        if not all({"word", "key_id", "drawing"} <= row.keys() for row in rows):
            raise ValueError
    except (OSError, EOFError, ValueError, AttributeError) as error:
        raise BadImage(
            f"{path} can't be read as Quick, Draw! sketches; it should be an .ndjson.gz file."
        ) from error
    return rows


def read_words(path: Path) -> tuple[str, ...]:
    """The words of an .ndjson.gz file, sorted. Raises BadImage."""
    return tuple(sorted({str(row["word"]) for row in read_rows(path)}))
