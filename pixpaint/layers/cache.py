"""What lies around a chunk of an image: zeros in training, remembered features in sampling.

A *chunk* is the part of an image that one call covers: the whole image, one row, a run of known pixels or one
pixel. Every causal layer has one `forward(x, cache)` that sees its chunk and the *halo* around it. The halo is
all that differs between training and sampling:

- `NoCache`: the chunk is the whole image, and outside it there is nothing but zeros.
- `FeatureCache`: one plane of features a layer, as large as the image. A layer writes its chunk into its plane
  and reads it back together with the cells around it. Writing is idempotent, so a row may be painted again from
  any pixel on, and pixels that are already known may be passed over or done twice.

How a strided network runs one pixel at a time (Fast PixelCNN++, arXiv 1704.06001, calls it *cache every* and *run
every*): a layer at 1/scale resolution has work to do only when the chunk owns a new cell there,
`cache.owns_cell(scale)`; a strided layer still records every cell it is given, because the next one it computes
reads them.

A chunk of a `FeatureCache` is a band of full rows, a single row, or part of a row. Chunks wider or higher than
one pixel start at a multiple of the coarsest scale. Shapes are (N, C, H, W) throughout; H and W are multiples of
that scale.
"""

from collections.abc import Hashable
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

WIDEST = 6
"""Of any layer's halo the rows above, and the columns left and right together: a kernel of 7 x 7."""


class Halo(NamedTuple):
    """How many cells a layer reads above, left and right of its chunk; none are ever read below."""

    top: int
    left: int
    right: int


class Chunk(NamedTuple):
    """Part of an image, in pixels at full resolution."""

    row: int
    column: int
    height: int
    width: int


class Cache(Protocol):
    """What a causal layer asks of its surroundings. `owner` is the layer, the name of its plane."""

    def surround(self, owner: Hashable, x: Tensor, halo: Halo, scale: int) -> Tensor:
        """The chunk `x` (N, C, h, w) with its halo: (N, C, top + h, left + w + right)."""

    def record(self, owner: Hashable, x: Tensor, halo: Halo, scale: int) -> None:
        """Makes `x` (N, C, h, w) the chunk's part of a plane that `recorded` reads with the same halo."""

    def recorded(self, owner: Hashable, like: Tensor, halo: Halo, scale: int) -> Tensor:
        """What was last recorded in the chunk and its halo, zero where nothing was: (N, C, top + h, left + w + right)
        for `like` (N, C, h, w), of which only the shape and the kind count. A recurrent layer reads the states around
        its chunk before it can write those in it."""

    def owns_cell(self, scale: int) -> bool:
        """Whether the chunk holds the first pixel of a cell at 1/`scale` resolution, so that the cell is due."""

    def spread(self, owner: Hashable, block: Tensor, scale: int) -> Tensor:
        """Of enlarged cells, `block`, that may reach beyond the chunk, the chunk's part at 1/`scale`."""

    def recall(self, owner: Hashable, scale: int) -> Tensor:
        """The chunk's part of what was last given to `spread`: the cell was not due."""

    def publish(self, key: Hashable, x: Tensor, scale: int) -> None:
        """Lets another stack read these features of the chunk, by `published`."""

    def published(self, key: Hashable, scale: int) -> Tensor:
        """The chunk's part of what was published under `key`."""

    def crop(self, plane: Tensor, scale: int) -> Tensor:
        """The chunk's part of a plane (N, C, H/scale, W/scale) of the whole image, or of one (N, C, 1, 1) that holds
        everywhere."""


class NoCache:
    """The whole image in one chunk, zeros outside: training and evaluation. One object serves one pass."""

    def __init__(self) -> None:
        self._published: dict[Hashable, Tensor] = {}

    def surround(self, owner: Hashable, x: Tensor, halo: Halo, scale: int) -> Tensor:
        return F.pad(x, (halo.left, halo.right, halo.top, 0))

    def record(self, owner: Hashable, x: Tensor, halo: Halo, scale: int) -> None:
        pass  # nothing comes after the whole image

    def recorded(self, owner: Hashable, like: Tensor, halo: Halo, scale: int) -> Tensor:
        n, channels, height, width = like.shape
        size = (n, channels, halo.top + height, halo.left + width + halo.right)
        return like.new_zeros(()).expand(size)

    def owns_cell(self, scale: int) -> bool:
        return True

    def spread(self, owner: Hashable, block: Tensor, scale: int) -> Tensor:
        return block

    def recall(self, owner: Hashable, scale: int) -> Tensor:
        raise AssertionError("the whole image owns every cell, so nothing is recalled")

    def publish(self, key: Hashable, x: Tensor, scale: int) -> None:
        self._published[key] = x

    def published(self, key: Hashable, scale: int) -> Tensor:
        return self._published[key]

    def crop(self, plane: Tensor, scale: int) -> Tensor:
        return plane


