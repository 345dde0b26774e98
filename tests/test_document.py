"""Opening pictures and masks: what is kept, what is turned, and one sentence for whatever is refused."""

import contextlib
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from pixpaint.document import MAX_PIXELS, Document, open_picture, read_mask, transparent_hole
from pixpaint.errors import BadImage, BadMask

ORIENTATION = 0x0112
ARTIST = 0x013B


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def png_header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG that ends after its first chunk of data, enough to be recognised and measured."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100)))


def test_a_picture_opens_with_its_bytes(tmp_path: Path, noise: np.ndarray) -> None:
    Image.fromarray(noise).save(tmp_path / "a.png")
    document = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(document.pixels, noise)
    assert document.pixels.flags.c_contiguous
    assert document.pixels.flags.writeable
    assert document.alpha is None
    assert not document.hole.any()
    assert document.path == tmp_path / "a.png"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_8_bit_mode_becomes_rgb(tmp_path: Path, noise: np.ndarray, mode: str) -> None:
    image = Image.fromarray(noise).convert(mode)
    image.save(tmp_path / "a.png")
    document = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(document.pixels, np.asarray(image.convert("RGB")))
    assert (document.alpha is None) == ("A" not in mode)


def test_the_bytes_under_transparent_pixels_are_kept(tmp_path: Path, noise: np.ndarray) -> None:
    alpha = np.full((20, 30), 255, dtype=np.uint8)
    alpha[3:5, 6:9] = 0
    alpha[7, 7] = 100
    Image.fromarray(np.dstack([noise, alpha])).save(tmp_path / "a.png")
    document = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(document.pixels, noise)
    np.testing.assert_array_equal(document.alpha, alpha)
    np.testing.assert_array_equal(transparent_hole(document), alpha == 0)
    assert not transparent_hole(Document.blank(2, 2)).any()


def test_a_palettes_transparent_colour_becomes_alpha(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [1, 1]], dtype=np.uint8), mode=None).convert("P")
    image.save(tmp_path / "a.gif", transparency=0)
    document = open_picture(tmp_path / "a.gif")
    assert document.alpha is not None
    assert transparent_hole(document).sum() == 1


def test_a_turned_photograph_opens_upright_and_keeps_the_rest_of_its_exif(tmp_path: Path) -> None:
    pixels = np.zeros((16, 32, 3), dtype=np.uint8)
    pixels[:, :16] = 255
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[ARTIST] = "somebody"
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, quality=100, dpi=(300, 300))
    document = open_picture(tmp_path / "a.jpg")
    assert (document.height, document.width) == (32, 16)
    assert document.pixels[:8].mean() > 250
    assert document.pixels[-8:].mean() < 5
    assert document.metadata.exif is not None
    kept = Image.Exif()
    kept.load(document.metadata.exif)
    assert ORIENTATION not in kept
    assert kept[ARTIST] == "somebody"
    assert document.metadata.dpi == pytest.approx((300, 300))


def test_an_rgb_profile_is_kept_and_a_grey_one_is_not(tmp_path: Path, noise: np.ndarray) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(noise).save(tmp_path / "rgb.png", icc_profile=profile)
    assert open_picture(tmp_path / "rgb.png").metadata.icc == profile
    grey = profile[:16] + b"GRAY" + profile[20:]
    Image.fromarray(noise[..., 0]).save(tmp_path / "grey.png", icc_profile=grey)
    assert open_picture(tmp_path / "grey.png").metadata.icc is None


