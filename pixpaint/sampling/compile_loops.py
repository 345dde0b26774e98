"""Compiles the `fused` engine's loops, or loads them: `python -m pixpaint.sampling.compile_loops` does so and ends."""

import numpy as np
import torch

from pixpaint.models.config import PixelCNNConfig, PixelCNNPPConfig
from pixpaint.models.family import new_model
from pixpaint.sampling import compile_cache
from pixpaint.sampling.fill_fused import fill_fused
from pixpaint.sampling.window import Window

_done = False


def compile_loops() -> None:
    """Makes the loops ready for models in float32 whose weights float16 holds, as files do, by a fill of two pixels: it
    takes some 20 s where they are not kept from an earlier time, else half a second, and nothing where they are in use
    already."""
    global _done
    if _done:
        return
    configs = (
        PixelCNNPPConfig(channels=1, features=1, blocks=1, components=1, dropout=0.0, context=1),
        PixelCNNConfig(channels=1, features=1, blocks=1, head=1),
    )
    hole = np.zeros((4, 8), bool)
    hole[0, 1] = hole[1, 0] = True
    noise = np.full((1, 4, 8, 4), 0.5)
    image = np.zeros((4, 8, 1), np.uint8)
    window = Window(image=image, hole=hole, todo=hole, noise=noise, label=0, orientation=0)
    for config in configs:
        with torch.random.fork_rng(devices=[]):
            model = new_model(config).eval()
        for parameter in model.parameters():
            parameter.data.zero_()
        list(fill_fused(model, window, 1.0, lambda: False))
    compile_cache.mark_ready()
    _done = True


if __name__ == "__main__":
    compile_loops()
