"""Saving: everything is kept, and the old file survives what goes wrong."""

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from pixpaint.document import Document, Metadata, open_picture
from pixpaint.errors import CannotWrite
from pixpaint.png import save_png
from pixpaint.recipe import FillSettings, Recipe


@pytest.fixture
def document() -> Document:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (12, 9, 3), dtype=np.uint8)
    hole = rng.random((12, 9)) < 0.3
    exif = Image.Exif()
    exif[0x013B] = "somebody"
    recipe = Recipe.of_fill(FillSettings(seed=5), "cd" * 32, pixels, hole)
    return Document(
        pixels=pixels,
        alpha=rng.integers(0, 256, (12, 9), dtype=np.uint8),
        hole=hole,
        metadata=Metadata(
            exif=exif.tobytes(),
            icc=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
            dpi=(300.0, 300.0),
        ),
        recipes=(recipe,),
    )


def test_everything_but_the_hole_comes_back(tmp_path: Path, document: Document) -> None:
    path = tmp_path / "кот 🐈 a.png"
    save_png(document, path)
    again = open_picture(path)
    np.testing.assert_array_equal(again.pixels, document.pixels)
    np.testing.assert_array_equal(again.alpha, document.alpha)
    assert again.metadata.icc == document.metadata.icc
    assert again.metadata.dpi == pytest.approx(document.metadata.dpi, rel=1e-3)
    assert again.metadata.exif is not None
    assert b"somebody" in again.metadata.exif
    assert again.recipes == document.recipes
    assert not again.hole.any()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_recipe_is_an_itxt_chunk_that_others_can_read(tmp_path: Path, document: Document) -> None:
    save_png(document, tmp_path / "a.png")
    assert b"iTXtpixpaint\0" in (tmp_path / "a.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert Recipe.from_json(image.info["pixpaint"]) == document.recipes[-1]


def test_a_plain_picture_gets_no_alpha_and_no_recipe(tmp_path: Path) -> None:
    save_png(Document.blank(3, 4), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "RGB"
        assert image.size == (4, 3)
        assert "pixpaint" not in image.info


def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite, match=r"a\.png .*No space left on device") as failure:
        save_png(document, path)
    assert failure.value.exit_code == 1
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_a_missing_folder_and_a_folder_in_the_way_are_explained(tmp_path: Path, document: Document) -> None:
    with pytest.raises(CannotWrite, match="No such file or directory"):
        save_png(document, tmp_path / "missing" / "a.png")
    with pytest.raises(CannotWrite, match="is a folder"):
        save_png(document, tmp_path)


def test_a_read_only_file_is_not_replaced(
    tmp_path: Path, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(CannotWrite, match="read-only"):
        save_png(document, path)
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
def test_permissions_and_links_are_kept(tmp_path: Path, document: Document) -> None:
    target = tmp_path / "target.png"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link = tmp_path / "link.png"
    link.symlink_to(target)
    save_png(document, link)
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert open_picture(target).recipes == document.recipes
    mask = os.umask(0o027)
    try:
        save_png(document, tmp_path / "new.png")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "new.png").stat().st_mode) == 0o640
