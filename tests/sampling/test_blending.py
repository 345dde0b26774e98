"""A painted level is no rougher than its surroundings and joined to them; nothing else of the picture changes."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from pixpaint.layers.output import Tempering
from pixpaint.models.config import EncoderConfig, PixelCNNPPConfig
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.sampling.blending import calmed, contrasted, joined, nearest_known
from pixpaint.sampling.fill import fill
from pixpaint.sampling.pyramid import Level
from pixpaint.scaling import doubled, halved


def level_of(picture: np.ndarray, hole: np.ndarray, own: np.ndarray | None = None, level: int = 0) -> Level:
    return Level(level=level, picture=picture, hole=hole, own=hole if own is None else own)


def grain(shape: tuple[int, ...], deviation: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(120, deviation, shape)
    return np.clip(np.rint(noise), 0, 255).astype(np.uint8)


def roughness(picture: np.ndarray, mask: np.ndarray) -> float:
    steps = np.abs(np.diff(picture.astype(float), axis=1)).mean(2)
    return float(steps[mask[:, 1:] & mask[:, :-1]].mean())


def calm(picture: np.ndarray, level: Level, hints: np.ndarray | None, share: float) -> np.ndarray:
    return calmed(picture, level, hints, share, nearest_known(level, hinted=hints is not None))


@pytest.fixture
def hole() -> np.ndarray:
    mask = np.zeros((40, 44), np.bool_)
    mask[12:28, 14:30] = True
    return mask


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("hinted", [False, True])
def test_what_is_rougher_than_its_surroundings_is_calmed(
    hole: np.ndarray, channels: int, hinted: bool
) -> None:
    picture = grain((40, 44, channels), 2)
    picture[hole] = grain((40, 44, channels), 25, 1)[hole]
    hints = doubled(halved(np.where(hole[..., None], 120, picture).astype(np.uint8))) if hinted else None
    found = calm(picture, level_of(picture, hole), hints, 1.0)
    assert roughness(found, hole) < roughness(picture, hole) / (5 if hinted else 1.7)
    np.testing.assert_array_equal(found[~hole], picture[~hole])
    half = calm(picture, level_of(picture, hole), hints, 0.5)
    assert roughness(found, hole) < roughness(half, hole) < roughness(picture, hole)


def test_details_that_are_missing_are_made_stronger(hole: np.ndarray) -> None:
    picture = grain((40, 44, 3), 20)
    hints = doubled(halved(picture))
    faint = picture.copy()
    faint[hole] = np.rint(hints + (picture - hints) * 0.6).clip(0, 255).astype(np.uint8)[hole]
    found = calm(faint, level_of(faint, hole), hints, 1.0)
    assert roughness(found, hole) == pytest.approx(roughness(picture, hole), rel=0.15)


@pytest.mark.parametrize("hinted", [False, True])
def test_a_hole_is_smooth_where_it_is_beside_smooth_ground(hole: np.ndarray, hinted: bool) -> None:
    """And rough beside a rough one: not half as rough in both places."""
    rough, smooth = grain((40, 44, 3), 20), grain((40, 44, 3), 2, 1)
    left = np.broadcast_to(np.arange(44) < 22, hole.shape)
    picture = np.where(left[..., None], rough, smooth)
    hints = doubled(halved(picture)) if hinted else None
    painted = picture.copy()
    painted[hole] = rough[hole]
    found = calm(painted, level_of(painted, hole), hints, 1.0)
    apart = np.abs(np.arange(44) - 21.5) > 4
    assert roughness(found, hole & left & apart) > 0.8 * roughness(rough, hole)
    assert roughness(found, hole & ~left & apart) < 0.35 * roughness(rough, hole)


def test_an_island_of_few_pixels_does_not_say_how_rough_a_hole_is(hole: np.ndarray) -> None:
    picture = grain((40, 44, 3), 20)
    hole[19:21, 21:23] = False
    picture[19:21, 21:23] = 120  # which has no grain
    alone = calm(picture, level_of(picture, hole), None, 1.0)
    near = hole.copy()
    near[:14] = near[26:] = near[:, :16] = near[:, 28:] = False
    assert roughness(alone, near) > 0.8 * roughness(picture, near)


@pytest.mark.parametrize("hinted", [False, True])
def test_the_nearest_known_pixel_is_the_nearest(hinted: bool) -> None:
    rng = np.random.default_rng(5)
    hole = np.zeros((60, 70), np.bool_)
    hole[22:40, 25:50] = rng.random((18, 25)) < 0.95
    own = hole & (np.arange(70) < 40)
    level = level_of(grain((60, 70, 3), 5), hole, own)
    rows, columns = np.nonzero(own)
    box = (
        slice(max(rows.min() - 32, 0) // 2 * 2, rows.max() + 33),
        slice(max(columns.min() - 32, 0) // 2 * 2, columns.max() + 33),
    )
    near = nearest_known(level, hinted=hinted)
    assert near is not None
    reach = range(-4, 5) if hinted else range(-3, 4)
    around = np.stack([np.roll(~hole, (down, right), (0, 1)) for down in reach for right in reach])
    told = around.all(0) if hinted else ~hole & (around.mean(0) >= 0.25)
    known = np.argwhere(told[box])
    for row, column in np.argwhere(own[box]):
        nearest = np.hypot(*(known - (row, column)).T).min()
        found = near[0][row, column], near[1][row, column]
        assert found in set(map(tuple, known))
        assert np.hypot(found[0] - row, found[1] - column) == pytest.approx(nearest)


@pytest.mark.parametrize("hinted", [False, True])
def test_what_is_as_rough_as_its_surroundings_keeps_its_grain(hole: np.ndarray, hinted: bool) -> None:
    picture = grain((40, 44, 3), 20)
    hints = doubled(halved(picture)) if hinted else None
    found = calm(picture, level_of(picture, hole), hints, 1.0)
    assert roughness(found, hole) > 0.85 * roughness(picture, hole)


def test_colour_is_calmed_apart_from_light(hole: np.ndarray) -> None:
    """Beside grey grain, coloured grain becomes grey and keeps the light's."""
    picture = grain((40, 44, 1), 20).repeat(3, 2)
    picture[hole] = grain((40, 44, 3), 20, 1)[hole]
    found = calm(picture, level_of(picture, hole), None, 1.0).astype(float)
    colour = [(p[..., 0].astype(float) - p[..., 2])[hole].std() for p in (picture, found)]
    light = [p.astype(float).mean(2)[hole].std() for p in (picture, found)]
    assert colour[1] < 0.6 * colour[0]
    assert light[1] > 0.8 * light[0]


