"""The `reference` engine: one full forward pass of the network for every pixel, as the papers sample.

It is the executable specification that every other engine is held to, and the baseline of every benchmark.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from pixpaint.layers.output import Tempering
from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.base import Model
from pixpaint.models.encoder import Base
from pixpaint.sampling.window import PaintedRow, Window


@torch.inference_mode()
def fill_slowly(
    model: Model, window: Window, tempering: Tempering, stop: Callable[[], bool]
) -> Iterator[PaintedRow]:
    """Paints the window's `todo` pixels in raster order."""
    told = window.told(model)
    condition = told.condition(model)
    frame = window.frame(model, told.base)
    origin = Base.of(told.base).origin
    noise = window.noise_planes(frame)
    picture = frame[:, :-1, 1:, 1:]  # what is written here is in the frame
    for row in np.flatnonzero(window.todo.any(1)).tolist():
        painted, pixels, nats = [], [], []
        for column in np.flatnonzero(window.todo[row]).tolist():
            if stop():
                break
            here = (..., slice(row, row + 1), slice(column, column + 1))
            for _ in range(model.substeps):
                params = model.decode(frame, condition)[here]
                pixel = model.output.sample(params, noise[here], tempering)  # (candidates, C, 1, 1)
                x = bytes_to_units(pixel, frame.dtype)
                picture[here] = x - origin[here]
            nats.append(-model.output.log_prob(params, x)[:, 0].double())
            painted.append(column)
            pixels.append(pixel[..., 0].movedim(1, 2))
        if painted:
            drawn, cost = (torch.cat(parts, 1).cpu().numpy() for parts in (pixels, nats))
            yield PaintedRow(row, np.array(painted), drawn, cost)
        if len(painted) < np.count_nonzero(window.todo[row]):
            return
