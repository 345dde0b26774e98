"""What a fill reports while it runs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class RowPainted:
    """One more row of the hole is painted, or the part of it that was done when the fill was stopped.

    Pixel i lies at (`rows[i]`, `columns[i]`) of the picture: a fill may take the picture turned or mirrored, so
    its rows need not be the picture's. `pixels` is RGB uint8 (candidates, n, 3); `nats` (candidates,) float64 is
    -log p of the row's pixels, as they were drawn, under the model as it was trained. `row` counts from 1 to
    `row_count`, `done` pixels of `total` are painted, those painted before a continued fill included.

    A fill that is blended in shows all of a part of the hole with the part's last row, since all may have changed.

    Where a hole is painted coarse to fine, `level` above 0 says that a row of a picture 2^level times smaller was
    painted: the pixels are what its cells cover of the hole, to be shown until a finer level has replaced them, and
    `row`, `done` and their likes count the rows and cells of all levels.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    pixels: NDArray[np.uint8]
    nats: NDArray[np.float64]
    row: int
    row_count: int
    done: int
    total: int
    level: int = 0
