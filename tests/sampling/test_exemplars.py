"""What was painted becomes what known pixels have in places like it; nothing hidden is read."""

import numpy as np
import pytest
import torch

from pixpaint.sampling.blending import _grain, calmed, nearest_known, retold
from pixpaint.sampling.exemplars import USUAL, _usual, carried, echoed, redrawn
from pixpaint.sampling.pyramid import Level
from pixpaint.scaling import doubled, halved
from tests.sampling.examples import error


def edge(shape: tuple[int, int]) -> np.ndarray:
    """Dark on one side of a slanted line, light and red on the other."""
    down, across = np.indices(shape)
    light = (across + 0.5 * down > 0.5 * shape[1] + 9)[..., None]
    return np.where(light, np.array([210, 150, 140]), np.array([30, 50, 40])).astype(np.uint8)


def blurred(picture: np.ndarray, hole: np.ndarray, seed: int = 0) -> np.ndarray:
    """The picture with noise in its hole, around what lies between both sides of the edge."""
    down, across = np.indices(hole.shape)
    share = np.clip((across + 0.5 * down - 0.5 * hole.shape[1] - 9) / 12 + 0.5, 0, 1)[..., None]
    smooth = 210 * share + 30 * (1 - share) + np.random.default_rng(seed).normal(0, 25, picture.shape)
    return np.where(hole[..., None], smooth.clip(0, 255), picture).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_edge_goes_on_into_the_hole_and_noise_goes(hole: np.ndarray, channels: int) -> None:
    picture = edge(hole.shape)[..., :channels]
    painted = blurred(picture, hole)
    found = echoed(painted, hole, hole)
    assert error(found, picture, hole) < 0.5 * error(painted, picture, hole)
    np.testing.assert_array_equal(found[~hole], picture[~hole])
    assert found.dtype == np.float32


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3])
def test_redrawn_an_edge_is_as_sharp_as_elsewhere_and_its_grounds_as_plain(
    hole: np.ndarray, channels: int
) -> None:
    picture = edge(hole.shape)[..., :channels]
    painted = blurred(picture, hole).astype(np.float32)
    found = redrawn(painted, noise(painted.shape), hole, hole)
    # Nearly every pixel is of one of the two sides, whatever the grain.
    sides = np.unique(picture.reshape(-1, channels), axis=0).astype(np.float32)
    away = np.abs(found[hole][:, None] - sides).max(2).min(1)
    before = np.abs(painted[hole][:, None] - sides).max(2).min(1)
    assert (away < 5).mean() > 0.85
    assert (before < 5).mean() < 0.5
    assert error(found, picture, hole) < 0.5 * error(painted, picture, hole)
    np.testing.assert_array_equal(found[~hole], picture[~hole])
    assert found.dtype == np.float32


def test_what_is_usual_is_no_matter_of_a_few_large_amounts(hole: np.ndarray) -> None:
    """Along an edge votes are far apart, on both sides of it a little; in a texture they are so everywhere."""
    own, amount = torch.from_numpy(hole), torch.full((*hole.shape, 2), 4.0)
    amount[:, 24, 0] = 100
    amount[~own] = 1000  # of what is not one's own it knows nothing
    usual = _usual(amount, own)[own]
    np.testing.assert_allclose(usual[:, 1], 4, rtol=1e-5)
    assert 4 <= usual[:, 0].min() < usual[:, 0].max() < 12


