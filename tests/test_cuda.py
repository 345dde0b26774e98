"""On a CUDA device: the `torch` engine paints the reference's bytes, as fast as its steps can be replayed."""

from copy import deepcopy
from time import perf_counter

import numpy as np
import pytest
import torch

from pixpaint.models.config import ModelConfig, PixelCNNPPConfig
from pixpaint.sampling import fill_captured
from pixpaint.sampling.fill import fill
from tests.registry import MODELS, model_of
from tests.test_fill_engines import painted

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


@pytest.fixture(autouse=True)
def _none_before() -> None:
    fill_captured.let_go()


def scattered(seed: int, height: int = 12, width: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """A picture, and a hole with islands that touches its edges."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return image, rng.random((height, width)) < 0.6


@pytest.mark.parametrize("name", MODELS)
def test_it_paints_the_same_bytes_in_float64(name: str) -> None:
    """The second and third fill replay what the first recorded, where their windows are as large."""
    model = model_of(MODELS[name])
    on_cuda = deepcopy(model).cuda()
    for seed in range(3):
        image, hole = scattered(seed)
        slow, events = painted(model, image, hole, engine="reference", seed=seed, candidates=2)
        fast, fast_events = painted(on_cuda, image, hole, engine="torch", seed=seed, candidates=2)
        np.testing.assert_array_equal(slow, fast)
        for a, b in zip(events, fast_events, strict=True):
            np.testing.assert_allclose(a.nats, b.nats, rtol=1e-9, atol=1e-9)


def test_a_stopped_fill_continues_to_the_same_picture() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"]).cuda()
    image, hole = scattered(3)
    (unbroken,), _ = painted(model, image, hole, engine="torch")
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked == 40

    (half,), events = painted(model, image, hole, engine="torch", stop=stop)
    done = np.zeros_like(hole)
    for event in events:
        done[event.rows, event.columns] = True
    assert 0 < done.sum() < hole.sum()
    (continued,), _ = painted(model, half, hole, engine="torch", painted=done)
    np.testing.assert_array_equal(continued, unbroken)


@pytest.mark.parametrize(
    "config", [*MODELS.values(), PixelCNNPPConfig(features=64, blocks=3)], ids=[*MODELS, "F=64 q=3"]
)
@torch.inference_mode()
def test_float32_parameters_are_those_of_the_cpu(config: ModelConfig) -> None:
    model = model_of(config, torch.float32)
    image, hole = scattered(4)
    list(fill(deepcopy(model).cuda(), image, hole, engine="torch"))
    (last,) = fill_captured._last
    assert last._recorded
    condition = last.window.told(model, last.window.rows(model)).condition(model)
    params = model.decode(last.frame.cpu(), condition)
    rows, columns = np.nonzero(last.window.todo)
    assert len(rows) == hole.sum()
    drawn_from = last.params.cpu()[..., rows, columns]
    torch.testing.assert_close(drawn_from, params[..., rows, columns], rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("candidates", "limit"), [(1, 0.5), (16, 0.6)])
def test_the_papers_network_paints_32_by_32_pixels_in_half_a_second(candidates: int, limit: float) -> None:
    model = model_of(PixelCNNPPConfig(), torch.float32).cuda()
    image, hole = np.zeros((32, 32, 3), np.uint8), np.ones((32, 32), bool)
    seconds = []
    for seed in range(4):  # the first one records
        start = perf_counter()
        list(fill(model, image, hole, engine="torch", seed=seed, candidates=candidates))
        seconds.append(perf_counter() - start)
    print(f"{candidates} at once: {seconds[0]:.2f} s at first, then {min(seconds[1:]):.3f} s")
    assert min(seconds[1:]) <= limit
