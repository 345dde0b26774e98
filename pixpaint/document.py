"""A picture being worked on, its hole, and what came with its file; and reading both from disk."""

import errno
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from pixpaint.errors import BadImage, BadMask, OutOfMemory, PixpaintError
from pixpaint.recipe import Recipe, recipes_from_text

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
RECIPE_KEY = "pixpaint"
MAX_PIXELS = 178_956_970

_PRINT_MODES = {"CMYK": "CMYK", "LAB": "Lab"}
_DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


GREYEST = 12
"""So far apart the channels of a grey may lie: JPEG tints them a little."""
PAPER, INK = 215, 40
"""From here on pixels may be paper, and up to here ink."""


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a saved picture takes over from the one opened: EXIF without orientation, ICC, dots/inch."""

    exif: bytes | None = None
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None


@dataclass(kw_only=True, eq=False)
class Document:
    """A picture that is painted in place, the only mutable value outside the models.

    `pixels` is uint8 (H, W, 3), C-contiguous; `alpha` uint8 (H, W) or None; `hole` bool (H, W), True = to
    paint. `path` is the file it was opened from or last saved to, None for a new one. `recipes` are those of
    the fills in it, newest last.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    hole: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))
    path: Path | None = None
    metadata: Metadata = field(default_factory=Metadata)
    recipes: tuple[Recipe, ...] = ()

    def __post_init__(self) -> None:
        if self.hole.size == 0:
            self.hole = np.zeros(self.pixels.shape[:2], dtype=np.bool_)

    @classmethod
    def blank(cls, height: int, width: int) -> "Document":
        """A new sheet of white paper."""
        return cls(pixels=np.full((height, width, 3), 255, dtype=np.uint8))

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def is_drawing(self) -> bool:
        """Whether it is grey, more than half as white as paper, and little of the rest lighter than ink; of a large
        picture a part of the pixels is looked at."""
        step = max(1, max(self.pixels.shape[:2]) // 512)
        few = np.s_[::step, ::step]
        part = Document(pixels=self.pixels[few], alpha=None if self.alpha is None else self.alpha[few])
        seen = part.on_white(self.hole[few]).astype(np.int16)
        in_colour = np.mean(np.ptp(seen, axis=2) > GREYEST) > 0.01
        light = seen.mean(2)
        paper, ink = np.mean(light >= PAPER), np.mean(light <= INK)
        return bool(not in_colour and paper > 0.5 and paper + ink > 0.8)

    def paint(self, rows: NDArray[np.intp], columns: NDArray[np.intp], pixels: NDArray[np.uint8]) -> None:
        """Sets n pixels to `pixels` (n, 3) at `rows` and `columns` (n,).

        Paint must be seen: fully transparent pixels become opaque; all other alpha is kept.
        """
        self.pixels[rows, columns] = pixels
        if self.alpha is not None:
            alpha = self.alpha[rows, columns]
            self.alpha[rows, columns] = np.where(alpha == 0, np.uint8(255), alpha)

    def on_white(self, hole: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """The picture as it is shown to a model, a new array uint8 (H, W, 3): on white paper where it is transparent.

        Pixels of `hole` (H, W) are as they are: a continued fill must see again what it painted there.
        """
        if self.alpha is None:
            return self.pixels.copy()
        alpha = np.where(hole, 255, self.alpha).astype(np.uint32)[..., None]
        return ((self.pixels * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)

    def copy(self) -> "Document":
        """A copy that shares no array, for another thread."""
        return Document(
            pixels=self.pixels.copy(),
            alpha=None if self.alpha is None else self.alpha.copy(),
            hole=self.hole.copy(),
            path=self.path,
            metadata=self.metadata,
            recipes=self.recipes,
        )


def open_picture(path: str | os.PathLike[str]) -> Document:
    """Reads a picture of 8 bits a channel, turned upright, with its metadata, alpha and recipes.

    Fully transparent pixels stay in `alpha`; the hole is empty. Raises BadImage, one sentence.
    """
    path = Path(path)
    with _open_still(path) as image:
        metadata = Metadata(exif=_exif(image), icc=_rgb_profile(image), dpi=_dpi(image))
        recipes = recipes_from_text(text) if (text := _recipe_text(image)) else ()
        if image.has_transparency_data:
            rgba = np.asarray(image.convert("RGBA"))
            pixels, alpha = np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
        else:
            pixels, alpha = np.array(image.convert("RGB")), None
    return Document(pixels=pixels, alpha=alpha, path=path, metadata=metadata, recipes=recipes)


def read_mask(path: str | os.PathLike[str], height: int, width: int) -> NDArray[np.bool_]:
    """The hole, bool (height, width): every pixel of the mask that is neither black nor fully transparent.

    Raises BadMask: unreadable, of another size than the picture, or empty.
    """
    path = Path(path)
    try:
        with _open_still(path) as image:
            if image.size != (width, height):
                raise BadMask(
                    f"The mask {path.name} has {image.width} × {image.height} pixels and the picture "
                    f"{width} × {height}: give both the same size."
                )
            rgba = np.asarray(image.convert("RGBA"))
    except BadImage as error:
        raise BadMask(f"The mask can't be used: {error}") from error
    hole: NDArray[np.bool_] = rgba[..., :3].any(axis=-1) & (rgba[..., 3] > 0)
    if not hole.any():
        raise BadMask(f"The mask {path.name} is empty: paint white what is to be filled.")
    return hole


def transparent_hole(document: Document) -> NDArray[np.bool_]:
    """The fully transparent pixels, bool (H, W); all False for a picture without alpha."""
    if document.alpha is None:
        return np.zeros(document.pixels.shape[:2], dtype=np.bool_)
    return np.equal(document.alpha, 0)


@contextmanager
def _open_still(path: Path) -> Iterator[Image.Image]:
    """The decoded picture at `path`, upright, known to lose nothing in 8-bit RGB. Raises BadImage."""
    _check_file(path)
    try:
        with _own_checks(), Image.open(path, formats=FORMATS) as image:
            _check_picture(path, image)
            ImageOps.exif_transpose(image, in_place=True)
            image.load()
            yield image
    except PixpaintError:
        raise
    except MemoryError as error:
        raise OutOfMemory(f"There is not enough memory to open {path.name}: close other programs.") from error
    except UnidentifiedImageError as error:
        raise BadImage(
            f"{path.name} is not a picture that pixpaint can read: open a PNG, JPEG, WebP, GIF, BMP or TIFF."
        ) from error
    except Exception as error:  # damaged bytes make Pillow's decoders raise anything, TypeError included
        raise BadImage(f"{path.name} is damaged or cut off ({error}): get another copy of it.") from error


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise BadImage(f"{path.name} is a folder: open one of the pictures in it.")
        with path.open("rb") as file:
            if not file.read(1):
                raise BadImage(f"{path.name} is empty (0 bytes): get another copy of it.")
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise BadImage(f"There is no file {path}: check its name.") from error
        raise BadImage(f"{path.name} can't be read: {error.strerror or error}.") from error


def _check_picture(path: Path, image: Image.Image) -> None:
    """Refuses what can't be shown as 8-bit RGB without loss, before anything is decoded."""
    if image.width * image.height > MAX_PIXELS:
        raise BadImage(
            f"{path.name} has {image.width} × {image.height} pixels "
            f"({image.width * image.height / 1e6:.0f} megapixels) and pixpaint's limit is "
            f"{MAX_PIXELS / 1e6:.0f} megapixels: make it smaller first."
        )
    # Pillow would cut 16 bits to 8 without a word; only the decoder's own mode still tells.
    decoder_modes = [str(argument) for tile in getattr(image, "tile", ()) for argument in _arguments(tile)]
    if image.mode in _DEEP_MODES or any(";16" in mode for mode in decoder_modes if image.format != "BMP"):
        raise BadImage(
            f"{path.name} has 16 or more bits a channel and pixpaint works with 8: convert it first."
        )
    if image.mode in _PRINT_MODES:
        raise BadImage(
            f"{path.name} is in {_PRINT_MODES[image.mode]} colours, made for print: convert it to RGB first."
        )
    frames = getattr(image, "n_frames", 1)
    # A phone's MPO holds one photograph and its preview, or a second lens's view: the first is the picture.
    if frames > 1 and image.format != "MPO":
        raise BadImage(
            f"{path.name} holds {frames} pictures (an animation or pages): save one of them by itself."
        )


def _arguments(tile: tuple[object, ...]) -> tuple[object, ...]:
    arguments = tile[3] if len(tile) > 3 else ()
    return arguments if isinstance(arguments, tuple) else (arguments,)


@contextmanager
def _own_checks() -> Iterator[None]:
    """Without Pillow's size limit, whose message has no width and height, and its warnings of bad tags."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _exif(image: Image.Image) -> bytes | None:
    """Written anew by Pillow, so without the preview, which would go on showing what was painted over."""
    if image.format == "TIFF":
        return None  # there the tags also describe how the pixels lie in the file
    exif = image.getexif()
    exif.pop(ExifTags.Base.Orientation, None)
    return exif.tobytes() if len(exif) else None


def _rgb_profile(image: Image.Image) -> bytes | None:
    """The colour profile if it describes RGB: a grey one would be wrong in the RGB file that is saved."""
    icc = image.info.get("icc_profile")
    return icc if isinstance(icc, bytes) and icc[16:20] == b"RGB " else None


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 0 < x < 1e6 and 0 < y < 1e6 else None


def _recipe_text(image: Image.Image) -> str | None:
    text = image.info.get(RECIPE_KEY) if image.format == "PNG" else None
    return str(text) if text is not None else None
