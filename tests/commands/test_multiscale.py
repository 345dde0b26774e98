"""From training a small model and one that goes on from it to the pictures that they draw together."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixpaint.assets import user_models_folder
from pixpaint.cli import main
from pixpaint.commands.tiles import tiled
from pixpaint.document import open_picture
from pixpaint.models.card import read_card
from pixpaint.recipe import FillSettings, Recipe
from pixpaint.sampling.painting import Painter

COMMON = {"data": "folder", "batch": 4, "steps": 2, "bf16": False, "whole": 1.0, "turned": 0.0, "clip": 5.0}
MODEL = {"channels": 3, "features": 6, "head": 12, "crop": 8}
SMALL = {"name": "small", "halved": 1, "model": {**MODEL, "kind": "pixel_cnn", "blocks": 1, "crop": 4}}
LARGE = {
    "name": "large",
    "half_size_hints": 1.0,
    "model": {**MODEL, "kind": "gated_pixel_cnn", "layers": 2, "kernel": 3, "hinted": True},
}


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both models, trained for two steps on pictures/, and a picture to fill."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    rng = np.random.default_rng(0)
    Path("pictures").mkdir()
    for k in range(25):
        Image.fromarray(rng.integers(0, 256, (9 + k % 3, 9, 3), dtype=np.uint8)).save(f"pictures/{k}.png")
    Image.fromarray(rng.integers(0, 256, (10, 12, 3), dtype=np.uint8)).save("in.png")
    mask = np.zeros((10, 12), np.uint8)
    mask[1:9, 2:10] = 255
    Image.fromarray(mask).save("mask.png")
    for recipe in (SMALL, LARGE):
        Path("recipe.json").write_text(json.dumps({**COMMON, **recipe}))
        assert main(["train", "--recipe", "recipe.json", "--data", "pictures"]) == 0


def fill(*options: str) -> int:
    return main(["fill", "in.png", "--mask", "mask.png", "-o", "out.png", *options])


def test_two_models_fill_and_the_recipe_names_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert (read_card("small").size, read_card("large").size) == (4, 8)
    assert "all hinted" in read_card("large").bits_per_dim
    capsys.readouterr()
    assert fill("--model", "large", "--coarse", "small", "--candidates", "2", "--json") == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["model"], said["coarse"], said["pixels"]) == ("large", "small", 128)
    assert all(np.isfinite(candidate["fit"]) for candidate in said["candidates"])
    (recipe,) = open_picture("out-2.png").recipes
    assert (recipe.settings.model, recipe.settings.coarse) == ("large", "small")
    assert (recipe.model_sha256, recipe.coarse_sha256) == (
        read_card("large").sha256,
        read_card("small").sha256,
    )

    again = fill("--model", "large", "--coarse", "small", "--seed", str(recipe.settings.seed))
    assert again == 0
    assert np.array_equal(open_picture("out.png").pixels, open_picture("out-2.png").pixels)
    assert "large from small" in capsys.readouterr().out


def test_a_recipe_without_a_coarse_model_is_still_read() -> None:
    assert fill("--model", "small") == 0
    (recipe,) = open_picture("out.png").recipes
    fields = recipe.to_dict()
    assert (fields.pop("coarse"), fields.pop("coarse_sha256")) == (None, None)
    assert Recipe.from_dict(fields) == recipe


def test_pictures_are_drawn_from_nothing_in_two_levels(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["sample", "--model", "large", "--coarse", "small", "-n", "2", "-o", "grid.png"]) == 0
    assert "large from small" in capsys.readouterr().out
    drawn = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    settings = FillSettings(model="large", coarse="small", candidates=2)
    levels = []
    for event in Painter().paint(settings, drawn[0].copy(), np.ones((8, 8), dtype=np.bool_)):
        drawn[:, event.rows, event.columns] = event.pixels
        levels.append(event.level)
    assert levels == [1] * 4 + [0] * 8
    assert np.array_equal(open_picture("grid.png").pixels, tiled(drawn, across=2))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--model", "small", "--coarse", "large"), "without hints"),
        (("--model", "large", "--coarse", "sketch"), "1 channel(s) of 16 values"),
        (("--model", "large", "--coarse", "nobody"), "no model named nobody"),
        (("--model", "large", "--coarse", ""), "coarse model is empty"),
    ],
)
def test_what_does_not_go_together_is_told_in_a_sentence(
    options: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert fill(*options) == 2
    error = capsys.readouterr().err
    assert named in error
    assert error.count("\n") == 1
    assert not Path("out.png").exists()


def test_each_is_measured_on_what_it_learned(capsys: pytest.CaptureFixture[str]) -> None:
    def bits(*arguments: str) -> float:
        capsys.readouterr()
        assert main(["eval", *arguments, "--json"]) == 0
        return float(json.loads(capsys.readouterr().out)["bits_per_dim"])

    assert bits("small", "pictures:held-out", "--halved", "1") == pytest.approx(
        read_card("small").bits_per_dim["all"], abs=1e-4
    )
    assert bits("large", "pictures:held-out", "--hints") == pytest.approx(
        read_card("large").bits_per_dim["all hinted"], abs=1e-4
    )
    assert main(["eval", "small", "pictures", "--hints"]) == 2
    assert main(["eval", "small", "pictures", "--halved", "9"]) == 2
    assert main(["eval", "small", "pictures", "--blank-map"]) == 2
    assert "no encoder" in capsys.readouterr().err
    assert main(["eval", "large", "pictures", "--record"]) == 0
    assert "all hinted" in read_card("large").bits_per_dim
    assert main(["eval", "small", "pictures", "--halved", "1", "--record"]) == 0
    measured = [read_card(name).training["evaluated on"].get("halved", 0) for name in ("large", "small")]
    assert measured == [0, 1]


def test_a_partner_that_the_recipe_names_paints_the_coarsest_level_unless_another_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("recipe.json").write_text(json.dumps({**COMMON, **LARGE, "name": "pair", "coarse": "small"}))
    assert main(["train", "--recipe", "recipe.json", "--data", "pictures"]) == 0
    assert read_card("pair").coarse == "small"

    def painted(model: str, *options: str) -> tuple[str | None, np.ndarray]:
        assert fill("--model", model, *options) == 0
        document = open_picture("out.png")
        return document.recipes[-1].settings.coarse, document.pixels

    alone, paired = painted("large"), painted("large", "--coarse", "small")
    for options, (name, pixels) in (
        ((), paired),
        (("--coarse", "pair"), alone),
        (("--coarse", "small"), paired),
    ):
        found, same = painted("pair", *options)
        assert found == name
        assert np.array_equal(same, pixels)

    assert main(["eval", "pair", "pictures:held-out", "--record"]) == 0
    figures = read_card("pair").bits_per_dim
    capsys.readouterr()
    assert main(["eval", "small", "pictures:held-out", "--halved", "1", "--json"]) == 0
    small = json.loads(capsys.readouterr().out)["bits_per_dim"]
    assert figures["all from coarse"] == pytest.approx(figures["all hinted"] + small / 4, abs=2e-4)
    assert "all from coarse" not in read_card("large").bits_per_dim

    (user_models_folder() / "small.safetensors").unlink()
    assert painted("pair")[0] is None, "it is not there"
