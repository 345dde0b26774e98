"""Batches of training examples: a picture, a hole, hints, a label, an orientation.

Example number i of a run is the same whatever the batch size, the process that makes it, or how often the run was
resumed: its randomness is keyed by (seed, i).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pixpaint.layers.pixels import binarize, bytes_to_units
from pixpaint.models.encoder import Context
from pixpaint.orientation import ORIENTATIONS, orient
from pixpaint.scaling import Bytes, Hole, doubled, halved
from pixpaint.training.masks import random_hole, strokes
from pixpaint.training.pictures import Pictures
from pixpaint.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Batch:
    """x (N, C, S, S) in [-1, 1]; `read`, the same as the model reads them, see `Recipe.drift`; what the model is told
    of them; labels (N,), orientations (N,) as int64; `like` (N, C, S, S), the pictures again that the model is shown,
    and zeros for those that it is not."""

    x: Tensor
    read: Tensor
    context: Context
    labels: Tensor
    orientations: Tensor
    like: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device, pictures channels-last."""

        def move(t: Tensor) -> Tensor:
            return t.to(device, non_blocking=True, memory_format=torch.channels_last)

        return Batch(
            x=move(self.x),
            read=move(self.read),
            context=Context(*(move(plane) for plane in self.context)),
            labels=self.labels.to(device),
            orientations=self.orientations.to(device),
            like=move(self.like),
        )


def make_batch(pictures: Pictures, recipe: Recipe, numbers: Iterable[int]) -> Batch:
    """The examples of these numbers, on the CPU."""
    images, read, holes, hints, hinted, labels, orientations, shown = zip(
        *(_example(pictures, recipe, number) for number in numbers), strict=True
    )
    x, seen, hint = (
        bytes_to_units(torch.from_numpy(np.stack(a)).movedim(-1, 1)) for a in (images, read, hints)
    )
    hole, given = (torch.from_numpy(np.stack(a))[:, None].float() for a in (holes, hinted))
    return Batch(
        x=x,
        read=seen,
        context=Context.of(x, hole, hint, given),
        labels=torch.tensor(labels),
        orientations=torch.tensor(orientations),
        like=x * torch.tensor(shown, dtype=x.dtype)[:, None, None, None],
    )


def _example(
    pictures: Pictures, recipe: Recipe, number: int
) -> tuple[Bytes, Bytes, Hole, Bytes | NDArray[np.float32], Hole, int, int, bool]:
    """Picture (S, S, C), the same as it is read, hole (S, S), hints (S, S, C), where they are (S, S), label,
    orientation, whether it is shown."""
    rng = np.random.Generator(np.random.Philox(key=np.array([recipe.seed, number], np.uint64)))
    config = recipe.model
    size = config.crop
    image, label = pictures.sample(rng, size)
    if config.levels == 2:
        image = binarize(image)
    if label < 0 or rng.random() < recipe.no_class:
        label = config.classes
    orientation = int(rng.integers(1, ORIENTATIONS)) if rng.random() < recipe.turned else 0
    image = orient(image, orientation)
    hole = np.ones((size, size), bool) if rng.random() < recipe.whole else random_hole(rng, size, size)
    kind = rng.random()
    hints: NDArray[Any] = image
    hinted = np.zeros_like(hole)
    if kind < recipe.half_size_hints:
        hints, hinted = doubled(halved(image, one_bit=config.levels == 2)), np.ones_like(hole)
    elif kind < recipe.half_size_hints + recipe.stroke_hints:
        hints, hinted = rough_colours(rng, image, hole)
    shown = recipe.likeness > 0 and bool(rng.random() < recipe.likeness)
    read = image
    if recipe.drift > 0 and not hinted.all() and not hole.all() and rng.random() < recipe.drift:
        read = drifted(rng, image, hole)
    return (
        np.ascontiguousarray(image),
        np.ascontiguousarray(read),
        hole,
        np.ascontiguousarray(hints, np.float32),
        hinted,
        label,
        orientation,
        shown,
    )


DRIFT, DRIFTING = 40.0, 8
"""Bytes: the deviation of how far off a drifted picture is in the end; and how many pixels it takes to be."""


def drifted(rng: np.random.Generator, image: Bytes, hole: Hole) -> Bytes:
    """A picture (H, W, C) with a smooth error, mostly the same in all channels, inside the hole (H, W): it grows from
    the known pixels above and to the left on."""
    height, width, channels = image.shape
    size = tuple(rng.integers(2, 7, 2))
    common = rng.normal(size=(*size, 1)) + 0.5 * rng.normal(size=(*size, channels))
    error = np.stack(
        [
            np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC))
            for plane in np.moveaxis(common, -1, 0).astype(np.float32)
        ],
        -1,
    )
    since = np.minimum(_since_known(hole), _since_known(hole.T).T)
    error *= np.minimum(since / DRIFTING, 1)[..., None]
    moved: Bytes = np.clip(np.rint(image + DRIFT * rng.normal() * error), 0, 255).astype(np.uint8)
    return moved


def _since_known(hole: Hole) -> NDArray[np.intp]:
    """How many pixels of the hole (H, W) there are in a row up to each, itself included; before the edge are more."""
    columns = np.arange(hole.shape[1])
    last = np.maximum.accumulate(np.where(hole, -DRIFTING, columns), axis=1)
    since: NDArray[np.intp] = columns - last
    return since


def rough_colours(rng: np.random.Generator, image: Bytes, hole: Hole) -> tuple[Bytes, Hole]:
    """A few strokes inside the hole in flat colours near those of the picture (H, W, C) beneath: hints and where
    they are."""
    hints, hinted = np.zeros_like(image), np.zeros_like(hole)
    for _ in range(rng.integers(1, 4)):
        stroke = strokes(rng, *hole.shape) & hole
        if stroke.any():
            colour = image[stroke].mean(0) + rng.normal(0, 8, image.shape[2])
            hints[stroke] = np.clip(np.rint(colour), 0, 255).astype(np.uint8)
            hinted |= stroke
    return hints, hinted
