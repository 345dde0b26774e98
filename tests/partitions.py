"""Hypothesis strategies for the ways an image may be cut into chunks, and for holes."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pixpaint.layers.cache import Chunk


@st.composite
def chunks(
    draw: st.DrawFn, height: int, width: int, coarsest: int, *, full_rows: bool = False
) -> list[Chunk]:
    """A raster-order partition: bands of full rows from whole coarsest cells on, single rows, and single rows cut into
    pixels and, from whole coarsest cells on, wider runs."""
    parts = []
    row = 0
    while row < height:
        if row % coarsest == 0 and draw(st.booleans()):
            rows = draw(st.integers(1, height - row))
            parts.append(Chunk(row, 0, rows, width))
            row += rows
            continue
        column = 0
        while column < width:
            columns = width if full_rows else 1
            if column % coarsest == 0 and not full_rows:
                columns = draw(st.integers(1, width - column))
            parts.append(Chunk(row, column, 1, columns))
            column += columns
        row += 1
    return parts


def holes(height: int, width: int) -> st.SearchStrategy[np.ndarray]:
    """One pixel, everything, a box that may touch edges, islands: never empty."""

    @st.composite
    def boxes(draw: st.DrawFn) -> np.ndarray:
        hole = np.zeros((height, width), bool)
        for _ in range(draw(st.integers(1, 2))):
            top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
            bottom, right = draw(st.integers(top + 1, height)), draw(st.integers(left + 1, width))
            hole[top:bottom, left:right] = True
        return hole

    def dot(at: tuple[int, int]) -> np.ndarray:
        hole = np.zeros((height, width), bool)
        hole[at] = True
        return hole

    dots = st.tuples(st.integers(0, height - 1), st.integers(0, width - 1)).map(dot)
    scattered = hnp.arrays(bool, (height, width)).filter(lambda hole: bool(hole.any()))
    return st.one_of(dots, st.just(np.ones((height, width), bool)), boxes(), scattered)
