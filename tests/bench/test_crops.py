"""Which pictures are compared on: held-out ones where they are known, the middle of each, small ones left out."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixpaint.bench.crops import SIDE, middle, read_crops
from pixpaint.errors import BadImage, BadRequest
from pixpaint.training.photos import PhotoPictures


def save(path: Path, level: int, width: int = 300, height: int = 260) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), (level, level, level)).save(path)


def levels(spec: str | None, limit: int | None = None) -> list[int]:
    return sorted(int(picture[0, 0, 0]) for picture in read_crops(spec, limit).pictures)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k in range(30):
        save(tmp_path / "mine" / f"{k}.png", k)
    return tmp_path / "mine"


def test_a_folder_is_read_whole_in_an_order_that_never_changes(folder: Path) -> None:
    assert levels(str(folder)) == list(range(30))
    some = read_crops(str(folder), 5).pictures
    assert some.shape == (5, SIDE, SIDE, 3)
    assert np.array_equal(some, read_crops(str(folder), 7).pictures[:5])
    assert levels(str(folder), 5) != [0, 1, 2, 3, 4]


def test_held_out_are_those_that_training_holds_out(folder: Path) -> None:
    photos = PhotoPictures.read(folder)
    held_out = sorted(int(photos.pictures[i][0, 0, 0]) for i in photos.kept)
    assert levels(f"{folder}:held-out") == held_out
    assert 0 < len(held_out) < 30


def test_val_is_taken_where_there_is_train_and_val(tmp_path: Path) -> None:
    for k in range(6):
        save(tmp_path / ("val" if k < 2 else "train") / f"{k}.png", k)
    assert levels(str(tmp_path)) == [0, 1]


@pytest.mark.parametrize("way", ["file", "folder", "environment", "here"])
def test_of_photos_zip_only_the_held_out_ones(
    way: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    monkeypatch.delenv("PIXPAINT_DATA", raising=False)
    spec = {"file": str(tmp_path / "photos.zip"), "folder": str(tmp_path)}.get(way)
    if way == "environment":
        monkeypatch.setenv("PIXPAINT_DATA", str(tmp_path))
    elif way == "here":
        monkeypatch.chdir(tmp_path)
    photos = PhotoPictures.read(tmp_path / "photos.zip")
    found = read_crops(spec)
    assert levels(spec) == sorted(int(photos.pictures[i][0, 0, 0]) for i in photos.kept)
    assert found.which == f"the {len(photos.kept)} held out"


def test_small_and_unreadable_pictures_are_counted(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 1)
    save(tmp_path / "b.png", 2, width=255, height=400)
    (tmp_path / "c.png").write_bytes(b"no picture")
    found = read_crops(str(tmp_path))
    assert (len(found.pictures), found.small, found.unreadable) == (1, 1, 1)


def test_a_large_picture_is_shrunk_and_the_middle_taken(tmp_path: Path) -> None:
    wide = np.zeros((600, 1024, 3), np.uint8)
    wide[:, 256:768] = 200  # of 512 x 300, the middle 256 columns
    Image.fromarray(wide).save(tmp_path / "wide.png")
    (found,) = read_crops(str(tmp_path)).pictures
    assert (found[:, 4:-4] == 200).all()
    picture = np.arange(5 * 7, dtype=np.uint8).reshape(5, 7, 1)
    assert middle(picture, 3)[..., 0].tolist() == [[9, 10, 11], [16, 17, 18], [23, 24, 25]]


def test_bad_requests_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIXPAINT_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadRequest, match=r"no photos.zip"):
        read_crops(None)
    with pytest.raises(BadRequest, match="nowhere"):
        read_crops("nowhere")
    save(tmp_path / "small" / "a.png", 1, width=100)
    with pytest.raises(BadRequest, match="256 × 256"):
        read_crops("small")
    with pytest.raises(BadRequest, match="at least 1"):
        read_crops("small", 0)
    with pytest.raises(BadRequest, match="no part"):
        read_crops("small:test")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(BadImage):
        read_crops("text.zip")
