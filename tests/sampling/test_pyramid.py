import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pixpaint.models.config import EncoderConfig, PixelCNNPPConfig
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.sampling.fill import fill
from pixpaint.sampling.pyramid import depth, holds_square, levels, parts

CROP = 32


def square(side: int, picture: tuple[int, int] = (768, 1024), at: tuple[int, int] = (200, 300)) -> np.ndarray:
    hole = np.zeros(picture, bool)
    hole[at[0] : at[0] + side, at[1] : at[1] + side] = True
    return hole


@pytest.mark.parametrize(
    ("side", "coarsest"), [(1, 0), (16, 0), (17, 1), (32, 1), (33, 2), (48, 2), (96, 3), (256, 4)]
)
def test_a_hole_is_halved_until_half_a_crop_covers_it(side: int, coarsest: int) -> None:
    (part,) = parts(square(side), CROP, pyramid=True)
    assert part.coarsest == coarsest


def test_long_thin_holes_are_not_halved() -> None:
    hole = np.zeros((300, 400), bool)
    hole[100:110, 10:390] = True
    assert [part.coarsest for part in parts(hole, CROP, pyramid=True)] == [0]


def test_a_whole_picture_is_halved_until_it_fits_a_crop() -> None:
    assert depth(np.ones((32, 32), bool), (32, 32), CROP) == 0
    assert depth(np.ones((33, 20), bool), (33, 20), CROP) == 1
    assert depth(np.ones((128, 64), bool), (128, 64), CROP) == 2


def test_without_a_pyramid_there_is_one_level() -> None:
    assert [part.coarsest for part in parts(square(256), CROP, pyramid=False)] == [0]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_regions_are_aligned_and_have_half_a_coarse_crop_around_the_hole(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(40, 400)), data.draw(st.integers(40, 400))
    side = data.draw(st.integers(1, min(height, width)))
    at = data.draw(st.integers(0, height - side)), data.draw(st.integers(0, width - side))
    (part,) = parts(square(side, (height, width), at), CROP, pyramid=True)
    unit = 2**part.coarsest
    for span, region, limit in (
        (part.rows, part.region_rows, height),
        (part.columns, part.region_columns, width),
    ):
        assert region.start % unit == 0
        assert region.stop % unit == 0 or region.stop == limit
        assert region.start <= max(0, span.start - CROP // 2 * unit)
        assert region.stop >= min(limit, span.stop + CROP // 2 * unit)


@given(st.integers(1, 6), st.integers(0, 2**32))
def test_the_largest_square_is_found(side: int, seed: int) -> None:
    hole = np.random.default_rng(seed).random((9, 11)) < 0.8
    windows = np.lib.stride_tricks.sliding_window_view(hole, (side, side))
    assert holds_square(hole, side) == windows.all((2, 3)).any()


def test_each_level_is_half_the_one_before_and_covers_the_whole_hole() -> None:
    hole = square(48, (101, 90), (20, 30))
    picture = np.full((101, 90, 3), 9, np.uint8)
    found = levels(picture, hole, hole, 2)
    assert [level.picture.shape for level in found] == [(104, 92, 3), (52, 46, 3), (26, 23, 3)]
    for level in found:
        enlarged = level.hole.repeat(2**level.level, 0).repeat(2**level.level, 1)[:101, :90]
        assert enlarged[hole].all()


def small_model(hinted: bool = True) -> PixelCNNPP:
    config = PixelCNNPPConfig(
        features=4, blocks=1, components=2, crop=8, encoder=EncoderConfig(widths=(4, 4, 4, 4)), hinted=hinted
    )
    torch.manual_seed(0)
    model = PixelCNNPP(config).eval().requires_grad_(False)
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def test_levels_are_painted_from_coarse_to_fine_and_each_covers_the_hole() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 44, 3), dtype=np.uint8)
    hole = np.zeros((40, 44), bool)
    hole[9:31, 11:34] = np.random.default_rng(1).random((22, 23)) < 0.98
    hole[10:28, 12:31] = True
    events = list(fill(small_model(), image, hole, engine="torch", candidates=2))
    order = [event.level for event in events]
    assert order == sorted(order, reverse=True)
    assert set(order) == {0, 1, 2, 3}
    for level in range(4):
        seen = np.zeros_like(hole)
        for event in events:
            if event.level == level:
                assert not seen[event.rows, event.columns].any()
                seen[event.rows, event.columns] = True
        assert np.array_equal(seen, hole)
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert events[-1].done == events[-1].total
    assert [event.row for event in events] == list(range(1, events[-1].row_count + 1))


def test_a_hint_changes_what_is_painted() -> None:
    image = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    hole = square(12, (24, 24), (6, 6))
    a, b = (
        np.concatenate([event.pixels[0] for event in fill(small_model(h), image, hole) if not event.level])
        for h in (True, False)
    )
    assert a.shape == b.shape
    assert (a != b).any()


def test_models_without_hints_paint_at_one_level() -> None:
    image = np.zeros((24, 24, 3), np.uint8)
    events = fill(small_model(hinted=False), image, square(12, (24, 24), (6, 6)), engine="torch")
    assert {event.level for event in events} == {0}


def test_what_a_hole_holds_at_the_pictures_edges_is_not_read() -> None:
    """A picture whose sides are not whole cells goes on beyond them, but not with what is hidden."""
    model = small_model()
    image = np.random.default_rng(0).integers(0, 256, (22, 27, 3), dtype=np.uint8)
    hole = np.ones((22, 27), bool)
    hole[:5, :9] = False

    def painted(start: np.ndarray, done: np.ndarray) -> list[np.ndarray]:
        so_far, states = start.copy(), []
        for event in fill(model, start, hole, seed=5, painted=done, engine="fused"):
            so_far[event.rows, event.columns] = event.pixels[0]
            states.append(so_far.copy())
        return states

    nothing = np.zeros_like(hole)
    states = painted(image, nothing)
    erased = np.where(hole[..., None], np.uint8(255), image)
    np.testing.assert_array_equal(painted(erased, nothing)[-1], states[-1])
    upper = hole.copy()
    upper[15:] = False
    half = np.where((hole & ~upper)[..., None], np.uint8(0), states[-1])
    np.testing.assert_array_equal(painted(half, upper)[-1], states[-1])