def test_each_bad_file_is_refused_in_one_sentence(tmp_path: Path, noise: np.ndarray) -> None:
    image = Image.fromarray(noise)
    (tmp_path / "text.png").write_text("This is not a picture.\n")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    image.save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    image.save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(noise[..., 0].astype(np.uint16) * 257).save(tmp_path / "deep.png")
    (tmp_path / "deep-rgb.png").write_bytes(png_header(4, 4, depth=16))
    (tmp_path / "deep-rgba.png").write_bytes(png_header(4, 4, depth=16, colour=6))
    image.convert("CMYK").save(tmp_path / "print.jpg")
    frames = [Image.fromarray(np.roll(noise, shift)) for shift in range(3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    (tmp_path / "big.png").write_bytes(png_header(20_000, 10_000))
    expected = {
        "text.png": "not a picture",
        "empty.png": "is empty",
        "folder.png": "is a folder",
        "cut.jpg": "damaged or cut off",
        "cut.png": "damaged or cut off",
        "deep.png": "16 or more bits",
        "deep-rgb.png": "16 or more bits",
        "deep-rgba.png": "16 or more bits",
        "print.jpg": "CMYK",
        "moving.gif": "3 pictures",
        "big.png": "20000 × 10000 pixels .200 megapixels. and pixpaint's limit is 179 megapixels",
        "missing.png": "no file",
    }
    for name, reason in expected.items():
        with pytest.raises(BadImage, match=reason) as refusal:
            open_picture(tmp_path / name)
        sentence = str(refusal.value)
        assert name in sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence
    assert Image.MAX_IMAGE_PIXELS == MAX_PIXELS // 2


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused_with_the_reason(tmp_path: Path, noise: np.ndarray) -> None:
    Image.fromarray(noise).save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(BadImage, match="Permission denied"):
        open_picture(tmp_path / "a.png")


def test_every_cut_and_many_flipped_bytes_open_or_are_refused(tmp_path: Path, noise: np.ndarray) -> None:
    """Whatever the bytes, the answer is a picture or a sentence."""
    rng = np.random.default_rng(2)
    for name in ("a.png", "a.jpg", "a.gif", "a.webp", "a.bmp", "a.tif"):
        path = tmp_path / name
        Image.fromarray(noise).save(path)
        whole = path.read_bytes()
        for trial in range(60):
            broken = bytearray(whole[: rng.integers(1, len(whole))] if trial % 2 else whole)
            for place in rng.integers(0, len(broken), 4):
                broken[place] = rng.integers(0, 256)
            path.write_bytes(broken)
            with contextlib.suppress(BadImage):
                assert open_picture(path).pixels.ndim == 3


def test_a_mask_is_every_pixel_that_is_not_black(tmp_path: Path) -> None:
    levels = np.array([[0, 1, 255], [0, 128, 0]], dtype=np.uint8)
    Image.fromarray(levels).save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png", 2, 3), levels > 0)
    colours = np.zeros((2, 3, 4), dtype=np.uint8)
    colours[..., 3] = 255
    colours[0, 0] = (0, 0, 9, 255)
    colours[1, 1] = (255, 255, 255, 0)
    Image.fromarray(colours).save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png", 2, 3), [[1, 0, 0], [0, 0, 0]])


def test_a_mask_of_another_size_or_without_a_hole_is_refused(tmp_path: Path) -> None:
    Image.new("L", (3, 2), 255).save(tmp_path / "m.png")
    with pytest.raises(BadMask, match="3 × 2 pixels and the picture 4 × 2"):
        read_mask(tmp_path / "m.png", 2, 4)
    Image.new("L", (3, 2), 0).save(tmp_path / "m.png")
    with pytest.raises(BadMask, match="empty"):
        read_mask(tmp_path / "m.png", 2, 3)
    (tmp_path / "m.png").write_text("nothing")
    with pytest.raises(BadMask, match="not a picture"):
        read_mask(tmp_path / "m.png", 2, 3)


def test_paint_makes_transparent_pixels_seen_and_keeps_other_alpha() -> None:
    document = Document.blank(1, 3)
    document.alpha = np.array([[0, 100, 255]], dtype=np.uint8)
    rows, columns = np.zeros(2, dtype=np.intp), np.array([0, 1])
    document.paint(rows, columns, np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8))
    np.testing.assert_array_equal(document.alpha, [[255, 100, 255]])
    np.testing.assert_array_equal(document.pixels, [[[1, 2, 3], [4, 5, 6], [255, 255, 255]]])


def test_a_copy_shares_nothing() -> None:
    document = Document.blank(2, 2)
    document.alpha = np.zeros((2, 2), dtype=np.uint8)
    copy = document.copy()
    document.pixels[:] = 1
    document.alpha[:] = 1
    document.hole[:] = True
    assert (copy.pixels == 255).all()
    assert not copy.alpha.any()  # type: ignore[union-attr]
    assert not copy.hole.any()


def test_a_model_sees_transparent_pixels_as_white_paper_but_the_hole_as_it_is() -> None:
    pixels = np.zeros((1, 4, 3), np.uint8)
    document = Document(pixels=pixels, alpha=np.array([[0, 255, 128, 0]], np.uint8))
    hole = np.array([[False, False, False, True]])
    assert document.on_white(hole)[0, :, 0].tolist() == [255, 0, 127, 0]
    assert not document.pixels.any()
    plain = Document(pixels=pixels).on_white(hole)
    assert plain is not pixels
    assert not plain.any()


def test_a_drawing_is_ink_on_paper_and_nothing_else_is() -> None:
    def drawing(pixels: np.ndarray) -> bool:
        return Document(pixels=np.ascontiguousarray(pixels)).is_drawing

    paper = np.full((40, 30, 3), 255, np.uint8)
    assert drawing(paper)
    sketch = paper.copy()
    sketch[10:20, 5] = sketch[10, 5:25] = 0
    sketch[11, 5:25] = 140  # the soft edge of a line
    assert drawing(sketch)
    assert drawing(np.clip(sketch.astype(int) - [0, 5, 10], 0, 255).astype(np.uint8)), "as a scan tints it"
    red = sketch.copy()
    red[10, 5:25] = (200, 20, 20)
    assert not drawing(red)
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (40, 30, 1), dtype=np.uint8), 3, axis=2)
    assert not drawing(grey), "a photograph in grey"
    grey[:22] = 255
    assert not drawing(grey), "a photograph before a white ground"
    assert not drawing(paper * 0), "the night"
    clear = Document(pixels=paper * 0, alpha=np.zeros((40, 30), np.uint8))
    assert clear.is_drawing, "what is transparent is paper"