def test_grain_goes_no_farther_than_usual(hole: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = 120 + 25 * noise((*hole.shape, 3), 4)
    found = redrawn(picture, noise(picture.shape, 6), hole, hole)
    monkeypatch.setattr("pixpaint.sampling.exemplars._usual", lambda amount, own: 0.5 / USUAL * amount)
    less = redrawn(picture, noise(picture.shape, 6), hole, hole)
    monkeypatch.setattr("pixpaint.sampling.exemplars.USUAL", 0.0)
    none, other = (redrawn(picture, noise(picture.shape, seed), hole, hole) for seed in (6, 7))
    np.testing.assert_array_equal(none, other)
    assert none[hole].std() < less[hole].std() < found[hole].std()


@pytest.mark.parametrize("ground", [0, 3, 250, 255])
def test_plain_ground_is_redrawn_plain(hole: np.ndarray, ground: int) -> None:
    picture = np.full((*hole.shape, 3), ground, np.float32)
    grain = 3 * noise(picture.shape)
    np.testing.assert_allclose(redrawn(picture, grain, hole, hole), ground, atol=0.3)
    off = np.where(hole[..., None], np.float32(ground / 2 + 60), picture)
    np.testing.assert_allclose(redrawn(off, grain, hole, hole), ground, atol=4.5)


def test_a_slow_change_of_a_ground_stays_where_exemplars_have_another_colour(hole: np.ndarray) -> None:
    """As in a sky: what is known is 100 above and 103 below, and nothing in between is known anywhere."""
    down = np.arange(hole.shape[0], dtype=np.float32)
    top, bottom = np.flatnonzero(hole.any(1))[[0, -1]]
    ramp = 100 + 3 * np.clip((down - top) / (bottom - top), 0, 1)
    known = np.where(down > (top + bottom) / 2, 103, 100)
    across = np.ones((hole.shape[1], 3), np.float32)
    picture = (np.where(hole[..., None], ramp[:, None, None], known[:, None, None]) * across).astype(
        np.float32
    )
    everywhere = hole | hole.any(1)[:, None]  # what lies beside it is not known
    found = redrawn(picture, 0 * picture, everywhere, hole)
    assert error(found, picture, hole) < 0.5
    assert len(np.unique(found[hole][:, 0].round(2))) > 10


def test_what_is_rough_is_redrawn_as_rough_where_echoes_are_smooth(hole: np.ndarray) -> None:
    picture = 120 + 25 * noise((*hole.shape, 3), 4)
    painted = np.where(hole[..., None], 120 + 12 * noise(picture.shape, 5), picture)
    echo = echoed(painted, hole, hole)
    found, other = (redrawn(painted, noise(picture.shape, seed), hole, hole) for seed in (6, 7))
    assert echo[hole].std() < 0.65 * picture[~hole].std()
    assert found[hole].std() == pytest.approx(picture[~hole].std(), rel=0.25)
    assert error(found, other, hole) > 10
    without = redrawn(painted, 0 * picture, hole, hole)
    assert without[hole].std() < 0.9 * found[hole].std()


def test_different_drafts_stay_different_where_the_picture_leaves_it_open(hole: np.ndarray) -> None:
    picture = np.random.default_rng(5).integers(0, 256, (*hole.shape, 3)).astype(np.uint8)
    drafts = [blurred(picture, hole, seed) for seed in (1, 2)]
    found = [echoed(draft, hole, hole) for draft in drafts]
    assert error(found[0], found[1], hole) > 5
    assert error(found[0], drafts[0], hole) > 5


def test_what_else_is_hidden_is_neither_read_nor_changed(hole: np.ndarray) -> None:
    picture, other = blurred(edge(hole.shape), hole), np.zeros_like(hole)
    other[20:34, 33:40] = True
    blotted = np.where(other[..., None], np.uint8(255), picture)
    found, without = (echoed(image, hole | other, hole) for image in (blotted, picture))
    np.testing.assert_array_equal(found[hole], without[hole])
    np.testing.assert_array_equal(found[other], blotted[other])
    level = Level(level=0, picture=picture, hole=hole | other, own=hole)
    told, without = (retold(image, level, None, 1.0) for image in (blotted, picture))
    np.testing.assert_array_equal(told[hole], without[hole])
    np.testing.assert_array_equal(told[~hole], blotted[~hole])
    assert (told[hole] != picture[hole]).any()


def test_exemplars_are_sought_farther_away_where_none_is_near_and_without_any_pixels_stay() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 90, 3)).astype(np.uint8)
    hole = np.ones((40, 90), np.bool_)
    hole[:, :6] = False
    picture[:, :6] = 200
    np.testing.assert_allclose(echoed(picture, hole, hole), 200, atol=1e-3)
    few = np.ones_like(hole)
    few[:4] = False  # no whole patch is known
    np.testing.assert_array_equal(echoed(picture, few, few), picture)
    grain = noise(picture.shape)
    np.testing.assert_allclose(redrawn(picture.astype(np.float32), grain, hole, hole), 200, atol=4.5)
    np.testing.assert_allclose(redrawn(picture.astype(np.float32), grain, few, few), picture, atol=0.3)


