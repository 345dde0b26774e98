"""The `fused` engine on models of masked convolutions: what it draws from, where it may be stopped, how fast it is."""

import json
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
import torch

import pixpaint.training
from pixpaint.layers.output import AS_TRAINED
from pixpaint.models.config import read_config
from pixpaint.models.family import new_model
from pixpaint.sampling import fill_masked, masked_loops
from pixpaint.sampling.compile_loops import compile_loops
from pixpaint.sampling.fill import ENGINES, fill
from pixpaint.sampling.fill_masked import MaskedFill
from pixpaint.sampling.masked_steps import Masked
from pixpaint.sampling.noise import draw_noise
from pixpaint.sampling.window import PaintedRow, Window
from pixpaint.scaling import quantized
from tests.registry import MODELS, model_of

NAMES = [name for name, config in MODELS.items() if isinstance(new_model(config), Masked)]
LSTMS = [name for name in NAMES if "lstm" in name]


def window_of(model, todo: np.ndarray, candidates: int = 1) -> Window:
    """A window of random pixels, or bits, some of them to be painted."""
    image = np.random.default_rng(3).integers(0, 256, (*todo.shape, model.config.channels), dtype=np.uint8)
    image = quantized(image, model.config.levels)
    noise = np.stack([draw_noise(seed, 0, 0, 0, *todo.shape) for seed in range(candidates)])
    label = model.config.classes
    return Window(image=image, hole=todo, todo=todo, noise=noise, label=label, orientation=0)


def test_all_kinds_with_masked_convolutions_are_held_to_it() -> None:
    kinds = {MODELS[name].kind for name in NAMES}
    assert kinds == {"pixel_cnn", "gated_pixel_cnn", "row_lstm", "diagonal_bilstm"}


@pytest.mark.parametrize("name", NAMES)
def test_a_pixel_is_drawn_from_parameters_within_1e_4_in_float32(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Teacher-forced: all pixels but one are known, and its parameters are still where the loop left them."""
    monkeypatch.setattr(fill_masked, "PRODUCTS", 1)  # a pixel a call
    model = model_of(MODELS[name], torch.float32)
    for place in np.random.default_rng(3).choice(144, 12, replace=False).tolist():
        drawn_from, exact = parameters_at(model, *divmod(place, 12))
        np.testing.assert_allclose(drawn_from, exact, rtol=0, atol=1e-4)


@torch.inference_mode()
def parameters_at(model, row: int, column: int) -> tuple[np.ndarray, torch.Tensor]:
    """The output parameters (candidates, P) that a pixel was drawn from, and those of the whole picture there."""
    todo = np.zeros((12, 12), bool)
    todo[row, column] = True
    window = window_of(model, todo, candidates=2)
    told = window.told(model, window.rows(model))
    filling = MaskedFill(model, window, AS_TRAINED, told)
    assert filling.prefill(0, row, lambda: False)
    painted = filling.paint_row(row, lambda: bool(filling.picture[0, 0, row, column] != 0))
    assert painted is not None
    _, made, _ = filling._scratch.reshape(3, 2, -1)
    whole = model.decode(filling.frame, told.condition(model))
    return made[:, : model.output.parameters], whole[:, :, row, column]


@pytest.mark.parametrize("name", NAMES)
def test_a_fill_stopped_at_any_pixel_has_painted_what_comes_before_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two islands, known rows above them and one between; `stop`, asked before every pixel, is true but once."""
    monkeypatch.setattr(fill_masked, "PRODUCTS", 1)
    model = model_of(MODELS[name])
    todo = np.zeros((8, 9), bool)
    todo[2, 3:5] = todo[4:6, 1:3] = todo[5, 6] = True
    window = window_of(model, todo)
    whole = list(ENGINES["reference"](model, window, AS_TRAINED, lambda: False))
    pixels = pixels_of(whole)
    counts = []
    for patience in range(200):
        asked = 0

        def stop() -> bool:
            nonlocal asked
            asked += 1
            return asked == patience + 1  # noqa: B023

        rows = list(ENGINES["fused"](model, window, AS_TRAINED, stop))
        found = pixels_of(rows)
        for (*pixel, nats), (*expected, cost) in zip(found, pixels, strict=False):
            assert pixel == expected
            assert nats == pytest.approx(cost, rel=1e-9, abs=1e-9)
        counts.append(len(found))
        if asked <= patience:
            break
        assert asked == patience + 1
    assert set(counts) == set(range(len(pixels) + 1))
    assert sorted(counts) == counts


def pixels_of(rows: list[PaintedRow]) -> list[tuple[int, int, list[int], float]]:
    """Row, column, bytes and nats of each pixel, in the order they were painted in."""
    return [
        (row.row, column, row.pixels[0, i].tolist(), float(row.nats[0, i]))
        for row in rows
        for i, column in enumerate(row.columns)
    ]


@pytest.mark.parametrize("name", LSTMS)
def test_the_loops_that_are_compiled_ahead_are_all_that_an_lstm_needs(name: str) -> None:
    compile_loops()
    before = list(masked_loops.run_pixels.signatures)
    model = model_of(MODELS[name], torch.float32)
    list(fill(model, np.zeros((6, 6, 3), np.uint8), np.ones((6, 6), bool), engine="fused", candidates=2))
    assert masked_loops.run_pixels.signatures == before


@pytest.mark.parametrize("recipe", ["digits-row-lstm", "digits-diagonal-bilstm"])
def test_an_lstm_is_painted_at_least_thirty_times_as_fast_as_by_the_reference(recipe: str) -> None:
    """32 x 32, everything hidden, random weights; the reference from some pixels spread over the picture, in the same
    run."""
    path = Path(pixpaint.training.__file__).parent / "recipes" / f"{recipe}.json"
    config = read_config(json.loads(path.read_text(encoding="utf-8"))["model"])
    model = new_model(config).eval().requires_grad_(False)
    image, hole = np.zeros((32, 32, 3), np.uint8), np.ones((32, 32), bool)
    some = np.zeros_like(hole)
    some.flat[np.linspace(0, 1023, 6).astype(int)] = True

    def seconds_a_pixel(engine: str, painted: np.ndarray) -> float:
        start = perf_counter()
        list(fill(model, image, hole, engine=engine, painted=painted))
        return (perf_counter() - start) / int((~painted).sum())

    seconds_a_pixel("fused", ~some)
    fused = min(seconds_a_pixel("fused", ~hole) for _ in range(2))
    ratio = seconds_a_pixel("reference", ~some) / fused
    print(f"fused is {ratio:.0f} times as fast as reference")
    assert ratio >= 30
