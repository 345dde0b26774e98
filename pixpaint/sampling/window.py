"""A window of the picture as an engine is given it: cut out, oriented, in the model's channels, on the model's
device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.layers.pixels import Bytes, bytes_to_units
from pixpaint.models.base import Condition, Model, framed
from pixpaint.models.encoder import Base, Context


class PaintedRow(NamedTuple):
    """A row of a window: the columns painted, their pixels (candidates, n, C), and their nats (candidates, n)."""

    row: int
    columns: NDArray[np.intp]
    pixels: Bytes
    nats: NDArray[np.float64]


def abreast(fills: Sequence[Iterator[PaintedRow]]) -> Iterator[PaintedRow]:
    """The rows of windows of the same holes with other candidates each, as those of one window. Where they were
    stopped, as far as all have come."""
    if len(fills) == 1:
        yield from fills[0]
        return
    for parts in zip(*fills, strict=False):
        counts = {len(part.columns) for part in parts}
        common = min(counts)
        pixels = np.concatenate([part.pixels[:, :common] for part in parts])
        nats = np.concatenate([part.nats[:, :common] for part in parts])
        yield PaintedRow(parts[0].row, parts[0].columns[:common], pixels, nats)
        if len(counts) > 1:
            return


class Told(NamedTuple):
    """What a model is told of a window, or of its first rows, in whole coarsest cells: maps, (1, widths[s], h', w') at
    each scale, and what pixels are counted from, see `Base`, (1, 2C + 1, h', w'), zeros if from nothing; where there
    are hints (candidates, ...), but for the zeros."""

    maps: list[Tensor]
    base: Tensor

    def condition(self, model: Model) -> Condition:
        """The same as each layer is given it."""
        return model.condition(self.maps, self.base if model.config.counted else None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """image uint8 (h, w, C); hole bool (h, w): hidden from the encoder; todo bool (h, w): the part of the hole
    that is still to be drawn; noise (candidates, h, w, 4); label, or the number of classes for none; orientation
    0 to 7; hints float32 (candidates, h, w, C), in bytes, if any, each candidate's own, everywhere; like
    uint8 (h', w', C): a picture that the result is to be like, in the same orientation."""

    image: NDArray[np.uint8]
    hole: NDArray[np.bool_]
    todo: NDArray[np.bool_]
    noise: NDArray[np.float64]
    label: int
    orientation: int
    hints: NDArray[np.float32] | None = None
    like: NDArray[np.uint8] | None = None

    @property
    def candidates(self) -> int:
        """How many answers are painted at once."""
        return len(self.noise)

    def rows(self, model: Model) -> int:
        """How many rows a decoder has to run: up to the last one to be drawn, in whole coarsest cells. Those below it
        only the encoder sees."""
        last = int(np.flatnonzero(self.todo.any(1))[-1])
        rows: int = (last // model.coarsest + 1) * model.coarsest
        return rows

    def shares(self, count: int) -> "list[Window]":
        """The window as `count` windows with a share of the candidates each."""
        noise = np.array_split(self.noise, count)
        if self.hints is None:
            return [replace(self, noise=part) for part in noise]
        hints = np.array_split(self.hints, count)
        return [replace(self, noise=part, hints=own) for part, own in zip(noise, hints, strict=True)]

    def noise_planes(self, like: Tensor) -> Tensor:
        """The noise as (candidates, 4, h, w), of the dtype and on the device of `like`."""
        return torch.from_numpy(np.moveaxis(self.noise, -1, 1)).to(like)

    def units(self, like: Tensor) -> Tensor:
        """The picture (1, C, h, w) in [-1, 1], zero where it is still to be drawn."""
        seen = np.where(self.todo[..., None], 0, self.image)
        x = bytes_to_units(torch.from_numpy(seen).movedim(-1, 0)[None], like.dtype).to(like.device)
        return x * torch.from_numpy(~self.todo).to(x)

    def told(self, model: Model, rows: int | None = None) -> "Told":
        """What the model is told of the known pixels, the hints, the class, the orientation and the likeness, once a
        fill; of the first so many rows, whole coarsest cells, or of all."""
        context, base = model.told(self.context(model))
        label, orientation = (
            torch.tensor([value], device=context.hole.device) for value in (self.label, self.orientation)
        )
        shown = None
        if self.like is not None:
            shown = bytes_to_units(torch.tensor(self.like), context.hole.dtype).to(context.hole.device)
            shown = shown.movedim(-1, 0)[None]
        maps = model.maps(context, label, orientation, shown)
        if base is None:
            base = context.hole.new_zeros(1, 2 * context.known.shape[1] + 1, *context.hole.shape[2:])
        return Told(
            [m if rows is None else m[:, :, : rows // 2**scale] for scale, m in enumerate(maps)],
            base[:, :, :rows],
        )

    def context(self, model: Model) -> Context:
        """What the encoder is shown, (1, ...) or, where there are hints, (candidates, ...)."""
        x = self.units(model.head.weight)
        hole = torch.from_numpy(self.hole).to(x)[None, None]
        if self.hints is None:
            return Context.of(x, hole).as_painted()
        hints = bytes_to_units(torch.from_numpy(self.hints).movedim(-1, 1), x.dtype).to(x.device)
        known, hidden = (t.repeat(len(hints), 1, 1, 1) for t in (x, hole))
        return Context.of(known, hidden, hints, torch.ones_like(hidden)).as_painted()

    def frame(self, model: Model, base: Tensor, rows: int | None = None) -> Tensor:
        """The picture, or so many rows of it, counted from `base` and framed for the decoder, see `framed`:
        (candidates, C + 1, h' + 1, w' + 1)."""
        x = self.units(model.head.weight)[:, :, :rows]
        cell, (height, width) = model.coarsest, x.shape[2:]
        x = (x - Base.of(base).origin[:, :, :height, :width]).expand(self.candidates, -1, -1, -1)
        return framed(x, (-(-height // cell) * cell, -(-width // cell) * cell)).contiguous()
