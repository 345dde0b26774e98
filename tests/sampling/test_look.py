"""What the model looks at for a pixel of a picture: in the fill's own window and orientation, told upright."""

import numpy as np
import pytest
import torch

from pixpaint.models.base import Model
from pixpaint.models.config import GatedPixelCNNConfig
from pixpaint.models.receptive_field import receptive_field
from pixpaint.sampling.look import FARTHEST, look
from pixpaint.sampling.plan import plan
from tests.registry import MODELS, model_of


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def hidden(height: int, width: int, rows: slice, columns: slice) -> np.ndarray:
    hole = np.zeros((height, width), dtype=np.bool_)
    hole[rows, columns] = True
    return hole


@pytest.fixture
def turning() -> Model:
    """With an encoder, for crops of 8 pixels, in all orientations."""
    return model_of(MODELS["pixel_cnn_pp grey"])


def test_the_window_is_the_fill_s_and_what_is_earlier_in_it_is_seen(turning: Model) -> None:
    image, hole = picture(40, 50), hidden(40, 50, slice(20, 24), slice(30, 36))
    (job,) = plan(hole, 8, oriented=True)
    assert job.orientation == 0
    seen = look(turning, image, hole, (22, 33))
    top, left, bottom, right = seen.box
    assert (top, left, bottom - top, right - left) == (job.row, job.column, job.height, job.width)
    assert seen.field.at == (22 - top, 33 - left)
    assert seen.field.decoder.shape == seen.field.encoder.shape == (job.height, job.width)
    place = np.arange(job.height * job.width).reshape(job.height, job.width)
    assert np.array_equal(seen.field.seen, place < place[seen.field.at])
    assert np.array_equal(seen.field.encoder > 0, ~hole[job.window])


def test_a_pixel_that_is_known_is_looked_at_as_if_it_were_hidden(turning: Model) -> None:
    image, hole = picture(40, 50), np.zeros((40, 50), dtype=np.bool_)
    seen = look(turning, image, hole, (1, 48))
    assert not hole.any()
    assert seen.box == (0, 41, 9, 50)
    expected = np.ones((9, 9), dtype=np.bool_)
    expected[1, 7] = False
    assert np.array_equal(seen.field.encoder > 0, expected)


def test_a_hole_that_is_painted_from_below_is_looked_at_from_below(turning: Model) -> None:
    """The same as the mirrored picture with the mirrored hole, told in the picture's own rows."""
    image, hole = picture(24, 24), hidden(24, 24, slice(0, 16), slice(6, 18))
    (job,) = plan(hole, 8, oriented=True)
    assert job.orientation == 1
    seen = look(turning, image, hole, (12, 10))
    assert seen.orientation == 1
    top, left, bottom, right = seen.box
    row, column = seen.field.at
    assert (top + row, left + column) == (12, 10)
    near = slice(max(column - 6, 0), column + 7)
    assert seen.field.seen[row + 1 : row + 7, near].all()
    assert seen.field.seen[row, near][: column - near.start].all()
    assert not seen.field.seen[:row].any()
    assert not seen.field.seen[row, column:].any()
    assert np.array_equal(seen.field.encoder > 0, ~hole[top:bottom, left:right])


def test_of_a_large_window_a_part_is_looked_at_in_which_cells_lie_as_in_the_whole(turning: Model) -> None:
    """Near the pixel, where all that it sees lies within, the field is that of the whole window; a cut that is a pixel
    off makes it more than ten times another."""
    model = model_of(MODELS["pixel_cnn_pp grey"], torch.float64)
    size = 2 * FARTHEST + 30
    image, hole = picture(size, size), np.ones((size, size), dtype=np.bool_)
    at = (FARTHEST + 10, FARTHEST + 7)
    seen = look(model, image, hole, at)
    top, left, bottom, right = seen.box
    assert (top, left) == (8, 4)
    assert (bottom, right) == (at[0] + FARTHEST + 1, at[1] + FARTHEST + 1)
    grey = look_whole(model, image, at)
    near = np.s_[at[0] - 6 : at[0] + 1, at[1] - 6 : at[1] + 7]
    own = np.s_[at[0] - 6 - top : at[0] + 1 - top, at[1] - 6 - left : at[1] + 7 - left]
    assert seen.field.decoder[own] == pytest.approx(grey[near], rel=0.1)


def look_whole(model: Model, image: np.ndarray, at: tuple[int, int]) -> np.ndarray:
    from pixpaint.layers.pixels import bytes_to_units, grey

    x = bytes_to_units(torch.from_numpy(grey(image)).movedim(-1, 0)[None], torch.float64)
    everything = torch.ones(1, 1, *image.shape[:2], dtype=torch.float64)
    return receptive_field(model, x, everything, at).decoder


def test_one_bit_models_see_one_bit_and_need_no_encoder() -> None:
    config = GatedPixelCNNConfig(channels=1, levels=2, features=4, layers=2, kernel=3, head=8, crop=8)
    model = model_of(config)
    image = picture(20, 20)
    cut = np.where(image.max(2, keepdims=True) >= 128, 255, 0).astype(np.uint8).repeat(3, 2)
    hole = hidden(20, 20, slice(8, 12), slice(8, 12))
    seen = look(model, cut, hole, (9, 9))
    softened = np.where(cut == 255, 200, 50).astype(np.uint8)
    assert seen.field.encoder is None
    assert np.array_equal(seen.field.decoder, look(model, softened, hole, (9, 9)).field.decoder)


def test_it_tells_where_a_fill_would_go_coarse_to_fine() -> None:
    model = model_of(MODELS["pixel_cnn_pp grey"])
    assert model.config.hinted
    image, hole = picture(40, 40), hidden(40, 40, slice(4, 12), slice(4, 12))
    hole[30, 30] = True
    assert look(model, image, hole, (8, 8)).coarse_to_fine
    assert not look(model, image, hole, (30, 30)).coarse_to_fine
    alone = model_of(MODELS["gated_pixel_cnn grey"])
    assert not look(alone, image, hole, (8, 8)).coarse_to_fine
