"""A picture that the result is to be like: shown in the orientation that a hole is painted in, alike to all engines."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from pixpaint.models.config import GatedPixelCNNConfig
from pixpaint.models.gated_pixel_cnn import GatedPixelCNN
from pixpaint.orientation import orient
from pixpaint.sampling.fill import ENGINES, fill
from pixpaint.sampling.fill_cached import fill_cached
from pixpaint.sampling.window import Window

CONFIG = GatedPixelCNNConfig(
    channels=1,
    levels=2,
    features=6,
    layers=3,
    kernel=3,
    head=9,
    oriented=True,
    likeness=True,
    context=5,
    crop=8,
)
SIDE = 10
LIKE = np.zeros((SIDE, SIDE, 3), np.uint8)
LIKE[1:4, 2:9] = 255  # no orientation but its own looks like it


@pytest.fixture
def model() -> GatedPixelCNN:
    torch.manual_seed(0)
    made = GatedPixelCNN(CONFIG).double().eval()
    for weight in made.parameters():
        if weight.ndim > 1:  # what tells the model starts at zero
            nn.init.normal_(weight, std=0.5)
    return made


def paint(model: GatedPixelCNN, engine: str, like: np.ndarray | None) -> np.ndarray:
    """The upper part of a picture, which is turned for it."""
    image = np.random.default_rng(1).integers(0, 2, (SIDE, SIDE, 1), dtype=np.uint8).repeat(3, 2) * 255
    hole = np.zeros((SIDE, SIDE), bool)
    hole[:6] = True
    for event in fill(model, image, hole, seed=3, engine=engine, like=like):
        image[event.rows, event.columns] = event.pixels[0]
    return image


def test_it_is_turned_as_the_window_is(model: GatedPixelCNN, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Window] = []

    def engine(by: GatedPixelCNN, window: Window, *rest: object) -> Iterator[object]:
        seen.append(window)
        yield from fill_cached(by, window, *rest)

    monkeypatch.setitem(ENGINES, "torch", engine)
    paint(model, "torch", LIKE)
    (window,) = seen
    assert window.like is not None
    assert window.orientation != 0
    np.testing.assert_array_equal(window.like[..., 0], orient(LIKE[..., 0], window.orientation))
    assert not np.array_equal(window.like[..., 0], LIKE[..., 0])


def test_all_engines_are_shown_it(model: GatedPixelCNN) -> None:
    pictures = [paint(model, engine, LIKE) for engine in ("reference", "torch", "fused")]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    np.testing.assert_array_equal(pictures[0], pictures[2])
    assert not np.array_equal(pictures[0], paint(model, "torch", None)), "it makes a difference"


def test_a_model_that_is_shown_a_picture_still_sees_no_later_pixel(model: GatedPixelCNN) -> None:
    x = torch.rand(1, 1, 6, 6, dtype=torch.float64, requires_grad=True)
    like = torch.rand(1, 1, 6, 6, dtype=torch.float64)
    params = model(x, None, None, torch.tensor([3]), like).params
    (gradient,) = torch.autograd.grad(params[..., 3, 2].sum(), x)
    assert not gradient.flatten()[3 * 6 + 2 :].any()
    assert gradient.flatten()[3 * 6 + 1] != 0
