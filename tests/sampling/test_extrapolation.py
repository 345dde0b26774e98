"""What the known pixels lead to expect goes on with what they show, and a fill's colours are held to it."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from pixpaint.layers.output import Tempering
from pixpaint.models.config import EncoderConfig, PixelCNNPPConfig
from pixpaint.models.encoder import continued
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.sampling.blending import calmed, contrasted, held, joined, retold
from pixpaint.sampling.drafts import Drafts
from pixpaint.sampling.extrapolation import extrapolated
from pixpaint.sampling.fill import fill
from pixpaint.sampling.memory import AROUND, RETOLD
from pixpaint.sampling.pyramid import Level
from tests.sampling.examples import error


def stripes(shape: tuple[int, int]) -> np.ndarray:
    """Slanted ones, 9 pixels apart, in three colours."""
    down, across = np.indices(shape)
    wave = np.cos(2 * np.pi * (across + 0.5 * down) / 9)
    return np.rint(np.stack([120 + 80 * wave, 100 - 60 * wave, 130 + 0 * wave], -1)).astype(np.uint8)


def test_stripes_go_on_where_the_smooth_continuation_loses_them(hole: np.ndarray) -> None:
    picture = stripes(hole.shape)
    found = extrapolated(picture, hole, hole)
    assert found is not None
    x = torch.from_numpy(picture).movedim(-1, 0)[None].float()
    smooth = continued(x, torch.from_numpy(~hole)[None, None].float())[0].movedim(0, -1).numpy()
    assert error(found, picture, hole) < 0.25 * error(smooth, picture, hole)


def test_what_is_plain_stays_plain(hole: np.ndarray) -> None:
    found = extrapolated(np.full((*hole.shape, 3), 77, np.uint8), hole, hole)
    np.testing.assert_allclose(found, 77, atol=1)


def test_what_the_hole_hides_is_not_read_and_what_is_known_stays(hole: np.ndarray) -> None:
    picture = stripes(hole.shape)
    blotted = np.where(hole[..., None], np.uint8(255), picture)
    found = extrapolated(picture, hole, hole)
    assert found is not None
    np.testing.assert_array_equal(extrapolated(blotted, hole, hole), found)
    np.testing.assert_array_equal(found[~hole], picture[~hole])


def test_only_what_is_asked_for_is_found_and_other_holes_are_not_read(hole: np.ndarray) -> None:
    picture, other = stripes(hole.shape), np.zeros_like(hole)
    other[32:40, 10:30] = True
    blotted = np.where(other[..., None], np.uint8(255), picture)
    found = extrapolated(blotted, hole | other, hole)
    assert found is not None
    np.testing.assert_array_equal(found, extrapolated(picture, hole | other, hole))
    mean = picture[~(hole | other)].mean(0)
    np.testing.assert_allclose(found[other], np.tile(mean, (other.sum(), 1)), rtol=1e-5)


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_what_is_far_from_all_that_is_known_is_found_step_by_step(side: str) -> None:
    """No window around the farthest blocks reaches what is known."""
    picture = np.full((64, 64, 1), 200, np.uint8)
    known = np.zeros((64, 64), np.bool_)
    known[{"left": np.s_[:, :6], "right": np.s_[:, -6:], "top": np.s_[:6], "bottom": np.s_[-6:]}[side]] = True
    picture[~known] = 0
    picture[:32][known[:32]] = 40  # so that the mean is not what is expected anywhere
    picture[~known] = 0
    found = extrapolated(picture, ~known, ~known)
    assert found is not None
    if side in ("left", "right"):
        assert found[4:12].mean() < 80
        assert found[-12:-4].mean() > 160
    else:
        np.testing.assert_allclose(found, 40 if side == "top" else 200, atol=2)


def test_it_can_be_stopped(hole: np.ndarray) -> None:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    assert extrapolated(stripes(hole.shape), hole, hole, stop) is None
    assert asked == 4


@pytest.mark.parametrize("level", [1, 2, 3])
def test_colours_are_held_and_details_stay(hole: np.ndarray, level: int) -> None:
    rng = np.random.default_rng(0)
    picture = rng.normal(100, 12, (*hole.shape, 3)).clip(0, 255).astype(np.uint8)
    off = picture.copy()
    off[hole] += 40
    at = Level(level=level, picture=picture, hole=hole, own=hole)
    expected = np.full(picture.shape, 100, np.float32)
    found, half = (held(off, at, expected, share) for share in (1.0, 0.5))
    np.testing.assert_array_equal(found[~hole], picture[~hole])
    assert abs(found[hole].mean() - 100) < 1.5
    assert abs(half[hole].mean() - 120) < 1.5
    # Exemplars take more of coarser pixels, and what they vote for is a mean.
    assert found[hole].std() > (0.9 if level == 1 else 0.7) * picture[hole].std()
    np.testing.assert_array_equal(held(off, at, expected, 0.0), off)


def hinted_model(*, channels: int = 3, levels: int = 256, smoothed: bool = True) -> PixelCNNPP:
    torch.manual_seed(3)
    config = PixelCNNPPConfig(
        channels=channels,
        levels=levels,
        features=4,
        blocks=1,
        components=2,
        hinted=True,
        smoothed=smoothed,
        encoder=EncoderConfig(widths=(4, 4, 4), blocks=1),
        crop=8,
    )
    return PixelCNNPP(config).eval().double()


def painted(image: np.ndarray, hole: np.ndarray, **options: object) -> tuple[np.ndarray, list]:
    events = list(fill(hinted_model(), image, hole, **options))  # type: ignore[arg-type]
    picture = image.copy()
    for event in events:
        picture[event.rows, event.columns] = event.pixels[0]
    return picture, events


@pytest.mark.parametrize("engine", ["reference", "torch", "fused"])
def test_a_fill_painted_coarse_to_fine_has_the_colours_of_its_surroundings(engine: str) -> None:
    """An untrained model paints any colour; what is around is dark."""
    plain = Tempering(choice=0.0, scale=0.0)
    rng = np.random.default_rng(1)
    image = rng.normal(40, 4, (24, 26, 3)).clip(0, 255).astype(np.uint8)
    hole = np.zeros((24, 26), np.bool_)
    hole[7:17, 8:19] = True
    free, _ = painted(image, hole, engine=engine, tempering=plain)
    kept, events = painted(image, hole, engine=engine, tempering=plain._replace(hold=1.0))
    assert events[0].level > 0
    assert abs(kept[hole].mean() - 40) < 0.5 * abs(free[hole].mean() - 40)
    np.testing.assert_array_equal(kept[~hole], image[~hole])
    if engine != "torch":
        same, _ = painted(image, hole, engine="torch", tempering=plain._replace(hold=1.0))
        np.testing.assert_array_equal(kept, same)


def test_memory_is_asked_for_where_finer_levels_are_retold(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("pixpaint.sampling.fill.check_memory", lambda *rest: asked.append(rest[-1]))
    image, small, large = np.zeros((24, 26, 3), np.uint8), np.zeros((24, 26), bool), np.zeros((24, 26), bool)
    small[7:9, 8:10], large[7:17, 8:19] = True, True
    most = []
    for hole, hold in ((small, 0.0), (small, 1.0), (large, 0.0), (large, 1.0)):
        asked.clear()
        next(iter(fill(hinted_model(), image, hole, tempering=Tempering(hold=hold))))
        most.append(max(asked))
    assert most[0] == most[1] > 0
    assert most[3] - most[2] == most[2] // AROUND * RETOLD


def test_ink_stays_ink() -> None:
    """A model of two levels blends as well, but what that comes to is one of the two."""
    rng = np.random.default_rng(1)
    image = (255 * (rng.random((24, 26, 1)) < 0.8).repeat(3, 2)).astype(np.uint8)
    hole = np.zeros((24, 26), np.bool_)
    hole[7:17, 8:19] = True
    model = hinted_model(channels=1, levels=2, smoothed=False)
    for event in fill(model, image, hole, tempering=Tempering(hold=1.0, calm=1.0, join=1.0)):
        assert np.isin(event.pixels, (0, 255)).all()
    assert event.done == event.total


@pytest.mark.parametrize("calm", [0.0, 1.0])
@pytest.mark.parametrize(("side", "waves"), [(18, [3, 2]), (10, [2, 1]), (5, [1]), (3, [])])
def test_the_coarsest_of_several_levels_is_held_and_finer_ones_are_retold(
    side: int, waves: list[int], calm: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waves are asked at the two coarsest levels, but never at the finest; what is retold was calmed before, and is
    joined then."""
    asked: list[tuple[str, int]] = []

    def recorded(name: str, does: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        def step(picture: np.ndarray, level: Level, *rest: object) -> np.ndarray:
            told = " by waves" if name == "retold" and rest[0] is not None else ""
            asked.append((name + told, level.level))
            return does(picture, level, *rest)

        return step

    steps = {"held": held, "calmed": calmed, "retold": retold, "joined": joined, "contrasted": contrasted}
    for name, does in steps.items():
        monkeypatch.setattr(f"pixpaint.sampling.fill.{name}", recorded(name, does))
    hole = np.zeros((40, 40), np.bool_)
    hole[8 : 8 + side, 8 : 8 + side] = True
    image = np.random.default_rng(1).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    painted(image, hole, tempering=Tempering(hold=1.0, calm=calm, join=1.0))
    wanted = [("held", waves[0])] if waves else []
    coarsest = waves[0] if waves else 0
    for level in range(coarsest, -1, -1):
        if calm:
            wanted.append(("calmed", level))
        if level < coarsest:
            wanted.append(("retold by waves" if level in waves else "retold", level))
        wanted.append(("joined", level))
        if level == coarsest == 1:
            wanted.append(("contrasted", level))
    assert asked == wanted


def test_a_fill_in_one_level_and_one_of_nothing_known_are_as_they_were() -> None:
    image = np.random.default_rng(1).integers(0, 256, (16, 18, 3)).astype(np.uint8)
    small, everything = np.zeros((16, 18), np.bool_), np.ones((16, 18), np.bool_)
    small[6:10, 7:11] = True
    for hole in (small, everything):
        np.testing.assert_array_equal(
            painted(image, hole)[0], painted(image, hole, tempering=Tempering(hold=1.0))[0]
        )


def test_a_fill_that_is_stopped_while_colours_are_sought_can_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(1).integers(0, 256, (24, 26, 3)).astype(np.uint8)
    hole = np.zeros((24, 26), np.bool_)
    hole[7:17, 8:19] = True
    options = {"tempering": Tempering(hold=1.0), "engine": "torch", "drafts": Drafts(10**6)}
    whole, events = painted(image, hole, **(options | {"drafts": None}))
    coarsest = [event for event in events if event.level == events[0].level]
    seeking, found = False, []

    def seek(picture: np.ndarray, hidden: np.ndarray, own: np.ndarray, stop: Callable[[], bool]) -> object:
        nonlocal seeking
        seeking = True
        found.append(extrapolated(picture, hidden, own, stop))
        return found[-1]

    monkeypatch.setattr("pixpaint.sampling.fill.extrapolated", seek)
    _, stopped = painted(image, hole, stop=lambda: seeking, **options)
    assert found == [None]
    assert len(stopped) == len(coarsest)
    monkeypatch.undo()
    again, resumed = painted(image, hole, **options)
    assert len(resumed) == len(events)  # nothing was kept of a level that is not done
    np.testing.assert_array_equal(again, whole)
