"""How long a fill takes: the whole of it where that is short, else a sample of its pixels or rows, scaled to the whole.

The time is that from the call of `fill` to its last row: encoder, prefill and noise are in it. Before it is taken, the
engine has painted the picture's first rows untimed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from pixpaint.models.base import Model
from pixpaint.sampling.fill import fill

Clock = Callable[[], float]

RUNS = 5
"""A short fill is repeated so often, time allowing, and the median taken."""

FEWEST, MOST = 3, 16
"""Pixels that the reference engine is timed at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """A fill to be timed: picture uint8 (H, W, 3), hole bool (H, W)."""

    model: Model
    image: NDArray[np.uint8]
    hole: NDArray[np.bool_]
    candidates: int = 1

    @classmethod
    def of_nothing(cls, model: Model, height: int, width: int, candidates: int) -> "Task":
        """A picture whose every pixel is hidden."""
        image, hole = np.zeros((height, width, 3), np.uint8), np.ones((height, width), bool)
        return cls(model=model, image=image, hole=hole, candidates=candidates)

    @classmethod
    def of_hole(cls, model: Model, hole: int, side: int, candidates: int = 1) -> "Task":
        """A square hole in the middle of a square picture of noise."""
        image = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
        first = (side - hole) // 2
        mask = np.zeros((side, side), bool)
        mask[first : first + hole, first : first + hole] = True
        return cls(model=model, image=image, hole=mask, candidates=candidates)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds a fill takes: the median of whole ones, `turns`, or from a sample of one, where there are none."""

    seconds: float
    turns: tuple[float, ...] = ()

    @classmethod
    def of(cls, turns: Sequence[float]) -> "Timing":
        """Of whole fills."""
        return cls(seconds=median(turns), turns=tuple(turns))

    def times(self, other: "Timing") -> float | None:
        """How many times as long as the other it takes: the median of the turns that both had; None without any."""
        ratios = [mine / its for mine, its in zip(self.turns, other.turns, strict=False)]
        return median(ratios) if ratios else None


def row_times(
    task: Task, engine: str, painted: NDArray[np.bool_] | None = None, clock: Clock = perf_counter
) -> list[float]:
    """Seconds from the call to each row of a fill; `painted` pixels (H, W) are taken to be there already."""
    start = clock()
    events = fill(
        task.model, task.image, task.hole, candidates=task.candidates, engine=engine, painted=painted
    )
    return [clock() - start for _ in events]


def time_whole(task: Task, engine: str, runs: int, clock: Clock = perf_counter) -> Timing:
    """The median of whole fills."""
    return Timing.of([row_times(task, engine, clock=clock)[-1] for _ in range(runs)])


def time_fill(task: Task, engine: str, patience: float, clock: Clock = perf_counter) -> Timing:
    """Times the fill of a picture that is hidden everywhere, in not much more than `patience` seconds: it has more rows
    than a coarsest cell."""
    return time_fills([task], engine, patience, clock)[0]


def time_fills(
    tasks: Sequence[Task], engine: str, patience: float, clock: Clock = perf_counter
) -> list[Timing]:
    """Times several fills, `patience` seconds each, roughly. Those that are painted whole take turns: what slows the
    machine down for a while slows them all, so that they can be compared."""
    if engine == "reference":
        return [_time_pixels(task, patience, clock) for task in tasks]
    counts = []
    for task in tasks:
        start, row = _time_rows(task, engine, 0, clock)
        counts.append(min(RUNS, int(patience / (start + len(task.hole) * row))))
    turns: list[list[float]] = [[] for _ in tasks]
    for turn in range(RUNS):
        for task, count, times in zip(tasks, counts, turns, strict=True):
            if turn < count:
                times.append(row_times(task, engine, clock=clock)[-1])
    return [
        Timing.of(times) if times else _time_top_and_bottom(task, engine, clock)
        for task, times in zip(tasks, turns, strict=True)
    ]


def _time_top_and_bottom(task: Task, engine: str, clock: Clock) -> Timing:
    """A long fill is scaled up from some of its first and of its last rows."""
    height = len(task.hole)
    start, top = _time_rows(task, engine, 0, clock)
    _, bottom = _time_rows(task, engine, height - 1 - task.model.coarsest, clock)
    return Timing(seconds=start + height * mean((top, bottom)))


def _time_rows(task: Task, engine: str, first: int, clock: Clock) -> tuple[float, float]:
    """Seconds before row `first` is begun, and seconds a row: the mean over as many as a coarsest cell has, the last of
    which costs what row `first` does."""
    count = task.model.coarsest
    todo = np.zeros_like(task.hole)
    todo[first : first + 1 + count] = True
    rows = row_times(task, engine, ~todo, clock)
    return rows[0] - (rows[-1] - rows[-2]), (rows[-1] - rows[0]) / count


def _time_pixels(task: Task, patience: float, clock: Clock) -> Timing:
    """The reference engine computes the whole picture for each pixel, wherever it lies: some pixels tell, from the
    first to the last at equal distances, each in a row of its own."""

    def times(count: int) -> list[float]:
        todo = np.zeros(task.hole.size, bool)
        todo[np.linspace(0, task.hole.size - 1, count).astype(int)] = True
        return row_times(task, "reference", ~todo.reshape(task.hole.shape), clock)

    (once,) = times(1)
    count = min(MOST, len(task.hole), max(FEWEST, int(patience / once)))
    rows = times(count)
    pixel = (rows[-1] - rows[0]) / (count - 1)
    return Timing(seconds=rows[0] - pixel + pixel * task.hole.size)
