"""`pixpaint fill` paints the hole and nothing else, and says what it did."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pixpaint.assets import resource, user_models_folder
from pixpaint.cli import main
from pixpaint.commands.fill import COMPILE_FROM, load
from pixpaint.commands.progress import Progress
from pixpaint.document import open_picture, read_mask
from pixpaint.models import checkpoint
from pixpaint.models.card import read_card
from pixpaint.recipe import FillSettings
from pixpaint.sampling.painting import Painter

FIELDS = {
    "model",
    "coarse",
    "seed",
    "engine",
    "device",
    "pixels",
    "seconds",
    "pixels_per_second",
    "bits_per_dim",
    "sha256",
}


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    models = user_models_folder()
    models.mkdir(parents=True, exist_ok=True)
    for suffix in (".safetensors", ".json"):
        shutil.copy(tiny_model.with_suffix(suffix), models)


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    """Saved as in.png, with 300 dots an inch."""
    pixels = np.random.default_rng(0).integers(0, 256, (10, 20, 3), dtype=np.uint8)
    Image.fromarray(pixels).save("in.png", dpi=(300, 300))
    return pixels


@pytest.fixture
def hole() -> NDArray[np.bool_]:
    """Saved as mask.png, of several shades."""
    hole = np.zeros((10, 20), dtype=np.bool_)
    hole[2:6, 3:9] = True
    hole[8, 15:18] = True
    Image.fromarray(np.where(hole, np.arange(20, dtype=np.uint8) + 1, np.uint8(0))).save("mask.png")
    return hole


def fill(*arguments: str, code: int = 0) -> None:
    assert main(["fill", *arguments, "--model", "tiny"]) == code


def test_only_the_hole_is_painted(picture: NDArray[np.uint8], hole: NDArray[np.bool_]) -> None:
    fill("in.png", "--mask", "mask.png", "-o", "out.png")
    painted = open_picture("out.png")
    assert np.array_equal(painted.pixels[~hole], picture[~hole])
    assert not np.array_equal(painted.pixels[hole], picture[hole])
    assert painted.alpha is None
    assert painted.metadata.dpi == pytest.approx((300, 300), rel=1e-3)
    assert {path.name for path in Path().iterdir()} == {"in.png", "mask.png", "out.png"}


def test_the_result_is_the_painters(picture: NDArray[np.uint8], hole: NDArray[np.bool_]) -> None:
    settings = FillSettings(model="tiny", label="fish", seed=7, temperature=0.8)
    for event in Painter().paint(settings, picture.copy(), hole):
        picture[event.rows, event.columns] = event.pixels[0]
    fill(
        "in.png",
        "--mask",
        "mask.png",
        "-o",
        "out.png",
        *["--label", "fish", "--seed", "7", "--temperature", "0.8"],
    )
    assert np.array_equal(open_picture("out.png").pixels, picture)


@pytest.mark.usefixtures("picture")
def test_the_recipe_in_the_png_paints_it_again(hole: NDArray[np.bool_]) -> None:
    fill("in.png", "--mask", "mask.png", "-o", "out.png", "--seed", "5", "--label", "cat")
    document = open_picture("out.png")
    (recipe,) = document.recipes
    assert np.array_equal(recipe.hole_mask(10, 20), hole)
    assert recipe.model_sha256 == read_card("tiny").sha256
    assert recipe.result_sha256 == hashlib.sha256(document.pixels[hole].tobytes()).hexdigest()
    assert recipe.settings == FillSettings(
        model="tiny",
        label="cat",
        seed=5,
        choice=1.0,
        scale=1.0,
        top_p=1.0,
        calm=0.0,
        join=0.0,
        hold=0.0,
        engine="torch",
        device="cpu",
    )


def test_transparent_pixels_are_the_hole_and_become_opaque(
    picture: NDArray[np.uint8], hole: NDArray[np.bool_]
) -> None:
    alpha = np.where(hole, 0, 255).astype(np.uint8)
    alpha[0] = 90
    Image.fromarray(np.dstack([picture, alpha])).save("in.png")
    fill("in.png", "-o", "out.png")
    painted = open_picture("out.png")
    assert painted.alpha is not None
    assert (painted.alpha[hole] == 255).all()
    assert np.array_equal(painted.alpha[~hole], alpha[~hole])
    assert np.array_equal(painted.pixels[~hole], picture[~hole])


@pytest.mark.usefixtures("picture")
def test_the_last_line_is_json(hole: NDArray[np.bool_], capsys: pytest.CaptureFixture[str]) -> None:
    fill("in.png", "--mask", "mask.png", "-o", "out.png", "--seed", "3", "--json")
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(said) == FIELDS
    assert (said["model"], said["seed"], said["engine"], said["device"]) == ("tiny", 3, "torch", "cpu")
    assert said["pixels"] == np.count_nonzero(hole)
    assert said["pixels_per_second"] == pytest.approx(said["pixels"] / said["seconds"])
    assert said["sha256"] == hashlib.sha256(open_picture("out.png").pixels[hole].tobytes()).hexdigest()
    assert 0 < said["bits_per_dim"] < 20


@pytest.mark.usefixtures("picture", "hole")
def test_candidates_are_numbered_and_drawn_with_seeds_counting_up(capsys: pytest.CaptureFixture[str]) -> None:
    fill("in.png", "--mask", "mask.png", "-o", "out.png", "--seed", "10", "--candidates", "3", "--json")
    said = json.loads(capsys.readouterr().out)
    fits = [candidate["fit"] for candidate in said["candidates"]]
    assert fits == sorted(fits, reverse=True)
    assert fits[0] > fits[-1]
    assert said["sha256"] == said["candidates"][0]["sha256"]
    numbered = sorted(said["candidates"], key=lambda candidate: candidate["seed"])
    assert [candidate["output"] for candidate in numbered] == ["out-1.png", "out-2.png", "out-3.png"]
    assert not Path("out.png").exists()
    digests = []
    for k in (1, 2, 3):
        (recipe,) = open_picture(f"out-{k}.png").recipes
        assert recipe.settings.seed == 9 + k
        digests.append(recipe.result_sha256)
    assert len(set(digests)) == 3
    assert [candidate["sha256"] for candidate in numbered] == digests


@pytest.mark.usefixtures("picture", "hole")
def test_filling_a_filled_picture_keeps_both_recipes() -> None:
    fill("in.png", "--mask", "mask.png", "-o", "once.png")
    fill("once.png", "--mask", "mask.png", "-o", "twice.png", "--seed", "1")
    assert [recipe.settings.seed for recipe in open_picture("twice.png").recipes] == [0, 1]


@pytest.fixture
def folder(picture: NDArray[np.uint8], hole: NDArray[np.bool_]) -> Path:
    """pictures/ with three pictures and what is none, masks/ with the masks of two of them."""
    for name in ("pictures", "masks"):
        Path(name).mkdir()
    for name in ("a.png", "b.jpg", "c d é.png"):
        Image.fromarray(picture).save(Path("pictures", name))
    for name in ("a.png", "b.png", "c d é.png"):
        shutil.copy("mask.png", Path("masks", name))
    Path("pictures", "notes.txt").write_text("not a picture")
    Path("pictures", ".hidden.png").write_text("not a picture")
    return Path("pictures")


def test_a_folder_is_filled_with_one_loaded_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load_model = checkpoint.load_model
    monkeypatch.setattr(
        checkpoint, "load_model", lambda name, **how: loaded.append(name) or load_model(name, **how)
    )
    fill(str(folder), "--mask", "masks", "-o", "results")
    assert {path.name for path in Path("results").iterdir()} == {"a.png", "b.png", "c d é.png"}
    assert loaded == ["tiny"]
    fill("in.png", "--mask", "mask.png", "-o", "alone.png")
    assert np.array_equal(open_picture("results/a.png").pixels, open_picture("alone.png").pixels)


def test_a_folder_is_filled_past_bad_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("masks", "b.png").unlink()
    (folder / "bad.png").write_text("no picture")
    fill(str(folder), "--mask", "masks", "-o", "results", "--json", code=1)
    out, err = capsys.readouterr()
    assert {path.name for path in Path("results").iterdir()} == {"a.png", "c d é.png"}
    assert [line.startswith("pixpaint: ") for line in err.splitlines()] == [True, True]
    assert "b.jpg" in err
    assert "bad.png" in err
    (line,) = out.splitlines()
    said = json.loads(line)
    assert set(said) == FIELDS | {"pictures", "failed"}
    assert said["failed"] == 2
    assert said["sha256"] is None
    assert ["error" in picture for picture in said["pictures"]] == [False, True, True, False]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("masks", "-o", "masks"), "overwrite"),
        (("pictures", "--mask", "masks", "-o", "masks"), "overwrite"),
        (("pictures", "--mask", "mask.png", "-o", "results"), "mask.png"),
        (("empty", "-o", "results"), "empty"),
        (("twins", "-o", "results"), "a.png"),
    ],
)
def test_folders_that_do_not_fit_are_refused(
    arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    Path("twins").mkdir()
    for name in ("a.png", "a.jpg"):
        shutil.copy(Path("pictures", "a.png"), Path("twins", name))
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    fill(*arguments, code=2)
    err = capsys.readouterr().err
    assert named in err
    assert err.count("\n") == 1
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before


def test_an_unknown_model_makes_no_folder(folder: Path) -> None:
    assert main(["fill", str(folder), "--mask", "masks", "-o", "results", "--model", "unheard-of"]) == 2
    assert not Path("results").exists()


def test_a_damaged_model_makes_no_folder(folder: Path) -> None:
    weights = user_models_folder() / "tiny.safetensors"
    weights.write_bytes(weights.read_bytes()[:-7])
    fill(str(folder), "--mask", "masks", "-o", "results", code=2)
    assert not Path("results").exists()


def test_the_demo_paints_the_hole_of_the_bundled_sample() -> None:
    sample = open_picture(resource("samples", "sketch.png"))
    hole = read_mask(resource("samples", "sketch-mask.png"), sample.height, sample.width)
    assert main(["fill", "--demo", "-o", "demo.png"]) == 0
    demo = open_picture("demo.png")
    assert np.array_equal(demo.pixels[~hole], sample.pixels[~hole])
    (recipe,) = demo.recipes
    assert recipe.settings.model == "sketch"
    assert np.array_equal(recipe.hole_mask(sample.height, sample.width), hole)


class Loads:
    """Prepares as a painter does, with nothing to load; remembers the engines it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def prepare(self, settings: FillSettings) -> FillSettings:
        self.asked.append(settings.engine)
        return replace(settings, engine="torch" if settings.engine == "auto" else settings.engine)

    def can_compile(self, used: FillSettings) -> bool:
        return used.engine == "torch"


@pytest.mark.parametrize(
    ("engine", "pixels", "asked"),
    [
        ("auto", COMPILE_FROM - 1, ["auto"]),
        ("auto", COMPILE_FROM, ["auto", "fused"]),
        ("torch", COMPILE_FROM, ["torch"]),
        ("fused", 1, ["fused"]),
    ],
)
def test_the_fast_engine_is_compiled_where_that_pays(engine: str, pixels: int, asked: list[str]) -> None:
    painter = Loads()
    with Progress("filling") as progress:
        used = load(painter, FillSettings(engine=engine), progress, pixels)
    assert painter.asked == asked
    assert used.engine == ("torch" if asked[-1] == "auto" else asked[-1])