@pytest.mark.parametrize("thick", [2, 20])
def test_edges_and_lines_across_a_hole_stay_as_they_are(thick: int) -> None:
    picture = grain((40, 44, 3), 2)
    picture[18 : 18 + thick] -= 80
    hole = np.zeros((40, 44), np.bool_)
    hole[4:36, 16:28] = True
    found = calm(picture, level_of(picture, hole), None, 1.0)
    steps = [p[18, 16:28].astype(float).mean() - p[17, 16:28].mean() for p in (picture, found)]
    assert steps[1] == pytest.approx(steps[0], rel=0.05)


@pytest.mark.parametrize(("level", "most"), [(0, 1.0), (1, 1.5), (3, 1.5)])
def test_the_coarsest_of_several_levels_may_become_rougher(hole: np.ndarray, level: int, most: float) -> None:
    """Where it is the only one, not: thin holes' details would be made up."""
    picture = grain((40, 44, 3), 20)
    faint = picture.copy()
    faint[hole] = grain((40, 44, 3), 4, 1)[hole]
    found = calm(faint, level_of(faint, hole, level=level), None, 1.0)
    assert roughness(found, hole) / roughness(faint, hole) == pytest.approx(most, rel=0.08)


def waves(length: float, height: float) -> np.ndarray:
    """Grey waves (H, W, 3) of this length in pixels around 120."""
    down, across = np.mgrid[:64, :72]
    wave = 120 + height * np.sin(2 * np.pi * down / length) * np.sin(2 * np.pi * across / length)
    return np.rint(wave)[..., None].repeat(3, 2).astype(np.uint8)


@pytest.fixture
def wide() -> np.ndarray:
    mask = np.zeros((64, 72), np.bool_)
    mask[14:50, 16:56] = True
    return mask


@pytest.mark.parametrize(("length", "least", "most"), [(3, 1.0, 1.02), (14, 1.15, 1.3), (500, 1.0, 1.02)])
def test_contrast_is_given_back_between_grain_and_the_holes_own_size(
    wide: np.ndarray, length: float, least: float, most: float
) -> None:
    picture = waves(length, 40)
    found = contrasted(picture, level_of(picture, wide), 1.0)
    middle = np.s_[24:40, 26:46]
    assert least <= found[middle].std() / picture[middle].std() <= most
    np.testing.assert_array_equal(found[~wide], picture[~wide])
    half = contrasted(picture, level_of(picture, wide), 0.5).astype(float) - picture
    np.testing.assert_allclose(half, (found.astype(float) - picture) / 2, atol=1)
    np.testing.assert_array_equal(contrasted(picture, level_of(picture, wide), 0.0), picture)


