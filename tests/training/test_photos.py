"""A person's own pictures: a folder or a zip."""

import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixpaint.errors import BadImage, BadRequest
from pixpaint.training.data import folder_pictures, open_pictures, tiny_pictures, with_classes
from pixpaint.training.photos import LONGEST_SIDE, PhotoPictures, decode, decoded_side, resized
from pixpaint.training.pictures import NO_CLASS


def write(path: Path, colour: int | tuple[int, int, int] = 0, size: tuple[int, int] = (48, 40)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (colour, 255 - colour, 90) if isinstance(colour, int) else colour).save(path)


def write_many(folder: Path, count: int = 30, suffix: str = ".png") -> Path:
    for i in range(count):
        write(folder / f"{i}{suffix}", i)
    return folder


def encoded(save: Callable[[io.BytesIO], None]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def test_a_folder_gives_crops_and_fixed_held_out_pictures(tmp_path: Path) -> None:
    pictures = folder_pictures(write_many(tmp_path, 60))
    assert len(pictures) + len(pictures.kept) == 60
    assert len(pictures.kept) >= 6
    assert pictures.classes == ()
    crop, label = pictures.sample(np.random.default_rng(0), 32)
    assert crop.shape == (32, 32, 3)
    assert crop.dtype == np.uint8
    assert label == NO_CLASS
    held_out, labels = pictures.held_out(32)
    assert held_out.shape == (len(pictures.kept), 32, 32, 3)
    assert (labels == NO_CLASS).all()
    np.testing.assert_array_equal(held_out[:2], pictures.held_out(32, 2)[0])


def test_no_held_out_picture_is_drawn_for_training(tmp_path: Path) -> None:
    pictures = folder_pictures(write_many(tmp_path, 40))
    rng = np.random.default_rng(0)
    drawn = {int(pictures.sample(rng, 8)[0][0, 0, 0]) for _ in range(1000)}
    kept = {int(picture[0, 0, 0]) for picture in pictures.held_out(8)[0]}
    assert len(drawn | kept) == 40
    assert not drawn & kept


def test_a_zip_is_like_its_folder(tmp_path: Path) -> None:
    folder = write_many(tmp_path / "mine")
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as file:
        for path in folder.iterdir():
            file.write(path, f"mine/{path.name}")
    (a, _), (b, _) = (folder_pictures(path).held_out(16) for path in (folder, tmp_path / "mine.zip"))
    np.testing.assert_array_equal(a, b)


def test_folders_are_classes_when_every_picture_is_in_one(tmp_path: Path) -> None:
    write_many(tmp_path / "dogs", 15)
    write_many(tmp_path / "cats", 15)
    pictures = folder_pictures(tmp_path)
    assert pictures.classes == ("cats", "dogs")
    assert np.bincount(pictures.labels).tolist() == [15, 15]
    _, labels = open_pictures(str(tmp_path), channels=3, classes=("birds", "dogs"), size=16)
    assert sorted(set(labels)) == [NO_CLASS, 1]
    write(tmp_path / "loose.png")
    assert folder_pictures(tmp_path).classes == ()


def test_train_and_val_folders_are_respected(tmp_path: Path) -> None:
    for wnid in ("n1", "n2"):
        write_many(tmp_path / "train" / wnid, 12)
    for i in range(5):
        write(tmp_path / "val" / f"{i}.png", 200 + i)
    (tmp_path / "classes.json").write_text('{"n1": "goldfish", "n2": "bullfrog"}')
    pictures = folder_pictures(tmp_path)
    assert pictures.classes == ("goldfish", "bullfrog")
    assert (len(pictures), len(pictures.kept)) == (24, 5)
    evaluated, labels = open_pictures(str(tmp_path), channels=3)
    assert sorted(evaluated[:, 0, 0, 0]) == [200, 201, 202, 203, 204]
    assert (labels == NO_CLASS).all()


def test_all_of_a_folder_is_evaluated_or_only_what_training_holds_out(tmp_path: Path) -> None:
    folder = write_many(tmp_path)
    assert len(open_pictures(str(folder), channels=3)[0]) == 30
    held_out, _ = open_pictures(f"{folder}:held-out", channels=3)
    np.testing.assert_array_equal(held_out, folder_pictures(folder).held_out(32)[0])


def test_unreadable_files_are_counted_and_passed_over(tmp_path: Path) -> None:
    write_many(tmp_path, 25)
    whole = encoded(lambda file: Image.effect_noise((60, 60), 50).save(file, "JPEG"))
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(np.full((30, 30), 40_000, np.uint16)).save(tmp_path / "deep.png")
    (tmp_path / ".hidden.png").write_text("not shown")
    (tmp_path / "notes.txt").write_text("not a picture's name")
    pictures = folder_pictures(tmp_path)
    assert len(pictures.pictures) == 25
    assert pictures.unreadable == 4


def test_too_few_pictures_are_refused_with_advice(tmp_path: Path) -> None:
    write_many(tmp_path, 5)
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(BadRequest, match=r"has 5 pictures.*, 1 that can't be read: at least 20.*add more"):
        folder_pictures(tmp_path)


def test_pictures_smaller_than_a_crop_are_passed_over_and_told(tmp_path: Path) -> None:
    write_many(tmp_path, 22)
    for i in range(3):
        write(tmp_path / f"small{i}.png", i, (200, 30))
    pictures = folder_pictures(tmp_path, smallest=32)
    assert len(pictures.pictures) == 22
    assert pictures.too_small == 3
    with pytest.raises(BadRequest, match=r"has 22 .* 3 that are smaller than 32 × 32 pixels: at least 30"):
        PhotoPictures.read(tmp_path, smallest=32, fewest=30)


def test_a_model_s_classes_are_kept_and_other_folders_have_none(tmp_path: Path) -> None:
    write_many(tmp_path / "dogs", 15)
    write_many(tmp_path / "cats", 15)
    pictures = with_classes(folder_pictures(tmp_path), ("birds", "dogs"))
    assert pictures.classes == ("birds", "dogs")
    assert sorted(pictures.labels.tolist()) == [NO_CLASS] * 15 + [1] * 15


@pytest.mark.parametrize("make", ["gone", "text", "cut"])
def test_what_is_no_folder_or_zip_is_refused(tmp_path: Path, make: str) -> None:
    path = tmp_path / "mine.zip"
    if make == "text":
        path.write_text("not a zip")
    elif make == "cut":
        archive = shutil.make_archive(str(tmp_path / "whole"), "zip", write_many(tmp_path / "mine", 3))
        path.write_bytes(Path(archive).read_bytes()[:200])
    with pytest.raises(BadRequest if make == "gone" else BadImage, match=r"mine\.zip.*\.$"):
        folder_pictures(path)


def test_grey_is_the_luma(tmp_path: Path) -> None:
    write(tmp_path / "red.png", (255, 0, 0))
    pixels, _ = open_pictures(str(tmp_path), channels=1, size=16)
    assert (pixels == 76).all()  # 0.299 * 255


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".png", ".webp", ".bmp"])
def test_each_format_is_read(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"picture{suffix}", (200, 100, 50))
    pixels, _ = open_pictures(str(tmp_path), channels=3, size=16)
    np.testing.assert_allclose(pixels[0, 8, 8], (200, 100, 50), atol=4)


