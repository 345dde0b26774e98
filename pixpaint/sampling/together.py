"""Fills of the same hole side by side, reported as one fill of all their candidates.

Engines paint several candidates from one picture. A fill of several that was stopped has a picture for each by then, so
that each goes on as a fill of its own; in turn, row by row, they are seen to grow together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from pixpaint.sampling.events import RowPainted


def together(fills: Sequence[Iterator[RowPainted]]) -> Iterator[RowPainted]:
    """The rows of all, whose candidates are joined in this order; where they were stopped, those that all have
    finished."""
    for parts in zip(*fills, strict=False):
        if len({part.done for part in parts}) > 1:
            return  # one was stopped within its row
        pixels = np.concatenate([part.pixels for part in parts])
        yield replace(parts[0], pixels=pixels, nats=np.concatenate([part.nats for part in parts]))