@pytest.mark.parametrize("turns", range(4))
def test_exemplars_are_found_on_any_side_and_the_most_like_one_is_chosen(turns: int) -> None:
    """A hole at the edge of the picture: what its values are to be is known at the other side of it alone."""
    picture = np.zeros((60, 20, 1), np.float32)
    picture[:14], picture[30:40], picture[40:] = 90, 200, 90
    known, own = np.zeros((60, 20), np.bool_), np.zeros((60, 20), np.bool_)
    known[30:], own[:14] = True, True
    values = np.where(picture == 90, 5.0, 1.0) * known[..., None]
    planes = [np.rot90(plane, turns).copy() for plane in (picture, values, known, own)]
    x, y, told, mine = (torch.from_numpy(plane) for plane in planes)
    found = carried(x, y.float(), (told | mine).float(), told, mine)
    np.testing.assert_allclose(found[mine].numpy(), 5, atol=1e-4)


def test_votes_are_those_of_plain_loops() -> None:
    """One turn by the definition, over several tiles, one pixel at a time."""
    rng = np.random.default_rng(2)
    x = rng.normal(0, 50, (20, 40)).astype(np.float32)
    own = np.zeros(x.shape, np.bool_)
    own[6:12, 10:30] = True
    trust = np.where(own, rng.uniform(0.2, 0.9, x.shape), 1).astype(np.float32)
    bell = np.exp(-0.5 * ((np.arange(5) - 2) / (5 / 3)) ** 2)
    bell = np.outer(bell, bell)
    edge = [np.pad(plane, 2) for plane in (x, trust, own)]
    exemplars = [(r, c) for r in range(20) for c in range(40) if edge[1][r : r + 5, c : c + 5].min() == 1]
    total, count = np.zeros((24, 44)), np.zeros((24, 44))
    for r in range(20):
        for c in range(40):
            here = np.s_[r : r + 5, c : c + 5]
            if edge[2][here].any():
                weight = edge[1][here] * bell
                top, left = r // 16 * 16, c // 16 * 16  # of its tile
                for far in range(16, 100, 8):
                    near = [
                        (a, b)
                        for a, b in exemplars
                        if top - far <= a < top + 16 + far and left - far <= b < left + 16 + far
                    ]
                    if len(near) >= min(256, len(exemplars)):
                        break
                away = [
                    (weight * (edge[0][here] - edge[0][a : a + 5, b : b + 5]) ** 2).sum() for a, b in near
                ]
                a, b = near[int(np.argmin(away))]
                total[here] += weight.mean() * bell * edge[0][a : a + 5, b : b + 5]
                count[here] += weight.mean() * bell
    wanted = np.where(own, (total / np.maximum(count, 1e-9))[2:-2, 2:-2], x)
    planes = (torch.from_numpy(plane) for plane in (x[..., None], x[..., None], trust, ~own, own))
    np.testing.assert_allclose(carried(*planes)[..., 0].numpy(), wanted, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (4, 5), (6, 7)])
def test_small_pictures_are_no_error(shape: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), 9, np.uint8)
    hole = np.zeros(shape, np.bool_)
    hole[0, 0] = True
    np.testing.assert_allclose(echoed(picture, hole, hole), 9, atol=1e-4)
    whole = picture.astype(np.float32)
    np.testing.assert_allclose(redrawn(whole, whole, hole, hole), 9, atol=1e-3)
    planes = (torch.from_numpy(plane) for plane in (whole, whole, (~hole).astype(np.float32), ~hole, hole))
    np.testing.assert_allclose(carried(*planes), 9, atol=1e-3)


def test_it_can_be_stopped(hole: np.ndarray) -> None:
    picture, asked = blurred(edge(hole.shape), hole), 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 8

    found = echoed(picture, hole, hole, stop)
    assert (found != picture).any()
    assert (found != echoed(picture, hole, hole)).any()
    np.testing.assert_array_equal(echoed(picture, hole, hole, lambda: True), picture)
    level = Level(level=0, picture=picture, hole=hole, own=hole)
    np.testing.assert_array_equal(retold(picture, level, None, 1.0, lambda: True), picture)
    asked = 0
    found = retold(picture, level, None, 1.0, stop)
    assert (found != picture).any()
    assert (found != retold(picture, level, None, 1.0)).any()
    np.testing.assert_array_equal(found[~hole], picture[~hole])