def test_a_picture_is_turned_upright_laid_on_white_and_kept_small() -> None:
    turned = Image.Exif()
    turned[274] = 6  # shown turned a quarter to the right
    noise = Image.effect_noise((40, 20), 30)
    assert decode(encoded(lambda f: noise.save(f, "JPEG", exif=turned)), 512, 1).shape == (40, 20, 1)
    clear = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    assert (decode(encoded(lambda f: clear.save(f, "PNG")), 512, 3) == 255).all()
    large = Image.new("RGB", (2000, 1000), (10, 20, 30))
    assert decode(encoded(lambda f: large.save(f, "JPEG")), 512, 3).shape == (256, 512, 3)


def test_many_pictures_are_decoded_smaller() -> None:
    assert decoded_side(500, 3) == LONGEST_SIDE
    assert 64 < decoded_side(20_000, 3) < 256
    assert decoded_side(20_000, 1) > decoded_side(20_000, 3)


@given(
    height=st.integers(3, 90), width=st.integers(3, 90), size=st.integers(4, 48), seed=st.integers(0, 2**32)
)
def test_any_picture_gives_crops_of_any_size(height: int, width: int, size: int, seed: int) -> None:
    ramp = np.arange(height * width * 3, dtype=np.uint32).astype(np.uint8).reshape(height, width, 3)
    pictures = PhotoPictures(
        classes=(),
        channels=3,
        pictures=(ramp,),
        labels=np.array([NO_CLASS]),
        train=np.array([0]),
        kept=np.array([0]),
        divided=False,
        unreadable=0,
    )
    crop, _ = pictures.sample(np.random.default_rng(seed), size)
    assert crop.shape == pictures.held_out(size)[0].shape[1:] == (size, size, 3)


@pytest.mark.data
def test_of_a_large_set_some_hundred_are_held_out(shared_data: Path) -> None:
    pictures = folder_pictures(shared_data / "photos.zip")
    assert len(pictures.pictures) == 879
    assert pictures.unreadable == 0
    assert len(pictures.kept) == 120


@pytest.mark.data
@pytest.mark.slow
def test_tiny_imagenet_has_its_classes_and_its_own_validation(shared_data: Path) -> None:
    pictures = folder_pictures(shared_data / "tiny-imagenet.zip")
    assert (len(pictures), len(pictures.kept), len(pictures.classes)) == (25_000, 2_000, 200)
    assert pictures.classes[0] == "goldfish"


@pytest.mark.data
@pytest.mark.slow
def test_halved_ones_are_whole_pictures(shared_data: Path) -> None:
    pictures = tiny_pictures(shared_data)
    assert pictures.classes == ()
    whole = resized(pictures.pictures[pictures.train[7]], 32)
    drawn = [pictures.sample(Draws(7), 32)[0] for _ in range(20)]
    assert all(np.array_equal(crop, whole) or np.array_equal(crop, whole[:, ::-1]) for crop in drawn)


class Draws(np.random.Generator):
    """Draws the same picture each time."""

    def __init__(self, picture: int) -> None:
        super().__init__(np.random.Philox(0))
        self._picture = picture

    def integers(self, high: int) -> int:
        return self._picture if high > 1 else 0
