"""What a fill is while it lasts: its state, how far it is, and all that is needed to go on with it."""

import dataclasses
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from pixpaint.gui.answers import Answers
from pixpaint.gui.fill_worker import Means
from pixpaint.recipe import DEVICES, FillSettings, Recipe


class State(Enum):
    """STOPPED lasts while the fill can be continued: until anything else is done to the document. CHOOSING lasts while
    several answers, finished or stopped, wait to be kept or discarded: until then nothing else can be done to it."""

    IDLE = "idle"
    FILLING = "filling"
    STOPPING = "stopping"
    STOPPED = "stopped"
    CHOOSING = "choosing"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`row` of `row_count` is painted, where all rows are the picture's and not those of `several_levels`;
    `seconds_left` is None while there is nothing to tell it from."""

    row: int
    row_count: int
    done: int
    total: int
    several_levels: bool = False
    seconds_left: float | None = None

    @property
    def percent(self) -> int:
        """100 only when all is painted."""
        return 100 * self.done // self.total


@dataclass(kw_only=True, eq=False)
class Fill:
    """The fill being painted, or stopped: all that is needed to go on as if it had not been stopped.

    `asked` are the settings it was started with; `settings` may have come to another device, or one of the answers.
    """

    number: int
    asked: FillSettings
    settings: FillSettings
    hole: NDArray[np.bool_]
    painted: NDArray[np.bool_]
    means: Means | None = None
    answers: Answers | None = None
    progress: Progress | None = None

    @property
    def complete(self) -> bool:
        return np.array_equal(self.painted, self.hole)

    def recipe(self, pixels: NDArray[np.uint8]) -> Recipe | None:
        """The recipe of the finished picture (H, W, 3); of several answers, that of the current one."""
        if self.means is None:
            return None
        device = self.means.device if self.means.device in DEVICES else self.settings.device
        settings = dataclasses.replace(self.of_current(), engine=self.means.engine, device=device)
        return Recipe.of_fill(
            settings, self.means.model_sha256, pixels, self.hole, coarse_sha256=self.means.coarse_sha256
        )

    def of_current(self) -> FillSettings:
        """What paints the current answer alone."""
        if self.answers is None:
            return self.settings
        seed = self.answers.seeds[self.answers.current]
        return dataclasses.replace(self.settings, seed=seed, candidates=1)
