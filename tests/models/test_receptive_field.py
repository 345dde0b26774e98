"""What a pixel sees, measured from gradients, is what its model declares, on the picture and weights at hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from pixpaint.models.base import Model
from pixpaint.models.encoder import Context
from pixpaint.models.receptive_field import receptive_field, typical_field
from tests.registry import MODELS, model_of

HEIGHT, WIDTH = 15, 18  # no whole number of coarsest cells
PLACES = [(0, 0), (0, 7), (6, 6), (9, 1), (14, 17)]


def pictures(model: Model, count: int = 3, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    shape = (count, model.config.channels, HEIGHT, WIDTH)
    return torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1


def square_hole() -> Tensor:
    hole = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.float64)
    hole[..., 5:11, 4:12] = 1
    return hole


@pytest.mark.parametrize("name", MODELS)
def test_the_measured_field_is_the_declared_one_and_nothing_later(name: str) -> None:
    model = model_of(MODELS[name])
    x, everything = pictures(model), torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.float64)
    for at in PLACES:
        seen = receptive_field(model, x, everything, at).seen
        declared = [
            [model.sees(at[0] - r, c - at[1]) if (r, c) < at else False for c in range(WIDTH)]
            for r in range(HEIGHT)
        ]
        must = np.array([[sees is True for sees in line] for line in declared])
        must_not = np.array([[sees is False for sees in line] for line in declared])
        assert seen[must].all(), at
        assert not seen[must_not].any(), at


def test_the_blind_spot_of_pixel_cnn_is_plain_to_see() -> None:
    model = model_of(MODELS["pixel_cnn one bit, oriented"])  # with three blocks
    seen = typical_field(model, (7, 13), (6, 6), pictures=8).seen
    assert ["".join(".#"[sees] for sees in line) for line in seen.astype(int)] == [
        "#############",
        "#############",
        "#############",
        "############.",
        "###########..",
        "##########...",
        "######.......",
    ]


@pytest.mark.parametrize("name", ["pixel_cnn_pp RGB", "pixel_cnn_pp grey", "gated_pixel_cnn RGB"])
def test_the_encoder_sees_what_is_known_on_all_sides(name: str) -> None:
    model = model_of(MODELS[name])
    field = receptive_field(model, pictures(model), square_hole(), (8, 8))
    if model.config.encoder is None:
        assert field.encoder is None
    else:
        assert field.encoder is not None
        assert np.array_equal(field.encoder > 0, square_hole()[0, 0].numpy() == 0)


@pytest.mark.parametrize("name", ["pixel_cnn_pp one bit, classes only", "gated_pixel_cnn one bit, alone"])
def test_of_few_parameters_the_measure_is_exact(name: str) -> None:
    """Against the derivatives of a whole forward pass."""
    model, at = model_of(MODELS[name]), (9, 7)
    x = pictures(model, 1)
    expected = jacobian_norm(model, x, square_hole(), at)
    assert receptive_field(model, x, square_hole(), at).decoder == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["pixel_cnn_pp RGB", "pixel_cnn grey"])
def test_of_many_parameters_it_is_near(name: str) -> None:
    model, at = model_of(MODELS[name]), (9, 7)
    x = pictures(model, 1)
    expected = jacobian_norm(model, x, square_hole(), at)
    measured = receptive_field(model, x, square_hole(), at).decoder
    seen = expected > 0
    assert np.array_equal(measured > 0, seen)
    off = np.log2(measured[seen] / expected[seen])
    assert abs(np.median(off)) < 1
    assert np.abs(off).max() < 4


def jacobian_norm(model: Model, x: Tensor, hole: Tensor, at: tuple[int, int]) -> np.ndarray:
    """The norm of all derivatives of the pixel's parameters by each earlier pixel, without the encoder's part."""
    context = Context.of(x, hole)
    label = torch.tensor([model.config.classes])

    def params(x: Tensor) -> Tensor:
        return model(x, context, label, torch.tensor([0])).params[0, :, at[0], at[1]]

    derivatives = torch.autograd.functional.jacobian(params, x)
    norm = derivatives.square().sum((0, 1, 2)).sqrt().numpy()
    norm[at] = 0
    return norm


def test_the_class_and_the_picture_matter_and_nothing_is_left_behind() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    x, hole = pictures(model), square_hole()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    none, cat = (receptive_field(model, x, hole, (8, 8), label=label).decoder for label in (None, 0))
    other = receptive_field(model, pictures(model, seed=1), hole, (8, 8)).decoder
    assert not np.allclose(none, cat, rtol=1e-6)
    assert not np.allclose(none, other, rtol=1e-6)
    assert np.array_equal(none, receptive_field(model, x, hole, (8, 8)).decoder)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())