def test_once_stopped_nothing_more_is_done(hole: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("pixpaint.sampling.exemplars._settled", fail)
    picture = edge(hole.shape).astype(np.float32)
    for found in (
        echoed(picture, hole, hole, lambda: True),
        redrawn(picture, noise(picture.shape), hole, hole, lambda: True),
    ):
        np.testing.assert_array_equal(found, picture)


def test_on_a_bright_ground_small_differences_count_as_they_do_on_a_dark_one(hole: np.ndarray) -> None:
    picture = 0.5 * noise((*hole.shape, 3), 4)
    dark, bright = (redrawn(picture + ground, noise(picture.shape, 6), hole, hole) for ground in (0, 250))
    np.testing.assert_allclose(bright - 250, dark, atol=0.01)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_painted_is_retold_by_the_share_that_was_asked(hole: np.ndarray, channels: int) -> None:
    picture = blurred(edge(hole.shape), hole)[..., :channels]
    level = Level(level=0, picture=picture, hole=hole, own=hole)
    none, half, whole = (retold(picture, level, None, share) for share in (0.0, 0.5, 1.0))
    np.testing.assert_array_equal(none, picture)
    assert error(whole, edge(hole.shape)[..., :channels], hole) < 0.5 * error(
        picture, edge(hole.shape)[..., :channels], hole
    )
    np.testing.assert_allclose(half, (whole.astype(float) + picture) / 2, atol=1)
    dark = retold(picture, level, np.zeros(picture.shape, np.float32), 1.0)
    assert dark[hole].mean() < whole[hole].mean() - 10


def test_rough_ground_is_retold_as_rough_by_the_grain_of_what_was_painted(
    hole: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = (120 + 25 * noise((*hole.shape, 3), 4)).clip(0, 255).astype(np.uint8)
    picture[hole] = (120 + 4 * noise(picture.shape, 5))[hole]
    level = Level(level=0, picture=picture, hole=hole, own=hole)
    found = retold(picture, level, None, 1.0)
    assert found[hole].std() == pytest.approx(picture[~hole].std(), rel=0.25)
    grain = _grain(picture, level)
    assert np.square(grain[hole]).mean() == pytest.approx(1, rel=0.1)
    assert not grain[~hole].any()
    monkeypatch.setattr("pixpaint.sampling.blending._grain", lambda *_: 0 * grain)
    assert retold(picture, level, None, 1.0)[hole].std() < 0.8 * found[hole].std()


def test_grain_is_of_light_and_two_colours(hole: np.ndarray) -> None:
    """Where painted pixels differ in light alone, so do those that are drawn."""
    picture = (120 + 25 * noise((*hole.shape, 1), 4)).clip(0, 255).astype(np.uint8).repeat(3, 2)
    grain = _grain(picture, Level(level=0, picture=picture, hole=hole, own=hole))
    assert np.square(grain[hole][:, 0]).mean() > 0.5
    assert np.abs(grain[hole][:, 1:]).max() < 0.01


def test_values_are_carried_to_where_the_picture_is_alike(hole: np.ndarray) -> None:
    picture = torch.from_numpy(edge(hole.shape)).float()
    own = torch.from_numpy(hole)
    right = (picture[..., :1] > 100) * 7.0
    guess = torch.where(own[..., None], torch.tensor(3.0), right)
    found = carried(picture, guess, torch.ones_like(own).float(), ~own, own)
    assert (found - right).abs().mean() < 0.1
    np.testing.assert_array_equal(found[~own].numpy(), right[~own].numpy())
    same = carried(picture, guess, torch.ones_like(own).float(), ~own, own, lambda: True)
    np.testing.assert_array_equal(same.numpy(), guess.numpy())


def test_a_smooth_ground_is_calm_beside_a_rough_one() -> None:
    """Most of the hole lies in the smooth left half, but nearer to the rough right one."""
    shape = (72, 96, 3)
    rough = np.random.default_rng(0).normal(0, 20, shape)
    ground = np.where(np.arange(96) < 50, 60, 180)[None, :, None]
    picture = (ground + rough * (np.arange(96) >= 50)[None, :, None]).clip(0, 255).astype(np.uint8)
    hole = np.zeros(shape[:2], np.bool_)
    hole[24:48, 24:49] = True
    painted = np.where(hole[..., None], ground + 0.5 * rough, picture).clip(0, 255).astype(np.uint8)
    hints = doubled(halved(np.where(hole[..., None], ground, picture).astype(np.uint8)))
    level = Level(level=0, picture=picture, hole=hole, own=hole)
    found = calmed(painted, level, hints, 1.0, nearest_known(level, hinted=True))
    near = np.s_[28:44, 42:46]  # nearer to the rough ground than to any smooth one known
    assert (
        np.abs(found[near].astype(float) - 60).mean() < 0.25 * np.abs(painted[near].astype(float) - 60).mean()
    )
