"""`pixpaint train` makes a model that the other commands find, goes on where it stopped, and loses no earlier run."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixpaint.assets import data_folder, user_models_folder
from pixpaint.cli import main
from pixpaint.commands import train as command
from pixpaint.commands.options import HOLES
from pixpaint.document import open_picture
from pixpaint.models.card import read_card

RECIPE = {
    "name": "dots",
    "data": "folder",
    "model": {
        "kind": "pixel_cnn_pp",
        "channels": 1,
        "features": 8,
        "blocks": 1,
        "components": 2,
        "dropout": 0.0,
        "encoder": {"widths": [8, 8, 8], "blocks": 1},
        "crop": 8,
    },
    "batch": 4,
    "steps": 2,
    "bf16": False,
}


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of this test alone, with recipe.json and pictures/ of two kinds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    Path("recipe.json").write_text(json.dumps(RECIPE))
    rng = np.random.default_rng(0)
    for kind in ("round", "square"):
        Path("pictures", kind).mkdir(parents=True)
        for k in range(15):
            pixels = rng.integers(0, 256, (20, 20), dtype=np.uint8)
            Image.fromarray(pixels).save(Path("pictures", kind, f"{k}.png"))
    for folder in ("empty", "mixed", "small"):
        Path(folder).mkdir()
    for k in range(25):
        Path("mixed", f"{k}.jpg").write_text("no picture")
        Path("mixed", f"{k}.txt").write_text("no picture")
        Image.new("L", (30, 7)).save(Path("small", f"{k}.png"))


def train(*arguments: str) -> int:
    return main(["train", "--recipe", "recipe.json", "--data", "pictures", *arguments])


def test_a_trained_model_is_found_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("--name", "mine") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "step 2" in out
    card = read_card("mine")
    assert card.path == user_models_folder() / "mine.safetensors"
    assert card.classes == ("round", "square")
    assert open_picture(data_folder() / "training" / "mine" / "samples.png").width > 8

    assert main(["sample", "--model", "mine", "--label", "round", "-n", "1", "-o", "one.png"]) == 0
    assert main(["eval", "mine", "pictures", "--hole", "bottom", "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["images"] == 30
    assert said["hole"] == "bottom"
    assert said["nats_per_image"] == pytest.approx(said["bits_per_dim"] * np.log(2) * 8 * 4)


def test_recorded_figures_are_in_the_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("--name", "mine") == 0
    trained = read_card("mine")
    assert main(["eval", "mine", "pictures/round", "--record", "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    card = read_card("mine")
    assert card.training == {**trained.training, "evaluated on": {"data": "round", "pictures": 15}}
    assert 0 < card.drawn_in < 1
    for hole in HOLES:
        assert {hole, f"{hole} standard error"} <= card.bits_per_dim.keys()
        assert (f"{hole} blanked" in card.bits_per_dim) == (hole != "all")
    assert card.bits_per_dim["all"] == pytest.approx(said["bits_per_dim"], abs=1e-4)
    assert card.bits_per_dim["all nats per image"] == pytest.approx(said["nats_per_image"], abs=1e-4)


def test_an_out_folder_keeps_everything() -> None:
    assert train("--out", "run", "--steps", "1", "--batch", "2") == 0
    kept = {path.name for path in Path("run").iterdir()}
    assert kept == {"dots.safetensors", "dots.json", "checkpoint.safetensors", "samples.png"}
    assert not user_models_folder().exists()
    assert main(["sample", "--model", "run/dots.safetensors", "-n", "1", "-o", "one.png"]) == 0


def test_an_earlier_run_is_gone_on_with_but_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("--out", "run", "--steps", "1") == 0
    before = {path: path.read_bytes() for path in Path("run").iterdir()}
    capsys.readouterr()
    assert train("--out", "run") == 2
    assert "--resume" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("run").iterdir()} == before
    assert train("--out", "run", "--resume", "--steps", "3") == 0
    assert "step 3" in capsys.readouterr().out


def test_ctrl_c_saves_what_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = command.run

    def interrupted(*arguments: object, **how: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        run(*arguments, **how)  # type: ignore[arg-type]

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(command, "run", interrupted)
    assert train("--out", "run", "--steps", "1000") == 130
    out, err = capsys.readouterr()
    assert "step 1:" in out
    assert err.count("\n") == 1
    assert "--resume" in err
    assert Path("run", "dots.safetensors").exists()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--data", "recipe.json"), "recipe.json"),
        (("--data", "pictures/round"), "15"),
        (("--device", "abacus"), "abacus"),
        (("--recipe", "sketch", "--data", "nowhere"), "sketch"),
        (("--data", "nowhere"), "There is no folder or file"),
        (("--data", "empty"), "0 pictures"),
        (("--data", "mixed"), "0 pictures (jpg, png, webp, bmp) that can be used, 25 that can't be read"),
        (("--data", "small"), "25 that are smaller than 8 × 8 pixels"),
        (("--minutes", "0"), "--minutes is 0"),
        (("--minutes", "nan"), "--minutes is nan"),
        (("--name", "a/b"), "a/b"),
        (("--name", ".."), ".."),
        (("--name", "sketch"), "a model called sketch already"),
        (("--from", "nobody"), "no model named nobody"),
        (("--from", "recipe.safetensors"), "no model file"),
    ],
)
def test_what_cannot_be_trained_on_is_explained(
    arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(Path().rglob("*"))
    assert train(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert named in err
    assert err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before
