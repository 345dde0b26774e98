"""Batches of training examples: a picture, a hole, hints, a label, an orientation.

Example number i of a run is the same whatever the batch size, the process that makes it, or how often the run was
resumed: its randomness is keyed by (seed, i).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pixpaint.layers.pixels import binarize, bytes_to_units
from pixpaint.models.encoder import Context
from pixpaint.orientation import ORIENTATIONS, orient
from pixpaint.training.masks import random_hole, strokes
from pixpaint.training.pictures import Pictures
from pixpaint.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Batch:
    """x (N, C, S, S) in [-1, 1]; what the model is told of it; labels (N,), orientations (N,) as int64; `like`
    (N, C, S, S), the pictures again that the model is shown, and zeros for those that it is not."""

    x: Tensor
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
            context=Context(*(move(plane) for plane in self.context)),
            labels=self.labels.to(device),
            orientations=self.orientations.to(device),
            like=move(self.like),
        )


def make_batch(pictures: Pictures, recipe: Recipe, numbers: Iterable[int]) -> Batch:
    """The examples of these numbers, on the CPU."""
    images, holes, hints, hinted, labels, orientations, shown = zip(
        *(_example(pictures, recipe, number) for number in numbers), strict=True
    )
    x, hint = (bytes_to_units(torch.from_numpy(np.stack(a)).movedim(-1, 1)) for a in (images, hints))
    hole, given = (torch.from_numpy(np.stack(a))[:, None].float() for a in (holes, hinted))
    return Batch(
        x=x,
        context=Context.of(x, hole, hint, given),
        labels=torch.tensor(labels),
        orientations=torch.tensor(orientations),
        like=x * torch.tensor(shown, dtype=x.dtype)[:, None, None, None],
    )


def _example(
    pictures: Pictures, recipe: Recipe, number: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.uint8], NDArray[np.bool_], int, int, bool]:
    """Picture (S, S, C), hole (S, S), hints (S, S, C), where they are (S, S), label, orientation, whether it is
    shown."""
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
    hints, hinted = image, np.zeros_like(hole)
    if kind < recipe.half_size_hints:
        hints, hinted = half_size(image), hole
    elif kind < recipe.half_size_hints + recipe.stroke_hints:
        hints, hinted = rough_colours(rng, image, hole)
    shown = recipe.likeness > 0 and bool(rng.random() < recipe.likeness)
    return np.ascontiguousarray(image), hole, np.ascontiguousarray(hints), hinted, label, orientation, shown


def half_size(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (H, W, C) at half its size, enlarged again: what the next coarser level of a pyramid knows of it.
    One a pixel high or wide has no half, and is given back."""
    height, width, channels = image.shape
    if min(height, width) < 2:
        return image
    small = image[: height // 2 * 2, : width // 2 * 2].reshape(height // 2, 2, width // 2, 2, channels)
    mean = np.rint(small.mean((1, 3))).astype(np.uint8)
    enlarged = Image.fromarray(mean if channels == 3 else mean[..., 0]).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return np.asarray(enlarged).reshape(height, width, channels)


def rough_colours(
    rng: np.random.Generator, image: NDArray[np.uint8], hole: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
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
