"""A photograph in grey stays one, whatever model paints in it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pixpaint.errors import BadMask
from pixpaint.models.card import ModelCard
from pixpaint.models.checkpoint import save_model
from pixpaint.recipe import FillSettings
from pixpaint.sampling.painting import Painter
from tests.registry import MODELS, model_of


@pytest.fixture
def settings(tmp_path: Path) -> FillSettings:
    model = model_of(MODELS["pixel_cnn_pp RGB"], torch.float32)
    path = save_model(model, ModelCard(name="colours", config={}, classes=("cat", "fish")), tmp_path).path
    return FillSettings(model=str(path), engine="torch", candidates=2)


def painted(settings: FillSettings, image: np.ndarray) -> np.ndarray:
    hole = np.zeros(image.shape[:2], bool)
    hole[4:9, 3:12] = True
    found = [event.pixels for event in Painter().paint(settings, image, hole) if not event.level]
    return np.concatenate(found, axis=1)


def test_a_photograph_in_grey_is_filled_in_grey_and_others_are_not(settings: FillSettings) -> None:
    rng = np.random.default_rng(0)
    photograph = np.repeat(rng.integers(0, 256, (16, 16, 1), dtype=np.uint8), 3, axis=2)
    pixels = painted(settings, photograph)
    assert (np.ptp(pixels, axis=-1) == 0).all()
    assert np.ptp(pixels) > 0
    photograph[0, 0] = (200, 100, 0)
    assert (np.ptp(painted(settings, photograph), axis=-1) > 0).any()
    ink = np.where(rng.random((16, 16, 1)) < 0.2, 0, 255).astype(np.uint8).repeat(3, axis=2)
    assert (np.ptp(painted(settings, ink), axis=-1) > 0).any(), "a drawing may be coloured"


def test_a_hole_of_another_size_is_told_as_ever(settings: FillSettings) -> None:
    with pytest.raises(BadMask):
        list(Painter().paint(settings, np.zeros((16, 16, 3), np.uint8), np.ones((9, 9), bool)))
