"""A picture that the result is to be like: shown in the orientation that a hole is painted in, alike to all engines."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from pixpaint.models.base import Model
from pixpaint.orientation import orient
from pixpaint.sampling.fill import ENGINES, fill
from pixpaint.sampling.fill_cached import fill_cached
from pixpaint.sampling.window import Window
from tests.registry import MODELS, model_of

SIDE = 10
LIKE = np.zeros((SIDE, SIDE, 3), np.uint8)
LIKE[1:4, 2:9] = 255  # no orientation but its own looks like it


@pytest.fixture
def model() -> Model:
    made = model_of(MODELS["gated_pixel_cnn RGB"])
    for weight in made.parameters():
        if weight.ndim > 1:  # large enough that what it is shown tells
            nn.init.normal_(weight, std=0.5)
    return made


def paint(model: Model, engine: str, like: np.ndarray | None) -> np.ndarray:
    """The upper part of a picture, which is turned for it."""
    image = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    hole = np.zeros((SIDE, SIDE), bool)
    hole[:6] = True
    for event in fill(model, image, hole, seed=3, engine=engine, like=like):
        image[event.rows, event.columns] = event.pixels[0]
    return image


def test_it_is_turned_as_the_window_is(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Window] = []

    def engine(by: Model, window: Window, *rest: object) -> Iterator[object]:
        seen.append(window)
        yield from fill_cached(by, window, *rest)

    monkeypatch.setitem(ENGINES, "torch", engine)
    paint(model, "torch", LIKE)
    (window,) = seen
    assert window.like is not None
    assert window.orientation != 0
    np.testing.assert_array_equal(window.like, orient(LIKE, window.orientation))
    assert not np.array_equal(window.like, LIKE)


def test_all_engines_are_shown_it(model: Model) -> None:
    pictures = [paint(model, engine, LIKE) for engine in ("reference", "torch", "fused")]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    np.testing.assert_array_equal(pictures[0], pictures[2])
    assert not np.array_equal(pictures[0], paint(model, "torch", None)), "it makes a difference"


def test_a_model_that_is_shown_a_picture_still_sees_no_later_pixel(model: Model) -> None:
    x = torch.rand(1, 3, 6, 6, dtype=torch.float64, requires_grad=True)
    like = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    params = model(x, None, torch.tensor([2]), torch.tensor([3]), like).params
    (gradient,) = torch.autograd.grad(params[..., 3, 2].sum(), x)
    gradient = gradient.flatten(2)
    assert not gradient[..., 3 * 6 + 3 :].any()
    assert not gradient[0, 2, 3 * 6 + 2], "nor its own last channel"
    assert gradient[..., 3 * 6 + 1].all()
