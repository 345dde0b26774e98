"""`pixpaint models field` draws what a pixel sees: the shapes that the models' papers tell of."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pixpaint.assets import resource
from pixpaint.cli import main
from pixpaint.commands.field import CELL, FAMILY_AT, FAMILY_CELL, FAMILY_SIZE, GAP, SIDE, TITLE
from pixpaint.models.card import ModelCard
from pixpaint.models.checkpoint import save_model
from pixpaint.models.field import LATER, THE_PIXEL, UNSEEN
from tests.registry import MODELS, model_of


def cells(picture: np.ndarray, place: int, size: tuple[int, int], cell: int) -> np.ndarray:
    """The colours of a panel's cells, (rows, columns, 3)."""
    height, width = (side * cell + 1 for side in size)
    left, top = GAP + place % 3 * (width + GAP), TITLE + place // 3 * (height + TITLE + GAP)
    return picture[top : top + height, left : left + width][cell // 2 :: cell, cell // 2 :: cell]


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    path = tmp_path_factory.mktemp("family") / "family.png"
    assert main(["models", "field", "-o", str(path)]) == 0
    return np.asarray(Image.open(path))


def unseen(family: np.ndarray, place: int) -> set[tuple[int, int]]:
    """Earlier pixels that are not seen: how far above and to the right of the pixel."""
    drawn = cells(family, place, FAMILY_SIZE, FAMILY_CELL)
    row, column = FAMILY_AT
    assert tuple(drawn[row, column]) == THE_PIXEL
    assert (drawn[row, column + 1 :] == LATER).all()
    assert (drawn[row + 1 :] == LATER).all()
    rows, columns = np.nonzero((drawn[: row + 1] == UNSEEN).all(-1))
    return set(zip((row - rows).tolist(), (columns - column).tolist(), strict=True))


def test_the_family_is_drawn_with_blind_spot_and_triangle(family: np.ndarray) -> None:
    pixel_cnn, gated, row_lstm, diagonal, plus_plus = (unseen(family, place) for place in range(5))
    assert pixel_cnn == {(above, right) for above in range(1, 13) for right in range(above + 3, 13)}
    assert row_lstm > pixel_cnn
    assert {right for above, right in row_lstm if above == 12} == set()
    assert min(right for _, right in row_lstm) == -12
    assert gated == diagonal == plus_plus == set()


def test_the_bundled_drawing_is_the_one_that_the_command_makes(family: np.ndarray) -> None:
    bundled = np.asarray(Image.open(resource("pictures", "receptive-fields.png")))
    assert bundled.shape == family.shape
    assert resource("pictures", "receptive-fields.png").stat().st_size < 100_000
    for place in range(5):  # shades may differ where sums are rounded otherwise, what is seen may not
        assert unseen(bundled, place) == unseen(family, place)


def test_a_models_own_field_is_drawn_at_the_pixel_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = model_of(MODELS["pixel_cnn_pp grey"], torch.float32)
    save_model(model, ModelCard(name="stirred", config={}), tmp_path)
    path = tmp_path / "field.png"
    assert (
        main(["models", "field", str(tmp_path / "stirred.safetensors"), "-o", str(path), "--at", "20,9"]) == 0
    )
    assert "the pixel 20,9 sees" in capsys.readouterr().out
    picture = np.asarray(Image.open(path))
    decoder, encoder = (cells(picture, place, (SIDE, SIDE), CELL) for place in range(2))
    assert tuple(decoder[20, 9]) == tuple(encoder[20, 9]) == THE_PIXEL
    assert (decoder[21:] == LATER).all()
    assert not (decoder[:20] == LATER).all(-1).any()
    hole = (encoder == UNSEEN).all(-1)
    hole[20, 9] = True
    rows, columns = np.nonzero(hole)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (16, 24, 5, 13)
    assert hole.sum() == 81


@pytest.mark.parametrize("at", ["33,0", "-1,3", "3", "a,b", "1,2,3"])
def test_a_pixel_outside_is_refused(
    at: str, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "field.png"
    assert main(["models", "field", str(tiny_model), "-o", str(path), f"--at={at}"]) == 2
    assert "from 0 to 32" in capsys.readouterr().err
    assert not path.exists()
