"""Two models of a coarse-to-fine fill: who paints what, with every engine, and which two go together."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pixpaint.errors import BadRequest
from pixpaint.models.base import Model
from pixpaint.sampling.events import RowPainted
from pixpaint.sampling.fill import ENGINES, fill
from pixpaint.sampling.fit import fits
from pixpaint.sampling.pyramid import levels, parts
from pixpaint.scaling import doubled, halved
from tests.registry import MODELS, model_of

COARSE = replace(MODELS["pixel_cnn RGB"], crop=4)
PAIRS = [
    ("pixel_cnn RGB, hinted", COARSE),
    ("row_lstm RGB, hinted", MODELS["pixel_cnn_pp RGB, two blocks a stage, alone"]),
    ("pixel_cnn_pp RGB", COARSE),
    ("gated_pixel_cnn one bit, hinted", replace(MODELS["row_lstm one bit, oriented"], crop=4)),
    ("diagonal_bilstm grey, hinted", MODELS["pixel_cnn_pp grey"]),
    ("row_lstm RGB, hinted", replace(MODELS["diagonal_bilstm RGB"], crop=4)),
    ("pixel_cnn RGB, hinted", replace(MODELS["gated_pixel_cnn RGB"], crop=4)),
]
"""Every kind at either level."""


def drawn(
    model: Model, coarse: Model | None, image: np.ndarray, hole: np.ndarray, **options
) -> tuple[np.ndarray, list[RowPainted]]:
    """The picture (H, W, 3) and its events."""
    events = list(fill(model, image, hole, coarse=coarse, **options))
    result = image.copy()
    for event in events:
        result[event.rows, event.columns] = event.pixels[0]
    return result, events


def pixels_at(events: list[RowPainted], level: int) -> np.ndarray:
    return np.concatenate([event.pixels[0] for event in events if event.level == level])


def nats_at(events: list[RowPainted], level: int) -> np.ndarray:
    """What each row cost: even where the same pixels are drawn, other models price them otherwise."""
    return np.concatenate([event.nats for event in events if event.level == level])


def blank(side: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((side, side, 3), 255, np.uint8), np.ones((side, side), bool)


def test_a_whole_picture_of_the_finer_model_s_size_is_drawn_in_two_levels() -> None:
    fine = model_of(MODELS["pixel_cnn RGB, hinted"])
    image, hole = blank(8)
    _, events = drawn(fine, model_of(COARSE), image, hole)
    assert [event.level for event in events] == 4 * [1] + 8 * [0]
    assert {event.level for event in drawn(fine, None, image, hole)[1]} == {0}


@pytest.mark.parametrize(
    ("side", "coarse", "coarsest"), [(8, 4, 1), (8, 8, 1), (8, 16, 1), (16, 4, 2), (16, 8, 1), (64, 4, 4)]
)
def test_a_whole_picture_is_halved_until_it_fits_the_coarse_model_s_crop(
    side: int, coarse: int, coarsest: int
) -> None:
    (part,) = parts(np.ones((side, side), bool), 8, pyramid=True, coarse=coarse)
    assert part.coarsest == coarsest


def test_a_small_hole_has_a_coarser_level_too() -> None:
    hole = np.zeros((40, 40), bool)
    hole[20, 21] = True
    (part,) = parts(hole, 8, pyramid=True, coarse=4)
    assert part.coarsest == 1


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_each_level_has_half_a_crop_of_whoever_paints_it_around_the_hole(data: st.DataObject) -> None:
    crop, coarse = data.draw(st.sampled_from([8, 16, 32])), data.draw(st.sampled_from([8, 16, 32]))
    side, at = data.draw(st.integers(1, 60)), data.draw(st.integers(0, 100))
    hole = np.zeros((200, 210), bool)
    hole[at : at + side, at : at + side] = True
    (part,) = parts(hole, crop, pyramid=True, coarse=coarse)
    for level in range(part.coarsest + 1):
        margin = (coarse if level == part.coarsest else crop) // 2 << level
        for span, region, limit in (
            (part.rows, part.region_rows, 200),
            (part.columns, part.region_columns, 210),
        ):
            assert region.start <= max(0, span.start - margin)
            assert region.stop >= min(limit, span.stop + margin)


def test_the_coarse_model_paints_the_coarsest_level_and_the_other_one_goes_on_from_it() -> None:
    image, hole = blank(8)
    fine, other = (model_of(MODELS["pixel_cnn RGB, hinted"], seed=seed) for seed in (0, 1))
    coarse, another = (model_of(COARSE, seed=seed) for seed in (0, 1))
    a, b, c = (
        drawn(large, small, image, hole)[1]
        for large, small in ((fine, coarse), (other, coarse), (fine, another))
    )
    np.testing.assert_array_equal(pixels_at(a, 1), pixels_at(b, 1))
    np.testing.assert_array_equal(nats_at(a, 1), nats_at(b, 1))
    assert (nats_at(a, 0) != nats_at(b, 0)).any()
    assert (pixels_at(a, 1) != pixels_at(c, 1)).any()
    assert (nats_at(a, 0) != nats_at(c, 0)).any()


@pytest.mark.parametrize(("name", "coarse"), PAIRS)
def test_every_engine_paints_the_same_bytes_in_float64(name: str, coarse) -> None:
    image = np.random.default_rng(0).integers(0, 256, (12, 14, 3), dtype=np.uint8)
    hole = np.random.default_rng(1).random((12, 14)) < 0.7
    fine, small = model_of(MODELS[name]), model_of(coarse)
    options = {"label": 1 if fine.config.classes else None, "seed": 5}
    slow, events = drawn(fine, small, image, hole, engine="reference", **options)
    assert {event.level for event in events} >= {0, 1}
    assert (slow[~hole] == image[~hole]).all()
    for engine in ENGINES:
        fast, _ = drawn(fine, small, image, hole, engine=engine, **options)
        np.testing.assert_array_equal(slow, fast)


def test_a_stopped_fill_continues_to_the_same_picture() -> None:
    fine, coarse = model_of(MODELS["pixel_cnn RGB, hinted"]), model_of(COARSE)
    image, hole = blank(8)
    unbroken, events = drawn(fine, coarse, image, hole, seed=3)
    half, painted = image.copy(), np.zeros_like(hole)
    for event in events[:6]:
        half[event.rows, event.columns] = event.pixels[0]
        if not event.level:
            painted[event.rows, event.columns] = True
    continued, rest = drawn(fine, coarse, half, hole, seed=3, painted=painted)
    np.testing.assert_array_equal(continued, unbroken)
    assert rest[-1].done == rest[-1].total


def test_the_coarse_model_has_a_class_of_its_own() -> None:
    fine = model_of(MODELS["gated_pixel_cnn one bit, hinted"])
    coarse = model_of(MODELS["gated_pixel_cnn one bit, classes only"])
    image, hole = blank(8)
    none, zero, one = (nats_at(drawn(fine, coarse, image, hole, coarse_label=k)[1], 1) for k in (None, 0, 1))
    assert (none != zero).any()
    assert (zero != one).any()
    with pytest.raises(BadRequest, match="classes 0 to 2"):
        fill(fine, image, hole, coarse=coarse, coarse_label=3)


@pytest.mark.parametrize(
    ("fine", "coarse", "sentence"),
    [
        ("pixel_cnn RGB", "row_lstm RGB", "without hints"),
        ("pixel_cnn RGB, hinted", "row_lstm grey, kernel 5", "1 channel"),
        ("diagonal_bilstm grey, hinted", "row_lstm one bit, oriented", "2 values"),
    ],
)
def test_two_models_that_do_not_go_together_are_refused(fine: str, coarse: str, sentence: str) -> None:
    image, hole = blank(8)
    with pytest.raises(BadRequest, match=sentence):
        fill(model_of(MODELS[fine]), image, hole, coarse=model_of(MODELS[coarse]))


def test_the_fit_of_the_coarsest_level_is_the_coarse_model_s() -> None:
    fine, other = (model_of(MODELS["pixel_cnn RGB, hinted"], seed=seed) for seed in (0, 1))
    coarse = model_of(COARSE)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 16, 17, 3), dtype=np.uint8)
    hole = np.zeros((16, 17), bool)
    hole[5:9, 5:9] = True
    a, b = (fits(model, pictures, hole, coarse=coarse) for model in (fine, other))
    assert a.shape == (2, 2)
    np.testing.assert_array_equal(a[0], b[0])
    assert (a[1] != b[1]).all()
    small = np.stack([halved(picture) for picture in pictures])
    part = np.zeros((8, 9), bool)
    part[2:5, 2:5] = True
    # The same window, cut out by hand: a crop of 4 has 2 pixels around the 3 x 3 of the hole.
    np.testing.assert_allclose(a[0], fits(coarse, small, part)[0])


def test_the_levels_of_a_one_bit_picture_are_of_one_bit_as_its_hints_in_training_are() -> None:
    from pixpaint.training.batches import make_batch
    from tests.training.examples import RECIPE, FourPictures

    config = MODELS["gated_pixel_cnn one bit, hinted"]
    pictures = FourPictures()
    recipe = replace(RECIPE, model=replace(config, classes=0), half_size_hints=1.0, whole=1.0, turned=0.0)
    batch = make_batch(pictures, recipe, range(6))
    nothing = np.zeros((8, 8), bool)
    for x, hints in zip(batch.x, batch.context.hints, strict=True):
        picture = (x.movedim(0, -1).numpy() * 127.5 + 127.5).astype(np.uint8)
        _, coarse = levels(picture, nothing, nothing, 1, values=2)
        assert set(np.unique(coarse.picture)) <= {0, 255}
        expected = torch.from_numpy(doubled(coarse.picture)).movedim(-1, 0) / 127.5 - 1
        torch.testing.assert_close(hints, expected)
