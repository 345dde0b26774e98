"""What the tests of training share: a tiny recipe, four pictures, and the losses of a run."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pixpaint.models.config import PixelCNNPPConfig
from pixpaint.training.pictures import Pictures
from pixpaint.training.recipe import Recipe
from pixpaint.training.train import Loop, TrainOptions
from tests.registry import SMALL_ENCODER

MODEL = PixelCNNPPConfig(
    channels=1, features=8, blocks=1, components=3, dropout=0.0, oriented=True, encoder=SMALL_ENCODER, crop=8
)
RECIPE = Recipe(
    name="tiny",
    model=MODEL,
    data="folder",
    batch=4,
    steps=6,
    learning_rate=3e-3,
    warmup=2,
    ema=0.9,
    bf16=False,
)


@dataclass(frozen=True, kw_only=True)
class FourPictures(Pictures):
    """Four fixed pictures: two ramps, a chessboard, a cross."""

    channels: int = 1
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return 4

    def _all(self, size: int) -> np.ndarray:
        rows, columns = np.indices((size, size))
        cross = np.where((rows == size // 2) | (columns == size // 3), 0, 255)
        four = [rows * 255 // size, columns * 255 // size, (rows + columns) % 2 * 255, cross]
        return np.repeat(np.stack(four)[..., None].astype(np.uint8), self.channels, 3)

    def sample(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, int]:
        return self._all(size)[rng.integers(4)], -1

    def held_out(self, size: int, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        return self._all(size)[:limit], np.full(4, -1)[:limit]


class Clock:
    """Each look at it is `tick` seconds later."""

    def __init__(self, tick: float) -> None:
        self.now, self.tick = 0.0, tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


def loop_of(recipe: Recipe, folder: Path, *, pictures: Pictures | None = None, resume: bool = False) -> Loop:
    """A loop over the four pictures, or others."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = pictures or FourPictures(channels=recipe.model.channels)
    return Loop(TrainOptions(recipe=recipe, folder=folder, resume=resume), pictures)


def take(loop: Loop, steps: int) -> list[float]:
    """The losses of so many steps, after which the state is saved."""
    batches = loop.batches()
    losses = [loop.step(next(batches)) for _ in range(steps)]
    batches.close()
    loop.state.save(loop.checkpoint)
    return losses


def losses_of(recipe: Recipe, folder: Path, steps: int, *, resume: bool = False) -> list[float]:
    return take(loop_of(recipe, folder, resume=resume), steps)
