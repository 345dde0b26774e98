"""What the compiled loops compute number by number is what layers/output.py computes for whole pictures."""

from typing import Any

import numpy as np
import pytest
import torch

from pixpaint.layers.output import DiscretizedLogisticMixture
from pixpaint.sampling import drawing
from pixpaint.sampling.compiled import compiled


@compiled
def exponentials(x: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = drawing.exp(x[i])


@compiled
def tangents(x: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = drawing.tanh(x[i])


@compiled
def nats(p: Any, y: Any, levels: int, components: int, origin: Any, base: Any) -> Any:
    return drawing.log_prob(p, y, levels, components, origin, base)


@pytest.mark.parametrize(("kind", "end"), [(np.float32, 87), (np.float64, 700)])
def test_exponentials_are_good_to_the_last_digits(kind: Any, end: int) -> None:
    x = np.linspace(-end, end, 400_001).astype(kind)
    found = np.empty_like(x)
    exponentials(x, found)
    exact = np.exp(x.astype(np.longdouble))
    assert np.abs(found / exact - 1).max() < 2 * np.finfo(kind).eps


def test_exponentials_beyond_end_at_the_ends() -> None:
    x = np.array([-1e4, 1e4, -1e300, 1e300])
    found = np.empty_like(x)
    exponentials(x, found)
    assert np.isfinite(found).all()
    assert found[0] == found[2] < 1e-300
    assert found[1] == found[3] > 1e300


def test_tangents() -> None:
    x = np.linspace(-30, 30, 100_001)
    found = np.empty_like(x)
    tangents(x, found)
    np.testing.assert_allclose(found, np.tanh(x), rtol=0, atol=4e-16)


@pytest.mark.parametrize(("channels", "levels"), [(3, 256), (1, 256), (1, 16)])
@pytest.mark.parametrize("spread", [1, 4, 12], ids=lambda spread: f"parameters of {spread}")
def test_a_pixel_costs_what_it_costs_in_a_picture(channels: int, levels: int, spread: int) -> None:
    """Far from all components too, and at both ends of the bytes; counted from zero and from a base."""
    rng = np.random.default_rng(spread)
    output = DiscretizedLogisticMixture(channels, 10, levels)
    for turn in range(200):
        p = spread * rng.standard_normal(output.parameters)
        byte = rng.choice([0, levels - 1], channels) if turn % 4 == 0 else rng.integers(0, levels, channels)
        x = byte * (2 / (levels - 1)) - 1
        origin, base = rng.uniform(-0.5, 0.5, (2, channels)) if turn % 2 else np.zeros((2, channels))
        params, pixel = torch.from_numpy(p).view(1, -1, 1, 1), torch.from_numpy(x).view(1, -1, 1, 1)
        params = output.shifted(params, torch.from_numpy(base).view(1, -1, 1, 1, 1))
        exact = output.log_prob(params, pixel).item()
        assert nats(p, x - origin, levels, 10, origin, base) == pytest.approx(exact, rel=1e-9, abs=1e-9)
