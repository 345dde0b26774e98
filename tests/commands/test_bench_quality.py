"""`pixpaint bench quality` prints a table or one line of JSON, saves a sheet, and refuses in one sentence."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixpaint.bench import quality, speed
from pixpaint.bench.holes import KINDS
from pixpaint.bench.peers import peers_at_hand
from pixpaint.cli import main
from pixpaint.commands import bench_quality
from pixpaint.commands.contact import LABEL, band
from pixpaint.commands.sheet import HIDDEN
from pixpaint.commands.tiles import GAP
from pixpaint.document import open_picture


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two pictures that are large enough and one that is not, beside which one works."""
    (tmp_path / "photos").mkdir()
    rows, columns = np.mgrid[:260, :256]
    for k in range(3):
        waves = 120 + 60 * np.sin(rows / (7 + k)) + 60 * np.cos(columns / 11)
        picture = np.stack([waves, rows / 2, 255 - waves], axis=2).astype(np.uint8)
        Image.fromarray(picture[: 100 if k == 2 else 260]).save(tmp_path / "photos" / f"{k}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


@pytest.fixture
def painting_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holes of a few pixels: what a tiny model does with them is of no interest here."""

    def dot(kind: str, side: int, seed: int, number: int) -> np.ndarray:
        hole = np.zeros((side, side), np.bool_)
        top = 40 + 20 * KINDS.index(kind) + number + seed
        hole[top : top + 5, 100:106] = True
        return hole

    monkeypatch.setattr(bench_quality, "seeded_hole", dot)


@pytest.fixture
def measuring_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        bench_quality, "compare", lambda *_, **__: pytest.fail("measured before the request was checked")
    )
    monkeypatch.setattr(speed, "prepare", lambda: pytest.fail("measured before the request was checked"))


FIGURES = {"psnr", "ssim", "patch_distance", "gradient_energy", "border_step", "seconds"}


@pytest.mark.usefixtures("painting_is_quick")
def test_json_is_one_line_with_every_method_on_every_hole(
    photos: Path, tiny_model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "quality", str(photos), "--model", str(tiny_model), "--json"]) == 0
    out, err = capfd.readouterr()
    assert out.count("\n") == 1
    assert err == ""
    said = json.loads(out)
    methods = list(dict.fromkeys(row["method"] for row in said["rows"]))
    assert methods[-1] == "pixpaint"
    assert [(row["hole"], row["method"]) for row in said["rows"]] == [
        (kind, method) for kind in KINDS for method in methods
    ]
    for row in said["rows"]:
        assert set(row) == {"hole", "method"} | FIGURES | {f"{name}_error" for name in FIGURES}
        assert row["psnr"] > 3
        assert row["psnr_error"] >= 0
    assert set(said["patch_floor"]) == set(KINDS)
    assert (said["pictures"], said["small"], said["side"], said["seed"]) == (2, 1, 256, 0)
    assert said["model"] == str(tiny_model)
    assert [said[name] for name in ("choice", "scale", "top_p", "calm", "join", "hold")] == [1, 1, 1, 0, 0, 0]


def test_a_real_hole_is_filled_and_shown(
    photos: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("cv2")
    command = ["bench", "quality", str(photos), "--n", "1", "--holes", "scratch", "--model", str(tiny_model)]
    assert main([*command, "--sheet", "sheet.png", "--json"]) == 0
    (shown,) = [row for row in json.loads(capsys.readouterr().out)["rows"] if row["method"] == "telea"]
    assert shown["psnr"] > 20
    assert shown["psnr_error"] is None
    sheet = open_picture(tmp_path / "sheet.png").pixels
    tile = 256 + GAP
    assert sheet.shape[0] == LABEL + tile + GAP
    assert sheet.shape[1] == (3 + len(peers_at_hand())) * tile + GAP
    original, hidden = (
        sheet[LABEL + GAP :, GAP : GAP + 256],
        sheet[LABEL + GAP :, GAP + tile : GAP + tile + 256],
    )
    hole = (hidden == HIDDEN).all(2)
    assert 300 < np.count_nonzero(hole) < 6000
    assert np.array_equal(original[:256][~hole[:256]], hidden[:256][~hole[:256]])


@pytest.mark.usefixtures("painting_is_quick")
def test_a_person_gets_a_table_and_what_it_means(
    photos: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    command = ["bench", "quality", str(photos), "--holes", "48,stroke", "--model", str(tiny_model)]
    assert main(command) == 0
    out, err = capfd.readouterr()
    assert err == ""
    head, *lines = out.splitlines()
    assert head.split() == ["hole", "filled", "by", "PSNR", "SSIM", "patch", "distance", "gradient", "step",
                            "seconds"]  # fmt: skip
    rows = [line.split()[:2] for line in lines[: lines.index("")]]
    assert [row for row in rows if row[1] in ("pixpaint", "floor")] == [
        ["stroke", "pixpaint"],
        ["stroke", "floor"],
        ["48", "pixpaint"],
        ["48", "floor"],
    ]
    assert "1 were smaller" in out
    assert "telea, navier-stokes, frequency-selective and shift-map left out" in out
    assert "pip install 'pixpaint[bench]'" in out
    assert "telea" not in [row[1] for row in rows]


@pytest.mark.usefixtures("measuring_fails")
@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["nowhere"], 2, "nowhere"),
        (["photos", "--n", "0"], 2, "at least 1"),
        (["photos", "--holes", "48,moon"], 2, "'moon'"),
        (["photos", "--holes", ""], 2, "scratch,stroke,48,96"),
        (["photos", "--model", "no-such-model"], 2, "no-such-model"),
        (["photos", "--seed", "-1"], 2, "seed is -1"),
        (["photos", "--sheet", "sheet.jpg"], 2, "sheet.jpg"),
        (["photos", "--sheet", "nowhere/sheet.png"], 1, "nowhere"),
        ([], 2, "photos.zip"),
        (["photos", "--quick"], 2, "--quick belongs to bench speed"),
        (["photos", "--curves", "curves.png"], 2, "--curves belongs to bench speed"),
    ],
    ids=[
        "no-data",
        "none",
        "hole",
        "no-hole",
        "model",
        "seed",
        "no-png",
        "no-folder",
        "no-photos",
        "quick",
        "curves",
    ],
)
def test_a_bad_request_is_one_sentence_before_anything_is_measured(
    arguments: list[str],
    code: int,
    named: str,
    photos: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("PIXPAINT_DATA", raising=False)
    chosen = arguments if "--model" in arguments else [*arguments, "--model", str(tiny_model)]
    assert main(["bench", "quality", *chosen]) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert named in err


@pytest.mark.usefixtures("measuring_fails")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["quality"], "PICTURES"),
        (["--n", "3"], "--n"),
        (["--sheet", "sheet.png"], "--sheet"),
        (["--seed", "0"], "--seed"),
    ],
    ids=["pictures", "n", "sheet", "seed"],
)
def test_bench_speed_has_none_of_its_options(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "speed", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert f"{named} belongs to bench quality" in err


def test_a_band_shows_each_picture_masked_and_filled() -> None:
    pictures = np.arange(2, dtype=np.uint8).repeat(40 * 60 * 3).reshape(2, 40, 60, 3)
    hole = np.zeros((40, 60), np.bool_)
    hole[10:20, 5:9] = True
    fills = {"one": pictures + np.uint8(50), "two": pictures + np.uint8(80)}
    shown = band("48", pictures, [hole, hole], fills)
    assert shown.shape == (LABEL + 2 * (40 + GAP) + GAP, 4 * (60 + GAP) + GAP, 3)
    for i in range(2):
        top = LABEL + GAP + i * (40 + GAP)
        row = [shown[top : top + 40, GAP + k * (60 + GAP) :][:, :60] for k in range(4)]
        assert np.array_equal(row[0], pictures[i])
        assert (row[1][hole] == HIDDEN).all()
        assert np.array_equal(row[1][~hole], pictures[i][~hole])
        assert np.array_equal(row[2], fills["one"][i])
        assert np.array_equal(row[3], fills["two"][i])
    assert (shown[:LABEL] < 100).any()  # there are titles


def test_the_command_measures_as_much_as_it_says() -> None:
    assert (quality.PATCHES, quality.DIRECTIONS) == (256, 256)
    assert KINDS == ("scratch", "stroke", "48", "96")