def test_contrast_makes_no_step_to_the_known_pixels(wide: np.ndarray) -> None:
    picture = np.full((64, 72, 3), 80, np.uint8)
    picture[:, 36:] = 180
    change = contrasted(picture, level_of(picture, wide), 1.0).astype(float) - picture
    assert np.abs(change[14, 16:56]).max() <= 2
    assert np.abs(change[30, 33:39]).max() > 5


def test_joined_is_the_least_squares_solution() -> None:
    mask = np.zeros((9, 11), np.bool_)
    mask[2:7, 3:8] = True
    mask[4, 5] = False
    rng = np.random.default_rng(2)
    picture = rng.integers(60, 190, (9, 11, 3), dtype=np.uint8)
    weight = 0.4
    index = {place: k for k, place in enumerate(zip(*np.nonzero(mask), strict=True))}
    rows, wanted = [], []
    for (r, c), k in index.items():
        for other in ((r + 1, c), (r, c + 1), (r - 1, c), (r, c - 1)):
            row = np.zeros(len(index))
            row[k] = 1
            if other not in index:
                rows.append(row * weight**0.5)
                wanted.append((picture[other].astype(float) - picture[r, c]) * weight**0.5)
            elif other > (r, c):
                row[index[other]] = -1
                rows.append(row)
                wanted.append(np.zeros(3))
    change = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
    exact = np.clip(picture[mask] + change, 0, 255)
    found = joined(picture, level_of(picture, mask), weight)
    assert np.abs(found[mask] - exact).max() <= 0.51
    np.testing.assert_array_equal(found[~mask], picture[~mask])


def test_the_step_to_the_known_pixels_goes_and_the_grain_stays(hole: np.ndarray) -> None:
    picture = grain((40, 44, 3), 10)
    shifted = picture.copy()
    shifted[hole] += 40
    found = joined(shifted, level_of(shifted, hole), 5.0).astype(float)
    edge = np.abs(found[hole].mean(0) - picture[hole].mean(0))
    assert edge.max() < 5
    assert roughness(found, hole) == pytest.approx(roughness(picture, hole), rel=0.1)
    np.testing.assert_array_equal(found[~hole], picture[~hole])


@pytest.mark.parametrize("hinted", [False, True])
def test_other_holes_pixels_are_neither_read_nor_changed(hole: np.ndarray, hinted: bool) -> None:
    picture = grain((40, 44, 3), 10)
    own = hole.copy()
    own[:, 22:] = False
    found, other = [], picture.copy()
    other[hole & ~own] = 255
    for of in (picture, other):
        level = level_of(of, hole, own)
        hints = np.where(own[..., None], 120, doubled(halved(of))) if hinted else None
        found.append(contrasted(joined(calm(of, level, hints, 1.0), level, 1.0), level, 1.0))
        np.testing.assert_array_equal(found[-1][~own], of[~own])
    np.testing.assert_array_equal(found[0][own], found[1][own])


def test_where_nothing_is_known_nothing_changes() -> None:
    picture, everything = grain((12, 12, 3), 30), np.ones((12, 12), np.bool_)
    level = level_of(picture, everything)
    np.testing.assert_array_equal(joined(calm(picture, level, None, 1.0), level, 1.0), picture)


def hinted_model() -> PixelCNNPP:
    torch.manual_seed(3)
    config = PixelCNNPPConfig(
        features=4,
        blocks=1,
        components=2,
        hinted=True,
        encoder=EncoderConfig(widths=(4, 4, 4), blocks=1),
        crop=8,
    )
    return PixelCNNPP(config).eval().double()


def test_the_last_event_shows_the_whole_hole_blended_and_a_stopped_fill_ends_the_same() -> None:
    model, image = hinted_model(), grain((20, 22, 3), 4)
    hole = np.zeros((20, 22), np.bool_)
    hole[4:14, 5:16] = True
    blended = Tempering(calm=1.0, join=0.5)
    plain, events = (
        list(fill(model, image, hole, tempering=tempering, engine="torch", candidates=2))
        for tempering in (Tempering(), blended)
    )
    last = events[-1]
    assert len(last.rows) == hole.sum()
    assert (last.row, last.done) == (last.row_count, last.total)
    assert [e.row for e in events] == [e.row for e in plain]
    assert all(e.done < e.total for e in events[:-1])
    first = plain[0].level
    assert [e.pixels.tobytes() for e in events if e.level == first] == [
        e.pixels.tobytes() for e in plain if e.level == first
    ]
    whole = image.copy()
    whole[last.rows, last.columns] = last.pixels[0]
    assert roughness(whole, hole) < 0.5 * roughness_of(plain, image, hole)

    stops = [k for k, event in enumerate(events) if not event.level][1::4]
    again, painted = image.copy(), np.zeros_like(hole)
    for event in events[: stops[1]]:
        again[event.rows, event.columns] = event.pixels[0]
        if not event.level:
            painted[event.rows, event.columns] = True
    assert 0 < painted.sum() < hole.sum()
    for event in fill(model, again, hole, tempering=blended, engine="torch", painted=painted):
        again[event.rows, event.columns] = event.pixels[0]
    np.testing.assert_array_equal(again, whole)