class FeatureCache:
    """Full-size planes of features for an image of `height` x `width` pixels; `move_to` says which chunk comes next.

    The cache belongs to a fill, not to the model, so two fills can share one model. Planes are made on first use, with
    the dtype, device and batch size of what is written.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.chunk = Chunk(0, 0, height, width)
        self.planes: dict[Hashable, Tensor] = {}
        self._boxes: dict[int, Chunk] = {}

    def move_to(self, row: int, column: int, height: int, width: int) -> None:
        """The next calls cover this chunk, in pixels."""
        self.chunk = Chunk(row, column, height, width)
        self._boxes = {}

    def _box(self, scale: int) -> Chunk:
        """The chunk in cells at 1/scale: those that hold its pixels."""
        box = self._boxes.get(scale)
        if box is None:
            row, column, height, width = self.chunk
            top, left = row // scale, column // scale
            box = Chunk(
                top, left, (row + height - 1) // scale - top + 1, (column + width - 1) // scale - left + 1
            )
            self._boxes[scale] = box
        return box

    def _plane(self, key: Hashable, like: Tensor, height: int, width: int) -> Tensor:
        plane = self.planes.get(key)
        if plane is None:
            plane = torch.zeros(
                like.shape[0], like.shape[1], height, width, dtype=like.dtype, device=like.device
            )
            self.planes[key] = plane
        return plane

    def surround(self, owner: Hashable, x: Tensor, halo: Halo, scale: int) -> Tensor:
        self.record(owner, x, halo, scale)
        return self.recorded(owner, x, halo, scale)

    def _bordered(self, owner: Hashable, like: Tensor, halo: Halo, scale: int) -> Tensor:
        """A plane whose first `top` rows, `left` and `right` columns stay zero: the image's border."""
        height, width = self.height // scale + halo.top, self.width // scale + halo.left + halo.right
        return self._plane(owner, like, height, width)

    def record(self, owner: Hashable, x: Tensor, halo: Halo, scale: int) -> None:
        row, column, rows, columns = self._box(scale)
        plane = self._bordered(owner, x, halo, scale)
        self._write(plane, Chunk(row + halo.top, column + halo.left, rows, columns), scale, x)

    def recorded(self, owner: Hashable, like: Tensor, halo: Halo, scale: int) -> Tensor:
        row, column, rows, columns = self._box(scale)
        plane = self._bordered(owner, like, halo, scale)
        return self._read(plane, Chunk(row, column, halo.top + rows, halo.left + columns + halo.right), scale)

    def owns_cell(self, scale: int) -> bool:
        return self.chunk.row % scale == 0 and self.chunk.column % scale == 0

    def spread(self, owner: Hashable, block: Tensor, scale: int) -> Tensor:
        plane = self._plane(owner, block, self.height // scale, self.width // scale)
        coarse = self._box(2 * scale)
        self._write(plane, Chunk(2 * coarse.row, 2 * coarse.column, *block.shape[2:]), scale, block)
        return self.crop(plane, scale)

    def recall(self, owner: Hashable, scale: int) -> Tensor:
        return self.crop(self.planes[owner], scale)

    def publish(self, key: Hashable, x: Tensor, scale: int) -> None:
        self.paste(self._plane(key, x, self.height // scale, self.width // scale), x, scale)

    def published(self, key: Hashable, scale: int) -> Tensor:
        return self.crop(self.planes[key], scale)

    def crop(self, plane: Tensor, scale: int) -> Tensor:
        if plane.shape[2] == plane.shape[3] == 1:
            return plane
        return self._read(plane, self._box(scale), scale)

    def paste(self, plane: Tensor, x: Tensor, scale: int) -> None:
        """Makes `x` the chunk's part of a plane of the whole image."""
        self._write(plane, self._box(scale), scale, x)

    def _read(self, plane: Tensor, box: Chunk, scale: int) -> Tensor:
        row, column, rows, columns = box
        return plane[:, :, row : row + rows, column : column + columns]

    def _write(self, plane: Tensor, box: Chunk, scale: int, x: Tensor) -> None:
        row, column, rows, columns = box
        plane[:, :, row : row + rows, column : column + columns] = x


class MovingCache(FeatureCache):
    """The planes of a FeatureCache around a chunk whose place is known to the device alone: a pixel or a row.

    `phase` is the chunk as if it lay in the first coarsest cell (of 1/`coarsest` resolution): with its row and column
    modulo `coarsest`. On them alone it depends which cells are due, so the same calls, with the same arguments, do for
    all chunks of a phase. Where the chunk is, `locate` reads from `position`: row and column, int64 (2,).
    """

    def __init__(self, cache: FeatureCache, phase: Chunk, position: Tensor, coarsest: int) -> None:
        super().__init__(cache.height, cache.width)
        self.planes = cache.planes
        self.chunk = phase
        self._position = position[:, None]
        scales = [2**level for level in range(coarsest.bit_length())]
        self._scales = torch.tensor(scales, device=position.device)[:, None, None]
        # A box reaches so many cells beyond the chunk at the most: the widest halo.
        self._reach = torch.arange(phase.width + WIDEST, device=position.device)
        self._cells: dict[int, Tensor] = {}

    def locate(self) -> None:
        """The next calls cover the chunk at `position`."""
        cells = self._position // self._scales + self._reach  # (scales, 2, reach)
        self._cells = {2**level: cells[level] for level in range(len(cells))}

    def _at(self, box: Chunk, scale: int) -> tuple[Tensor, Tensor]:
        """The rows (rows, 1) and columns (columns,) of a box, which is given for the first coarsest cell."""
        row, column = box.row - self.chunk.row // scale, box.column - self.chunk.column // scale
        rows, columns = self._cells[scale]
        return rows[row : row + box.height, None], columns[column : column + box.width]

    def _read(self, plane: Tensor, box: Chunk, scale: int) -> Tensor:
        rows, columns = self._at(box, scale)
        return plane[:, :, rows, columns]

    def _write(self, plane: Tensor, box: Chunk, scale: int, x: Tensor) -> None:
        rows, columns = self._at(box, scale)
        plane[:, :, rows, columns] = x
