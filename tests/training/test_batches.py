"""Training examples: what is hidden stays hidden, and orientation and label are those of the picture."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.config import GatedPixelCNNConfig
from pixpaint.models.encoder import Base
from pixpaint.orientation import orient
from pixpaint.training.batches import make_batch, rough_colours
from pixpaint.training.pictures import Pictures
from tests.training.examples import MODEL, RECIPE, FourPictures


@dataclass(frozen=True, kw_only=True)
class OnePicture(Pictures):
    """The same picture without any symmetry, of the second of three classes."""

    channels: int = 1
    classes: tuple[str, ...] = ("a", "b", "c")

    def __len__(self) -> int:
        return 1

    def sample(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, int]:
        del rng
        return np.random.default_rng(1).integers(0, 256, (size, size, self.channels), np.uint8), 1

    def held_out(self, size: int, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError


WITH_CLASSES = replace(RECIPE, model=replace(MODEL, classes=3))


def test_every_orientation_comes_with_the_picture_turned_so() -> None:
    pictures = OnePicture()
    upright, _ = pictures.sample(np.random.default_rng(0), MODEL.crop)
    batch = make_batch(pictures, replace(WITH_CLASSES, turned=0.9), range(100))
    assert set(batch.orientations.tolist()) == set(range(8))
    for x, orientation in zip(batch.x, batch.orientations.tolist(), strict=True):
        turned = np.ascontiguousarray(orient(upright, orientation))
        assert torch.equal(x, bytes_to_units(torch.from_numpy(turned).movedim(-1, 0)))


def test_pictures_are_turned_as_often_as_the_recipe_says() -> None:
    never, always = (
        make_batch(OnePicture(), replace(WITH_CLASSES, turned=turned), range(50)) for turned in (0.0, 1.0)
    )
    assert not never.orientations.any()
    assert always.orientations.all()


@pytest.mark.parametrize(("no_class", "label"), [(0.0, 1), (1.0, 3)])
def test_the_label_is_kept_or_dropped_as_the_recipe_says(no_class: float, label: int) -> None:
    batch = make_batch(OnePicture(), replace(WITH_CLASSES, no_class=no_class), range(20))
    assert set(batch.labels.tolist()) == {label}


def test_a_picture_without_a_class_gets_the_label_for_none() -> None:
    assert set(make_batch(FourPictures(), WITH_CLASSES, range(8)).labels.tolist()) == {3}


def test_examples_of_the_largest_seed_are_made() -> None:
    a, b = (
        make_batch(OnePicture(), replace(WITH_CLASSES, seed=seed), [2**40]) for seed in (2**63 - 1, 2**63 - 2)
    )
    assert not torch.equal(a.context.hole, b.context.hole)


def test_an_example_depends_on_its_number_alone() -> None:
    together = make_batch(FourPictures(), RECIPE, range(5, 9))
    alone = make_batch(FourPictures(), RECIPE, [7])
    assert torch.equal(together.x[2:3], alone.x)
    assert all(torch.equal(a[2:3], b) for a, b in zip(together.context, alone.context, strict=True))


def test_what_is_hidden_is_not_in_the_context() -> None:
    batch = make_batch(FourPictures(), replace(RECIPE, half_size_hints=0.5, stroke_hints=0.5), range(40))
    context = batch.context
    assert not (context.known * context.hole).any()
    assert not (context.hints * (1 - context.hinted)).any()
    everywhere = context.hinted.amin((2, 3), keepdim=True)
    assert not (context.hinted * (1 - everywhere) * (1 - context.hole)).any()
    assert 0 < everywhere.sum() < len(everywhere)
    assert (context.hinted * (1 - everywhere)).any()
    base, share, _ = Base.of(context.base(1, smoothed=False))
    assert torch.equal(base, context.hints * everywhere)
    cells = context.hole.unfold(2, 2, 2).unfold(3, 2, 2).amin((4, 5)) * everywhere
    assert cells.any()
    assert torch.equal(share[:, :, 1::2, 1::2], cells)
    assert torch.equal(share[:, :, 1::2, ::2], cells / 2)
    assert not share[:, :, ::2].any()
    assert torch.equal(context.known, batch.x * (1 - context.hole))


def test_colour_strokes_lie_in_the_hole_and_are_near_what_it_hides() -> None:
    rng = np.random.default_rng(0)
    image = np.full((32, 32, 3), 120, np.uint8)
    hole = np.zeros((32, 32), bool)
    hole[4:28, 4:28] = True
    hints, hinted = rough_colours(rng, image, hole)
    assert not (hinted & ~hole).any()
    assert np.abs(hints[hinted].astype(int) - 120).max() < 60


def test_what_is_read_of_a_hole_may_drift_and_nothing_else_does() -> None:
    recipe = replace(RECIPE, model=replace(MODEL, hinted=True), drift=1.0, half_size_hints=0.5)
    batch = make_batch(FourPictures(), recipe, range(60))
    hole = batch.context.hole
    error = (batch.read - batch.x).abs()
    assert not (error * (1 - hole)).any()
    drifts = error.amax((1, 2, 3)) > 0
    partly = hole.amin((1, 2, 3)) == 0
    hinted = batch.context.hinted.amin((1, 2, 3)) == 1
    assert not (drifts & ~partly).any()
    cells = hole.unfold(2, 2, 2).unfold(3, 2, 2).amin((4, 5)) * (partly & hinted)[:, None, None, None]
    for kind in (cells.amax((1, 2, 3)) > 0, partly & ~hinted):
        assert (drifts & kind).sum() > 0.8 * kind.sum()  # a white pixel can't get any whiter
    closed = torch.zeros_like(hole)
    closed[:, :, 1::2] = cells.repeat_interleave(2, 3)
    assert closed.any()
    assert torch.equal(batch.counted, hole * (1 - closed))
    assert torch.equal(batch.context.painted, hole * partly[:, None, None, None])
    still = make_batch(FourPictures(), replace(recipe, drift=0.0), range(60))
    assert torch.equal(still.read, still.x)
    assert torch.equal(still.x, batch.x)
    assert torch.equal(still.counted, hole)
    assert not still.context.painted.any()


def test_the_picture_itself_is_shown_as_often_as_asked_and_turned_with_it() -> None:
    config = GatedPixelCNNConfig(
        channels=1, classes=3, features=6, oriented=True, likeness=True, crop=MODEL.crop
    )
    recipe = replace(WITH_CLASSES, model=config, likeness=0.3, turned=0.5)
    batch = make_batch(OnePicture(), recipe, range(400))
    shown = batch.like.flatten(1).any(1)
    assert 0.2 < shown.float().mean() < 0.4
    assert torch.equal(batch.like[shown], batch.x[shown]), "in its orientation"
    assert batch.orientations[shown].any()
    assert not make_batch(OnePicture(), replace(recipe, likeness=0.0), range(50)).like.any()
