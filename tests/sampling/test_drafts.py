"""A fill that goes on takes up the coarser levels that it had finished, and only those of the very same fill."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from pixpaint.layers.output import Tempering
from pixpaint.models.base import Model
from pixpaint.sampling.drafts import Drafts
from pixpaint.sampling.events import RowPainted
from pixpaint.sampling.fill import fill
from pixpaint.sampling.together import together
from tests.registry import MODELS, model_of

TEMPERING = Tempering(calm=1.0, join=0.08)


@cache
def model() -> Model:
    return model_of(replace(MODELS["pixel_cnn_pp RGB"], crop=8))


def scene() -> tuple[np.ndarray, np.ndarray]:
    """A picture and a hole that takes four levels."""
    image = np.random.default_rng(0).integers(0, 256, (40, 44, 3), dtype=np.uint8)
    hole = np.zeros((40, 44), bool)
    hole[6:34, 8:38] = True
    return image, hole


def fill_of(image: np.ndarray, hole: np.ndarray, **options) -> list[RowPainted]:
    options = {"seed": 3, "tempering": TEMPERING, "engine": "torch"} | options
    return list(fill(model(), image, hole, **options))


def shown(image: np.ndarray, events: list[RowPainted]) -> tuple[np.ndarray, np.ndarray]:
    """The pictures (candidates, H, W, 3), and what of them is painted for good."""
    results = np.repeat(image[None], len(events[0].pixels), 0)
    painted = np.zeros(image.shape[:2], bool)
    for event in events:
        results[:, event.rows, event.columns] = event.pixels
        if not event.level:
            painted[event.rows, event.columns] = True
    return results, painted


def stopped_in_the_finest(image: np.ndarray, hole: np.ndarray, **options) -> list[RowPainted]:
    """The events of a fill that ends in the middle of its last level."""
    events = []
    options = {"seed": 3, "tempering": TEMPERING, "engine": "torch"} | options
    for event in fill(model(), image, hole, **options):
        events.append(event)
        if sum(not event.level for event in events) == 5:
            break
    return events


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_finished_is_shown_at_once_and_not_painted_again(kept: bool) -> None:
    image, hole = scene()
    unbroken, _ = shown(image, fill_of(image, hole))
    drafts = Drafts()
    half, painted = shown(image, stopped_in_the_finest(image, hole, drafts=drafts))
    rest = fill_of(half[0], hole, painted=painted, drafts=drafts if kept else None)
    np.testing.assert_array_equal(shown(half[0], rest)[0], unbroken)
    coarse = [event for event in rest if event.level]
    if not kept:
        assert {event.level for event in coarse} == {1, 2, 3}
        return
    (preview,) = coarse
    assert rest[0] is preview
    assert preview.level == 1
    covered = np.zeros_like(hole)
    covered[preview.rows, preview.columns] = True
    np.testing.assert_array_equal(covered, hole & ~painted)
    assert (preview.nats == 0).all()
    assert [event.done for event in rest] == sorted(event.done for event in rest)
    assert rest[-1].done == rest[-1].total
    assert rest[-1].row == rest[-1].row_count


def test_progress_goes_on_where_it_was() -> None:
    image, hole = scene()
    drafts = Drafts()
    before = stopped_in_the_finest(image, hole, drafts=drafts, tempering=Tempering())
    half, painted = shown(image, before)
    rest = fill_of(half[0], hole, painted=painted, drafts=drafts, tempering=Tempering())
    assert rest[0].done == before[-1].done
    assert rest[0].total == before[-1].total


def test_several_answers_go_on_together() -> None:
    image, hole = scene()
    unbroken, _ = shown(image, fill_of(image, hole, candidates=3))
    drafts = Drafts()
    half, painted = shown(image, stopped_in_the_finest(image, hole, candidates=3, drafts=drafts))
    fills = [
        fill(
            model(),
            own,
            hole,
            seed=3 + k,
            tempering=TEMPERING,
            engine="torch",
            painted=painted,
            drafts=drafts,
        )
        for k, own in enumerate(half)
    ]
    rest = list(together(fills))
    assert sum(event.level > 0 for event in rest) == 1
    results = half.copy()
    for event in rest:
        results[:, event.rows, event.columns] = event.pixels
    np.testing.assert_array_equal(results, unbroken)


CHANGES: dict[str, Callable[[np.ndarray, np.ndarray], dict]] = {
    "another seed": lambda image, hole: {"seed": 4},
    "another temperature": lambda image, hole: {"tempering": TEMPERING._replace(scale=0.5)},
    "another class": lambda image, hole: {"label": 1},
    "a known pixel": lambda image, hole: image.__setitem__((0, 0), 255 - image[0, 0]) or {},
    "a larger hole": lambda image, hole: hole.__setitem__((5, 20), True) or {},
}


@pytest.mark.parametrize("change", CHANGES)
def test_all_else_must_be_the_same(change: str) -> None:
    image, hole = scene()
    drafts = Drafts()
    fill_of(image, hole, drafts=drafts, label=0)
    options = {"label": 0} | CHANGES[change](image, hole)
    changed = fill_of(image, hole, drafts=drafts, **options)
    assert sum(event.level > 0 for event in changed) > 1
    np.testing.assert_array_equal(shown(image, changed)[0], shown(image, fill_of(image, hole, **options))[0])


def test_those_that_were_not_asked_for_longest_go() -> None:
    picture = np.zeros((1, 2, 2, 3), np.uint8)
    drafts = Drafts(limit=3 * picture.nbytes)
    for k in range(3):
        drafts.keep(k, [7], picture + np.uint8(k))
    assert drafts.find(0, [7]) is not None
    drafts.keep(3, [7], picture)
    assert [drafts.find(k, [7]) is not None for k in range(4)] == [True, False, True, True]
    assert drafts.find(2, [7, 8]) is None
    np.testing.assert_array_equal(drafts.find(2, [7]), picture + 2)


def test_new_answers_of_the_same_hole_take_the_place_of_old_ones() -> None:
    drafts = Drafts(limit=3 * 12)
    for seed in range(5):
        drafts.keep("hole", [seed], np.full((1, 2, 2, 3), seed, np.uint8))
    assert [drafts.find("hole", [seed]) is not None for seed in range(5)] == [False, False, True, True, True]


def test_what_there_is_no_room_for_drives_nothing_out() -> None:
    drafts = Drafts(limit=2 * 12)
    drafts.keep("small", [1, 2], np.zeros((2, 2, 2, 3), np.uint8))
    drafts.keep("large", [1, 2, 3], np.zeros((3, 2, 2, 3), np.uint8))
    assert drafts.find("large", [1]) is None
    assert drafts.find("small", [2, 1]) is not None


def test_answers_of_one_fill_are_found_one_by_one_in_any_order() -> None:
    drafts = Drafts()
    drafts.keep("hole", [5, 6, 7], np.arange(3, dtype=np.uint8).repeat(12).reshape(3, 2, 2, 3))
    assert [int(drafts.find("hole", [seed])[0, 0, 0, 0]) for seed in (7, 5, 6)] == [2, 0, 1]
    assert drafts.find("hole", [7, 5])[:, 0, 0, 0].tolist() == [2, 0]
