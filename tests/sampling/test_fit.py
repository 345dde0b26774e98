import numpy as np
import pytest
import torch

from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.encoder import Context
from pixpaint.sampling.fill import fill
from pixpaint.sampling.fit import RANKED, fits
from tests.registry import MODELS, model_of

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
HOLE = np.zeros((8, 8), bool)
HOLE[2:6, 3:6] = True


def test_the_fit_is_what_all_cost_shown_nothing_less_what_the_hole_costs_shown_the_rest() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    ((weights,),) = (fits(model, PICTURES, HOLE),)
    x = bytes_to_units(torch.from_numpy(PICTURES).movedim(-1, 1), torch.float64)
    hole = torch.from_numpy(HOLE).double().expand(3, 1, 8, 8)
    label, upright = torch.full((3,), model.config.classes), torch.zeros(3, dtype=torch.int64)
    with torch.inference_mode():
        free, told = (
            model.output.log_prob(model(x, Context.of(x, hidden).as_painted(), label, upright).params, x)
            for hidden in (torch.ones_like(hole), hole)
        )
    expected = free.sum((1, 2)) - (told * hole[:, 0]).sum((1, 2))
    np.testing.assert_allclose(weights, expected.numpy(), rtol=1e-9)


def test_of_a_fill_the_conditional_part_is_what_it_was_drawn_with() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    results = np.repeat(PICTURES[:1], 2, 0)
    nats = np.zeros(2)
    for event in fill(model, PICTURES[0], HOLE, candidates=2, engine="torch"):
        results[:, event.rows, event.columns] = event.pixels
        nats += event.nats
    x = bytes_to_units(torch.from_numpy(results).movedim(-1, 1), torch.float64)
    everything = Context.of(x, torch.ones_like(x[:, :1]))
    label, upright = torch.full((2,), model.config.classes), torch.zeros(2, dtype=torch.int64)
    with torch.inference_mode():
        free = model.output.log_prob(model(x, everything, label, upright).params, x).sum((1, 2))
    np.testing.assert_allclose(fits(model, results, HOLE)[0], free.numpy() + nats, rtol=1e-9)


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
