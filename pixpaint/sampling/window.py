"""A window of the picture as an engine is given it: cut out, oriented, in the model's channels, on the model's
device."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.base import Model, framed
from pixpaint.models.encoder import Context


class PaintedRow(NamedTuple):
    """A row of a window: the columns painted, their pixels (candidates, C, n) uint8, and their nats (candidates, n)."""

    row: int
    columns: list[int]
    pixels: Tensor
    nats: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """image uint8 (h, w, C); hole bool (h, w): hidden from the encoder; todo bool (h, w): the part of the hole
    that is still to be drawn; noise (candidates, h, w, 4); label, or the number of classes for none; orientation
    0 to 7; like uint8 (h', w', C): a picture that the result is to be like."""

    image: NDArray[np.uint8]
    hole: NDArray[np.bool_]
    todo: NDArray[np.bool_]
    noise: NDArray[np.float64]
    label: int
    orientation: int
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
        return [replace(self, noise=part) for part in np.array_split(self.noise, count)]

    def noise_planes(self, like: Tensor) -> Tensor:
        """The noise as (candidates, 4, h, w), of the dtype and on the device of `like`."""
        return torch.from_numpy(np.moveaxis(self.noise, -1, 1)).to(like)

    def units(self, like: Tensor) -> Tensor:
        """The picture (1, C, h, w) in [-1, 1], zero where it is still to be drawn."""
        seen = np.where(self.todo[..., None], 0, self.image)
        x = bytes_to_units(torch.from_numpy(seen).movedim(-1, 0)[None], like.dtype).to(like.device)
        return x * torch.from_numpy(~self.todo).to(x)

    def maps(self, model: Model, rows: int | None = None) -> list[Tensor]:
        """What the model is told of the known pixels, the class and the orientation, once a fill; of the first so many
        rows, whole coarsest cells, or of all."""
        like = model.head.weight
        x = self.units(like)
        hole = torch.from_numpy(self.hole).to(x)[None, None]
        label, orientation = (
            torch.tensor([value], device=x.device) for value in (self.label, self.orientation)
        )
        shown = None
        if self.like is not None:
            shown = bytes_to_units(torch.tensor(self.like), x.dtype).to(x.device).movedim(-1, 0)[None]
        maps = model.maps(Context.of(x, hole).padded(model.coarsest), label, orientation, shown)
        return [m if rows is None else m[:, :, : rows // 2**scale] for scale, m in enumerate(maps)]

    def frame(self, model: Model, rows: int | None = None) -> Tensor:
        """The picture, or so many rows of it, framed for the decoder, see `framed`: (candidates, C + 1, h' + 1,
        w' + 1)."""
        x = self.units(model.head.weight)[:, :, :rows]
        height, width = (-(-side // model.coarsest) * model.coarsest for side in x.shape[2:])
        return framed(x, (height, width)).repeat(self.candidates, 1, 1, 1)
