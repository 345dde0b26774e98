"""Of a hint every member of the family is told, wherever it lies, and of nothing but the hint."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pixpaint.errors import BadModel
from pixpaint.models.base import Model
from pixpaint.models.config import EncoderConfig, PixelCNNPPConfig
from pixpaint.models.encoder import Context
from pixpaint.models.family import new_model
from tests.registry import MODELS, model_of

HINTED = [name for name, config in MODELS.items() if config.hinted]
ALONE = [name for name in HINTED if MODELS[name].encoder is None]
SIDE, ROW, COLUMN = 16, 6, 9
ZERO = torch.zeros(1, dtype=torch.int64)


def picture(model: Model) -> torch.Tensor:
    """One whose pixels are all hidden."""
    torch.manual_seed(2)
    return (torch.rand(1, model.config.channels, SIDE, SIDE, dtype=torch.float64) * 2 - 1).sign()


def params(model: Model, hints: torch.Tensor | None) -> torch.Tensor:
    """Output parameters of a hidden picture with these hints everywhere, or without any."""
    x = picture(model)
    everywhere = torch.ones_like(x[:, :1])
    context = Context.of(x, everywhere, hints, None if hints is None else everywhere)
    return model(x, context, ZERO, ZERO).params


@pytest.mark.parametrize("name", HINTED)
def test_every_pixel_is_told_of_the_hint_where_it_lies_itself(name: str) -> None:
    """Later pixels' hints and those of all around it, too: the hint is known as a whole before the first pixel."""
    model = model_of(MODELS[name])
    hints = (0.5 * picture(model).roll(1, 2)).requires_grad_()
    told = params(model, hints)
    differs = (told != params(model, None)).any(1)
    assert differs.double().mean() > 0.9  # of units as few as these, all rest at a pixel here and there
    (gradient,) = torch.autograd.grad(told[0, :, ROW, COLUMN].square().sum(), hints)
    assert gradient[0, :, ROW - 1 : ROW + 2, COLUMN - 1 : COLUMN + 2].ne(0).all()


@pytest.mark.parametrize("name", HINTED)
def test_a_hint_that_is_nowhere_says_nothing(name: str) -> None:
    model = model_of(MODELS[name])
    x = picture(model)
    hidden, nowhere = torch.ones_like(x[:, :1]), torch.zeros_like(x[:, :1])
    context = Context.of(x, hidden, x, nowhere)
    assert torch.equal(model(x, context, ZERO, ZERO).params, params(model, None))


@pytest.mark.parametrize("name", ALONE)
def test_without_an_encoder_the_map_is_of_the_hint_alone(name: str) -> None:
    """What is known of the picture reaches the model as pixels do, so that it stays autoregressive."""
    model = model_of(MODELS[name])
    x = picture(model)
    everywhere = torch.ones_like(x[:, :1])
    shown, hidden = (
        model.maps(model.told(Context.of(x, hole, 0.3 * x, everywhere))[0], ZERO, ZERO)
        for hole in (0 * everywhere, everywhere)
    )
    for a, b in zip(shown, hidden, strict=True):
        assert a.shape[2] > 1
        assert torch.equal(a, b)


@pytest.mark.parametrize("name", ALONE)
def test_training_starts_from_the_model_that_is_told_nothing(name: str) -> None:
    torch.manual_seed(0)
    model = new_model(MODELS[name]).double().eval()
    assert torch.equal(params(model, 0.5 * picture(model)), params(model, None))


def test_only_means_are_counted_from_a_hint() -> None:
    encoder = EncoderConfig(widths=(4, 4, 4))
    grey = PixelCNNPPConfig(channels=1, hinted=True, encoder=encoder)
    assert grey.counted
    assert not replace(grey, levels=2).counted
    assert not replace(grey, encoder=None).counted
    assert not replace(grey, hinted=False).counted
    assert not any(MODELS[name].counted for name in ALONE)


@pytest.mark.parametrize("name", [*ALONE, "pixel_cnn_pp one bit, hinted"])
def test_a_smooth_continuation_is_for_means_that_are_counted(name: str) -> None:
    with pytest.raises(BadModel):
        replace(MODELS[name], smoothed=True)


@pytest.mark.parametrize("name", ALONE)
def test_memory_for_the_maps_is_asked_for(name: str) -> None:
    config = MODELS[name]
    hinted, plain = (sum(model_of(replace(config, hinted=h)).numbers_kept()) for h in (True, False))
    condition = model_of(config).condition(
        model_of(config).maps(
            model_of(config).told(
                Context.of(*(torch.zeros(1, c, 8, 8, dtype=torch.float64) for c in (config.channels, 1)))
            )[0],
            ZERO,
            ZERO,
        )
    )
    needed = sum(np.prod(plane.shape[1:]) for plane in condition.values()) / 64
    assert hinted - plain >= needed
