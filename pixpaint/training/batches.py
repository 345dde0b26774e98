"""Batches of training examples: a picture, a hole, hints, a label, an orientation.

Example number i of a run is the same whatever the batch size, the process that makes it, or how often the run was
resumed: its randomness is keyed by (seed, i).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.encoder import Context
from pixpaint.orientation import ORIENTATIONS, orient
from pixpaint.scaling import Bytes, Hole, doubled, halved, quantized
from pixpaint.training.drift import drifted, drifted_details
from pixpaint.training.masks import random_hole, strokes
from pixpaint.training.pictures import Pictures
from pixpaint.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Batch:
    """x (N, C, S, S) in [-1, 1]; `read`, the same as the model reads them, see `Recipe.drift`; `counted` (N, 1, S, S),
    1 for the hidden pixels to learn from; what the model is told of the pictures; labels (N,), orientations (N,) as
    int64; `like` (N, C, S, S), the pictures again that the model is shown, and zeros for those that it is not."""

    x: Tensor
    read: Tensor
    counted: Tensor
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
            counted=move(self.counted),
            context=Context(*(move(plane) for plane in self.context)),
            labels=self.labels.to(device),
            orientations=self.orientations.to(device),
            like=move(self.like),
        )


class Example(NamedTuple):
    """One of a batch, size S: a picture (S, S, C), the same as it is read, the hole (S, S), the part of it that counts,
    whether what is read of it drifts, hints (S, S, C) and where they are, label, orientation, whether the model is
    shown the picture."""

    image: Bytes
    read: Bytes
    hole: Hole
    counted: Hole
    drifts: bool
    hints: NDArray[Any]
    hinted: Hole
    label: int
    orientation: int
    shown: bool


def make_batch(pictures: Pictures, recipe: Recipe, numbers: Iterable[int]) -> Batch:
    """The examples of these numbers, on the CPU."""
    examples = [make_example(pictures, recipe, number) for number in numbers]

    def planes(arrays: Iterable[NDArray[Any]]) -> Tensor:
        return bytes_to_units(torch.from_numpy(np.stack(list(arrays))).movedim(-1, 1))

    def masks(arrays: Iterable[Hole]) -> Tensor:
        return torch.from_numpy(np.stack(list(arrays)))[:, None].float()

    def chosen(whether: Iterable[bool]) -> Tensor:
        return torch.tensor(list(whether)).float()[:, None, None, None]

    x, hole = planes(e.image for e in examples), masks(e.hole for e in examples)
    hints, hinted = planes(e.hints.astype(np.float32) for e in examples), masks(e.hinted for e in examples)
    return Batch(
        x=x,
        read=planes(e.read for e in examples),
        counted=masks(e.counted for e in examples),
        context=Context.of(x, hole, hints, hinted)._replace(
            painted=hole * chosen(e.drifts for e in examples)
        ),
        labels=torch.tensor([e.label for e in examples]),
        orientations=torch.tensor([e.orientation for e in examples]),
        like=x * chosen(e.shown for e in examples),
    )


def make_example(pictures: Pictures, recipe: Recipe, number: int) -> Example:
    """The example of this number."""
    rng = np.random.Generator(np.random.Philox(key=np.array([recipe.seed, number], np.uint64)))
    config = recipe.model
    size = config.crop
    image, label = pictures.sample(rng, size)
    image = quantized(image, config.levels)
    if label < 0 or rng.random() < recipe.no_class:
        label = config.classes
    orientation = int(rng.integers(1, ORIENTATIONS)) if rng.random() < recipe.turned else 0
    image = orient(image, orientation)
    hole = np.ones((size, size), bool) if rng.random() < recipe.whole else random_hole(rng, size, size)
    kind = rng.random()
    hints: NDArray[Any] = image
    hinted = np.zeros_like(hole)
    if kind < recipe.half_size_hints:
        hints, hinted = doubled(halved(image, config.levels)), np.ones_like(hole)
    elif kind < recipe.half_size_hints + recipe.stroke_hints:
        hints, hinted = rough_colours(rng, image, hole)
    shown = recipe.likeness > 0 and bool(rng.random() < recipe.likeness)
    read, counted = image, hole
    drifts = recipe.drift > 0 and not hole.all() and bool(rng.random() < recipe.drift)
    if drifts and hinted.all() and config.counted:
        read, counted = drifted_details(rng, image, hole)
    elif drifts:
        read = drifted(rng, image, hole)
    return Example(image, read, hole, counted, drifts, hints, hinted, label, orientation, shown)


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
