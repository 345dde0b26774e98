"""Holes whose windows would be too large are painted in several that overlap, each shown what those before it
painted."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixpaint.models.base import Model
from pixpaint.orientation import restore
from pixpaint.sampling import plan as planning
from pixpaint.sampling.fill import ENGINES, fill
from pixpaint.sampling.fill_cached import fill_cached
from pixpaint.sampling.plan import plan
from pixpaint.sampling.window import PaintedRow, Window
from tests.partitions import holes
from tests.registry import MODELS, model_of

CROP = 8
LARGEST = 20 * 20
SHAPE = (40, 44)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SMALL", LARGEST // 2)
    monkeypatch.setattr(planning, "LARGEST", LARGEST)


@pytest.fixture(scope="module", params=["pixel_cnn_pp RGB", "gated_pixel_cnn RGB"])
def model(request: pytest.FixtureRequest) -> Model:
    return model_of(MODELS[request.param])


def scratch() -> np.ndarray:
    """A line three pixels wide from corner to corner, with a blot."""
    hole = np.zeros(SHAPE, bool)
    for row in range(3, 37):
        hole[row, row : row + 3] = True
    hole[20:26, 8:22] = True
    return hole


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*SHAPE, 3), dtype=np.uint8)


def painted(model: Model, image: np.ndarray, hole: np.ndarray, **options: object) -> np.ndarray:
    count = options.get("candidates", 1)
    results = np.repeat(image[None], count, 0)
    for event in fill(model, image, hole, **options):
        results[:, event.rows, event.columns] = event.pixels
    return results


@given(st.data())
def test_each_pixel_belongs_to_one_job_and_its_window_is_not_too_large(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    hole = data.draw(holes(height, width))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "SMALL", LARGEST // 2)
        patch.setattr(planning, "LARGEST", LARGEST)
        jobs = plan(hole, CROP, oriented=False)
    covered = np.zeros_like(hole, int)
    for job in jobs:
        covered[job.box] += hole[job.box]
        inside = np.zeros_like(hole)
        inside[job.window] = True
        assert inside[job.box].all()
        assert job.height * job.width <= LARGEST or max(job.height, job.width) <= 2 * CROP
        if len(jobs) > 1:  # all that a pixel needs around it
            assert job.row <= max(job.rows.start - CROP // 2, 0)
            assert job.column + job.width >= min(job.columns.stop + CROP // 2, width)
    np.testing.assert_array_equal(covered, hole)


def test_a_scratch_is_painted_in_several_windows_and_nothing_else_changes(model: Model) -> None:
    hole = scratch()
    assert len(plan(hole, CROP, oriented=False)) > 2
    image = picture(0)
    (result,) = painted(model, image, hole, seed=3)
    np.testing.assert_array_equal(result[~hole], image[~hole])
    erased = np.where(hole[..., None], picture(1), image)
    np.testing.assert_array_equal(painted(model, erased, hole, seed=3)[0], result)


@pytest.mark.parametrize("engine", ["reference", "fused"])
def test_every_engine_paints_the_same(model: Model, engine: str) -> None:
    results = [painted(model, picture(0), scratch(), seed=3, engine=name) for name in ("torch", engine)]
    np.testing.assert_array_equal(*results)


def test_a_candidate_is_what_its_seed_paints_alone(model: Model) -> None:
    several = painted(model, picture(0), scratch(), seed=3, candidates=3)
    for k, result in enumerate(several):
        np.testing.assert_array_equal(result, painted(model, picture(0), scratch(), seed=3 + k)[0])


def test_a_stopped_fill_goes_on_to_the_same(model: Model) -> None:
    image, hole = picture(0), scratch()
    whole = painted(model, image, hole, seed=3)[0]

    def rows() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        so_far, done = image.copy(), np.zeros(SHAPE, bool)
        for event in fill(model, image, hole, seed=3):
            if not event.level:
                so_far[event.rows, event.columns] = event.pixels[0]
                done[event.rows, event.columns] = True
                yield so_far, done

    events = [(so_far.copy(), done.copy()) for so_far, done in rows()]
    for so_far, done in events[:: max(1, len(events) // 5)]:
        if done[hole].all():
            continue
        went_on = so_far.copy()
        for event in fill(model, so_far, hole, seed=3, painted=done):
            went_on[event.rows, event.columns] = event.pixels[0]
        np.testing.assert_array_equal(went_on, whole)


def test_a_window_is_shown_what_those_before_painted_and_nothing_that_is_erased(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, hole = model_of(MODELS["gated_pixel_cnn RGB"]), scratch()
    seen: list[Window] = []

    def engine(model: Model, window: Window, *rest: Any) -> Iterator[PaintedRow]:
        seen.append(window)
        return fill_cached(model, window, *rest)

    monkeypatch.setitem(ENGINES, "torch", engine)
    (result,) = painted(model, picture(0), hole, seed=3, engine="torch")
    jobs = plan(hole, CROP, oriented=model.config.oriented)
    assert len(seen) == len(jobs)
    earlier = np.zeros_like(hole)
    for job, window in zip(jobs, seen, strict=True):
        marks = {name: restore(getattr(window, name), job.orientation) for name in ("hole", "todo", "image")}
        hidden = (hole & ~earlier)[job.window]
        np.testing.assert_array_equal(marks["hole"], hidden)
        known = ~hidden
        np.testing.assert_array_equal(marks["image"][known], result[job.window][known])
        last = np.flatnonzero(window.todo.any(1))[-1]
        np.testing.assert_array_equal(window.todo[: last + 1], window.hole[: last + 1])
        own = np.zeros_like(hole)
        own[job.box] = hole[job.box]
        assert (marks["todo"] >= own[job.window]).all()
        earlier |= own
