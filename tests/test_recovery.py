"""Unsaved work in a file comes back as it was, and a damaged file is told in a sentence."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixpaint.document import Document, Metadata
from pixpaint.errors import BadImage, CannotWrite
from pixpaint.recovery import Unsaved, keep, name_of, recover


def some_document(*, alpha: bool = False, masked: bool = True) -> Document:
    rng = np.random.default_rng(3)
    hole = np.zeros((13, 21), np.bool_)
    hole[4:9, 5:20] = masked
    return Document(
        pixels=rng.integers(0, 256, (13, 21, 3), np.uint8),
        alpha=rng.integers(0, 256, (13, 21), np.uint8) if alpha else None,
        hole=hole,
        path=Path("/home/ann/photo.jpg"),
        metadata=Metadata(dpi=(72.0, 72.0)),
    )


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_it_comes_back_as_it_was_but_for_the_path(tmp_path: Path, alpha: bool, masked: bool) -> None:
    before = some_document(alpha=alpha, masked=masked)
    keep(Unsaved(before, "фото 🐈.jpg"), tmp_path / "a.zip")
    after, name = recover(tmp_path / "a.zip")
    assert name == name_of(tmp_path / "a.zip") == "фото 🐈.jpg"
    assert after.path is None, "it must overwrite nothing unasked"
    np.testing.assert_array_equal(after.pixels, before.pixels)
    np.testing.assert_array_equal(after.hole, before.hole)
    assert (after.alpha is None) == (not alpha)
    if alpha:
        np.testing.assert_array_equal(after.alpha, before.alpha)
    assert after.metadata.dpi == pytest.approx(before.metadata.dpi, abs=0.1)


def test_it_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.zip"
    keep(Unsaved(some_document(), "a"), file)
    before = file.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(CannotWrite, match="No space left"):
        keep(Unsaved(some_document(), "b"), file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_whatever_bit_is_wrong_it_is_told_in_a_sentence(tmp_path: Path) -> None:
    """Or it comes back: of names and dates in a zip none is read."""
    file = tmp_path / "a.zip"
    keep(Unsaved(some_document(alpha=True), "a"), file)
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    for place in {
        *range(0, 60),
        *range(len(whole) - 300, len(whole)),
        *rng.integers(0, len(whole), 100).tolist(),
    }:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(bytes(damaged))
        with contextlib.suppress(BadImage):
            recover(file)


@pytest.mark.parametrize("damage", ["no zip", "cut off", "no picture", "no text"])
def test_a_damaged_file_is_told(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "a.zip"
    keep(Unsaved(some_document(), "a"), file)
    if damage == "no zip":
        file.write_text("no zip")
    elif damage == "cut off":
        file.write_bytes(file.read_bytes()[:-40])
    else:
        old, new = (
            (b"picture.png", b"pikture.png") if damage == "no picture" else (b"about.json", b"above.json")
        )
        file.write_bytes(file.read_bytes().replace(old, new))
    with pytest.raises(BadImage, match=r"a\.zip can't be recovered: it is damaged"):
        recover(file)
