"""`pixpaint sample` draws the same pictures as filling an empty sheet, side by side."""

from pathlib import Path

import numpy as np
import pytest

from pixpaint.cli import main
from pixpaint.commands.tiles import GAP, GREY, tiled
from pixpaint.document import Document, open_picture
from pixpaint.png import save_png
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


def test_pictures_like_another_are_drawn_by_a_model_that_is_shown_it(
    tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    from pixpaint.models.card import ModelCard
    from pixpaint.models.checkpoint import save_model
    from tests.registry import MODELS, model_of

    model = model_of(MODELS["gated_pixel_cnn RGB"], torch.float32)
    for weight in model.likeness.parameters():
        weight *= 4  # so that what is shown decides more than the seed
    path = save_model(model, ModelCard(name="gated", config={}, classes=("cat", "fish")), tmp_path).path
    pixels = np.random.default_rng(0).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    save_png(Document(pixels=pixels), tmp_path / "a.png")
    save_png(Document(pixels=255 - pixels), tmp_path / "b.png")

    def drawn(*options: str) -> np.ndarray:
        out = str(tmp_path / "grid.png")
        assert main(["sample", "--model", str(path), "-n", "2", "-o", out, *options]) == 0
        return open_picture(out).pixels

    like_a, like_b = (drawn("--like", str(tmp_path / name)) for name in ("a.png", "b.png"))
    assert np.array_equal(like_a, drawn("--like", str(tmp_path / "a.png")))
    assert not np.array_equal(like_a, like_b)
    assert not np.array_equal(like_a, drawn())

    before = (tmp_path / "a.png").read_bytes()
    shown = str(tmp_path / "a.png")
    assert main(["sample", "--model", str(path), "--like", shown, "-o", shown]) == 2
    assert "to be read" in capsys.readouterr().err
    assert (tmp_path / "a.png").read_bytes() == before

    options = ["sample", "--model", str(tiny_model), "-o", str(tmp_path / "x.png")]
    assert main([*options, "--like", str(tmp_path / "a.png")]) == 2
    assert "without likeness" in capsys.readouterr().err
    assert main([*options, "--like", str(tmp_path / "missing.png")]) == 2


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
