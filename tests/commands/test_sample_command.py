"""`pixpaint sample` draws the same pictures as filling an empty sheet, side by side."""

from pathlib import Path

import numpy as np
import pytest

from pixpaint.cli import main
from pixpaint.commands.tiles import GAP, GREY, tiled
from pixpaint.document import open_picture
from pixpaint.recipe import FillSettings
from pixpaint.sampling.painting import Painter


def test_each_picture_is_a_candidate(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = str(tiny_model)
    assert (
        main(["sample", "--model", model, "-n", "3", "--seed", "4", "--label", "cat", "-o", "grid.png"]) == 0
    )
    sheet = open_picture("grid.png").pixels
    assert sheet.shape == (2 * 16 + 3 * GAP, 2 * 16 + 3 * GAP, 3)

    settings = FillSettings(model=model, seed=4, label="cat", candidates=3)
    everything = np.ones((16, 16), dtype=np.bool_)
    drawn = np.zeros((3, 16, 16, 3), dtype=np.uint8)
    for event in Painter().paint(settings, drawn[0].copy(), everything):
        drawn[:, event.rows, event.columns] = event.pixels
    assert np.array_equal(sheet, tiled(drawn, across=2))


def test_pictures_are_tiled_row_by_row() -> None:
    pictures = np.arange(3, dtype=np.uint8).repeat(2 * 4 * 3).reshape(3, 2, 4, 3)
    sheet = tiled(pictures, across=2)
    assert sheet.shape == (2 * 2 + 3 * GAP, 2 * 4 + 3 * GAP, 3)
    top, left = slice(GAP, GAP + 2), slice(GAP, GAP + 4)
    bottom, right = slice(2 * GAP + 2, 2 * GAP + 4), slice(2 * GAP + 4, 2 * GAP + 8)
    assert (sheet[top, left] == 0).all()
    assert (sheet[top, right] == 1).all()
    assert (sheet[bottom, left] == 2).all()
    assert (sheet[bottom, right] == GREY).all()
