import numpy as np
import pytest
import torch

from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.encoder import Context
from pixpaint.sampling.fit import RANKED, fits
from tests.registry import MODELS, model_of

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
HOLE = np.zeros((8, 8), bool)
HOLE[2:6, 3:6] = True


def test_the_fit_is_what_the_whole_window_costs_a_model_that_is_shown_nothing() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    ((weights,),) = (fits(model, PICTURES, HOLE),)
    x = bytes_to_units(torch.from_numpy(PICTURES).movedim(-1, 1), torch.float64)
    nothing = Context.of(x, torch.ones_like(x[:, :1]))
    label, upright = torch.full((3,), model.config.classes), torch.zeros(3, dtype=torch.int64)
    with torch.inference_mode():
        log_prob = model.output.log_prob(model(x, nothing, label, upright).params, x)
    np.testing.assert_allclose(weights, log_prob.sum((1, 2)).numpy(), rtol=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_ranks_and_each_level_has_its_part(name: str) -> None:
    model = model_of(MODELS[name])
    pictures = np.random.default_rng(0).integers(0, 256, (2, 20, 21, 3), dtype=np.uint8)
    hole = np.zeros((20, 21), bool)
    hole[4:16, 4:16] = True
    pyramid = model.config.hinted
    weights = fits(model, pictures, hole)
    assert weights.shape == (RANKED if pyramid else 1, 2)
    assert np.isfinite(weights).all()
    assert (weights[:, 0] != weights[:, 1]).all()


def test_what_the_finest_of_many_levels_adds_does_not_count() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    picture = np.random.default_rng(0).integers(50, 200, (20, 21, 3), dtype=np.uint8)
    hole = np.zeros((20, 21), bool)
    hole[4:16, 4:16] = True
    finer = picture.copy()  # means of 2 x 2 pixels are the same
    finer[4:16:2, 4:16] += 5
    finer[5:16:2, 4:16] -= 5
    weights = fits(model, np.stack([picture, finer]), hole)
    np.testing.assert_allclose(weights[:, 0], weights[:, 1])


def test_colours_that_are_not_expected_count_against_a_fill() -> None:
    """Around the hole all is plain; at the coarsest level, a quarter of the size, it has 3 x 3 pixels of 3 channels."""
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    pictures = np.full((2, 32, 32, 3), 100, np.uint8)
    hole = np.zeros((32, 32), bool)
    hole[12:24, 12:24] = True
    pictures[1][hole] = 145
    free, half, held = (fits(model, pictures, hole, hold=hold) for hold in (0.0, 0.5, 1.0))
    assert (len(free), len(half), len(held)) == (2, 1, 1)
    np.testing.assert_allclose((held - free[:1])[0], [0, -0.5 * 27 * 1.5**2], atol=0.5)
    np.testing.assert_allclose((half - free[:1])[0], (held - free[:1])[0] / 2)


def test_pixels_far_from_the_hole_do_not_matter() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    pictures = np.random.default_rng(0).integers(0, 256, (1, 40, 40, 3), dtype=np.uint8)
    hole = np.zeros((40, 40), bool)
    hole[2:5, 2:5] = True
    other = pictures.copy()
    other[:, 20:] = 0
    np.testing.assert_array_equal(fits(model, pictures, hole), fits(model, other, hole))


def test_it_stops_when_asked() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    assert not fits(model, PICTURES, HOLE, stop=lambda: True).any()