@pytest.mark.parametrize(
    ("hinted", "height", "width", "weights"),
    [
        (True, 2, 2, [0.135]),
        (True, 3, 16, [0.135]),
        (True, 10, 10, [8.0, 2.0, 0.5]),
        (False, 10, 10, [0.5]),
        (False, 3, 16, [0.135]),
    ],
)
def test_coarse_levels_are_joined_more_closely_and_thin_holes_less(
    hinted: bool, height: int, width: int, weights: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thin is what no square of half a crop, which is 8 pixels, fits into with room to spare."""
    asked = []

    def recorded(picture: np.ndarray, level: Level, weight: float, stop: Callable[[], bool]) -> np.ndarray:
        asked.append(weight)
        return joined(picture, level, weight, stop)

    monkeypatch.setattr("pixpaint.sampling.fill.joined", recorded)
    hole = np.zeros((20, 22), np.bool_)
    hole[4 : 4 + height, 5 : 5 + width] = True
    plain = PixelCNNPPConfig(channels=3, features=4, blocks=1, components=2, crop=8)
    model = hinted_model() if hinted else PixelCNNPP(plain).eval()
    list(fill(model, grain((20, 22, 3), 4), hole, tempering=Tempering(join=0.5)))
    assert asked == weights


@pytest.mark.parametrize("levels", [2, 16])
def test_blended_pixels_are_of_the_models_levels(levels: int) -> None:
    torch.manual_seed(0)
    config = PixelCNNPPConfig(channels=1, levels=levels, features=4, blocks=1, components=2, crop=8)
    image = grain((14, 15, 3), 40)
    hole = np.zeros((14, 15), np.bool_)
    hole[4:9, 4:10] = True
    events = list(fill(PixelCNNPP(config).eval(), image, hole, tempering=Tempering(calm=1.0, join=1.0)))
    assert not np.any(events[-1].pixels % (255 // (levels - 1)))


def test_a_fill_that_is_stopped_while_it_is_blended_can_go_on() -> None:
    """What is painted last is not told before it is blended, so that there is something left to paint."""
    model, image = hinted_model(), grain((20, 22, 3), 4)
    hole = np.zeros((20, 22), np.bool_)
    hole[4:14, 5:16] = True
    blended = Tempering(calm=1.0, join=0.5)
    whole = list(fill(model, image, hole, tempering=blended, engine="torch"))
    pixels = 0

    def stop() -> bool:  # it is asked before each pixel, and then again between the steps of blending
        nonlocal pixels
        pixels += 1
        return pixels > 3 + whole[-1].total

    painted, picture = np.zeros_like(hole), image.copy()
    events = list(fill(model, image, hole, tempering=blended, engine="torch", stop=stop))
    assert len(events) < len(whole)
    for event in events:
        picture[event.rows, event.columns] = event.pixels[0]
        if not event.level:
            painted[event.rows, event.columns] = True
    assert (hole & ~painted).sum() > 0
    for event in fill(model, picture, hole, tempering=blended, engine="torch", painted=painted):
        picture[event.rows, event.columns] = event.pixels[0]
    np.testing.assert_array_equal(picture[hole], whole[-1].pixels[0])


def roughness_of(events: list, image: np.ndarray, hole: np.ndarray) -> float:
    picture = image.copy()
    for event in events:
        picture[event.rows, event.columns] = event.pixels[0]
    return roughness(picture, hole)


@pytest.mark.parametrize("engine", ["reference", "fused"])
def test_all_engines_blend_to_the_same_bytes(engine: str) -> None:
    model, image = hinted_model(), grain((14, 15, 3), 4)
    hole = np.zeros((14, 15), np.bool_)
    hole[3:10, 4:12] = True
    of_each = []
    unblended = [e.pixels.tobytes() for e in fill(model, image, hole, engine=engine)][-1]
    for name in ("torch", engine):
        picture = image.copy()
        for event in fill(model, image, hole, tempering=Tempering(calm=1.0, join=0.5), engine=name):
            picture[event.rows, event.columns] = event.pixels[0]
        of_each.append(picture)
    np.testing.assert_array_equal(*of_each)
    assert event.pixels.tobytes() != unblended
