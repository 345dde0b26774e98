"""A fill's time is the whole of it, whether it is painted whole or a sample of it is scaled up."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pixpaint.bench import timing
from pixpaint.bench.subjects import random_model
from pixpaint.bench.timing import RUNS, Task, Timing, time_fill, time_fills, time_whole
from pixpaint.models.config import PixelCNNConfig, PixelCNNPPConfig

MODEL = random_model(PixelCNNPPConfig(features=4, blocks=1, components=2, crop=8))
START = 2.0  # seconds until the first pixel's turn


class Machine:
    """A machine on which engines take known times: reference a second a pixel, the others what `row` says."""

    def __init__(self, row: Callable[[int], float]) -> None:
        self.now, self.row = 100.0, row
        self.fills: list[int] = []  # the pixels painted in each

    def clock(self) -> float:
        return self.now

    def fill(
        self, model: Any, image: Any, hole: Any, *, engine: str, painted: Any, **_: Any
    ) -> Iterator[Any]:
        todo = hole if painted is None else hole & ~painted
        self.fills.append(int(todo.sum()))
        self.now += START
        for row in np.flatnonzero(todo.any(1)).tolist():
            self.now += todo[row].sum() * 1.0 if engine == "reference" else self.row(row)
            yield SimpleNamespace()


@pytest.fixture
def task() -> Task:
    return Task.of_nothing(MODEL, 32, 24, 1)


def phases(row: int) -> float:
    """A row costs more where coarse cells are due, as in a network of three scales."""
    return 4.0 if row % 4 == 0 else 2.0 if row % 2 == 0 else 1.0


WHOLE = START + sum(phases(row) for row in range(32))


def machine(monkeypatch: pytest.MonkeyPatch, row: Callable[[int], float] = phases) -> Machine:
    made = Machine(row)
    monkeypatch.setattr(timing, "fill", made.fill)
    return made


@pytest.mark.parametrize("patience", [0.0, 5.5, 1e9])
def test_the_reference_is_scaled_up_from_pixels(
    patience: float, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = machine(monkeypatch)
    timed = time_fill(task, "reference", patience, made.clock)
    assert not timed.turns
    assert timed.seconds == pytest.approx(START + 32 * 24)
    assert made.fills == [1, {0.0: 3, 5.5: 3, 1e9: 16}[patience]]


def test_a_long_fill_is_scaled_up_from_rows_at_the_top_and_at_the_bottom(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = machine(monkeypatch)
    timed = time_fill(task, "torch", WHOLE - 1, made.clock)
    assert not timed.turns
    assert timed.seconds == pytest.approx(WHOLE)
    assert made.fills == [5 * 24] * 3


def test_of_a_model_of_one_scale_two_rows_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    made = machine(monkeypatch, lambda row: 3.0 if row >= 16 else 2.0)
    model = random_model(PixelCNNConfig(features=4, blocks=1, head=4, crop=8))
    timed = time_fill(Task.of_nothing(model, 32, 24, 1), "torch", 50.0, made.clock)
    assert not timed.turns
    assert timed.seconds == pytest.approx(START + 16 * 2 + 16 * 3)
    assert made.fills == [2 * 24] * 3


@pytest.mark.parametrize(("times", "runs"), [(1.1, 1), (2.1, 2), (1000, RUNS)])
def test_a_short_fill_is_painted_whole_after_an_untimed_one(
    times: float, runs: int, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = machine(monkeypatch)
    timed = time_fill(task, "fused", WHOLE * times, made.clock)
    assert len(timed.turns) == runs
    assert timed.seconds == pytest.approx(WHOLE)
    assert made.fills == [5 * 24] + [32 * 24] * runs


def test_the_median_passes_over_a_run_that_was_disturbed(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    made = machine(monkeypatch, lambda row: 500.0 if len(made.fills) == 2 else 1.0)
    assert time_whole(task, "fused", 3, made.clock).seconds == pytest.approx(START + 32)


def test_fills_that_are_compared_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that grows slower and slower is so for both; one of them is too long to have as many turns."""
    made = machine(monkeypatch, lambda row: float(len(made.fills)))
    monkeypatch.setattr(timing, "RUNS", 3)
    short, long = (Task.of_nothing(MODEL, rows, 24, 1) for rows in (16, 32))
    alone, first, second = time_fills([short, short, long], "fused", 360.0, made.clock)
    pixels = [16 * 24, 16 * 24, 32 * 24]
    assert made.fills == [5 * 24] * 3 + pixels * 3
    assert second.seconds == second.turns[1] == START + 32 * 9
    assert first.times(alone) == pytest.approx((START + 16 * 8) / (START + 16 * 7))
    alone, second = time_fills([short, long], "fused", 600.0, made.clock)
    assert (len(alone.turns), len(second.turns)) == (2, 1)
    assert second.times(alone) == second.turns[0] / alone.turns[0]
    assert second.times(Timing(seconds=1.0)) is None


def test_a_hole_lies_in_the_middle() -> None:
    task = Task.of_hole(MODEL, hole=4, side=10, candidates=2)
    assert task.hole[3:7, 3:7].all()
    assert task.hole.sum() == 16
    assert (task.image.shape, task.candidates) == ((10, 10, 3), 2)


@pytest.mark.parametrize("engine", ["reference", "torch", "fused"])
def test_real_fills_report_as_many_rows_as_they_are_asked_for(engine: str, task: Task) -> None:
    painted = np.ones((32, 24), bool)
    painted[4:6, 3:5] = False
    times = timing.row_times(task, engine, painted)
    assert len(times) == 2
    assert 0 < times[0] < times[1]
