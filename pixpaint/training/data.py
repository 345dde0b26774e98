"""What models are trained and evaluated on: the named sets, a person's own pictures, files for evaluation."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pixpaint.errors import BadRequest
from pixpaint.training.arrays import array_names
from pixpaint.training.bitmaps import CHARACTER, BitmapPictures
from pixpaint.training.digits import DIGIT_SIDE, DigitPictures, pad_digits, read_digits
from pixpaint.training.photos import PhotoPictures
from pixpaint.training.pictures import NO_CLASS, Bytes, Labels, Mixture
from pixpaint.training.strokes import StrokePictures, read_words

STROKES = "quickdraw-345.ndjson.gz"
SKETCH_SIDE = 32
HELD_OUT = "held-out"


def sketch_pictures(folder: str | Path) -> Mixture:
    """Line drawings, grey, dark ink on white: Quick, Draw! strokes and bitmaps, and Omniglot's characters.

    The classes are the words of the strokes, sorted, then "character". Raises BadImage.
    """
    folder = Path(folder)
    strokes = folder / STROKES
    classes = (*read_words(strokes), CHARACTER)
    return Mixture.of(
        [
            (0.62, StrokePictures.read(strokes, classes)),
            (0.26, BitmapPictures.read_quickdraw(folder / "quickdraw-6-bitmaps.npz", classes)),
            (0.12, BitmapPictures.read_omniglot(folder / "omniglot.npz", classes)),
        ]
    )


def digit_pictures(folder: str | Path) -> DigitPictures:
    """Binarized MNIST, bright ink: 50,000 for training, its 10,000 of `valid` held out. Raises BadImage."""
    return DigitPictures.read(Path(folder) / "binarized-mnist.npz")


def photo_pictures(folder: str | Path) -> Mixture:
    """Photographs, RGB, without classes: those of photos.zip, and the small ones of tiny-imagenet.zip. Raises
    BadImage, BadRequest."""
    large = PhotoPictures.read(Path(folder) / "photos.zip")
    small = PhotoPictures.read(Path(folder) / "tiny-imagenet.zip")
    return Mixture.of([(0.6, large.unlabelled()), (0.4, small.unlabelled())])


def tiny_pictures(folder: str | Path) -> PhotoPictures:
    """The photographs of tiny-imagenet.zip at half their size, 32 x 32, RGB, without classes. Raises BadImage,
    BadRequest."""
    return replace(PhotoPictures.read(Path(folder) / "tiny-imagenet.zip").unlabelled(), shrink=(2, 2))


def folder_pictures(path: str | Path, *, channels: int = 3, smallest: int = 1) -> PhotoPictures:
    """A person's own pictures, a folder or a zip, without those whose shorter side is below `smallest` pixels.
    Raises BadImage, and BadRequest for too few of them."""
    return PhotoPictures.read(Path(path), channels=channels, smallest=smallest)


def with_classes(pictures: PhotoPictures, classes: tuple[str, ...]) -> PhotoPictures:
    """The same pictures for a model of these classes: those of a class that it lacks have none."""
    return replace(pictures, classes=classes, labels=translate(pictures.labels, pictures.classes, classes))


def open_pictures(
    spec: str,
    *,
    channels: int,
    classes: Sequence[str] = (),
    size: int | None = None,
    limit: int | None = None,
) -> tuple[Bytes, Labels]:
    """Pictures to evaluate with, uint8 (n, size, size, channels), and labels among `classes`, -1 for none.

    `spec` is one of
    - the folder that `sketch_pictures` reads: the held-out ones of all three files;
    - another folder or zip of pictures: all of them, or those below `val` if there are folders `train` and `val`;
      with ":held-out" added only those that training on the same folder holds out;
    - an .npz of MNIST digits, with ":train", ":valid" or ":test" (meant if none is given): all of that array;
    - an .npz of Quick, Draw! bitmaps (":apple" gives one word) or of Omniglot, or an .ndjson.gz of Quick,
      Draw! strokes: only the held-out ones, which no training has seen.
    `size` is 28 for digits and 32 for all else unless given; `limit` takes the first so many. Grey pictures
    become RGB, and RGB ones grey, as `channels` asks. Raises BadImage for what can't be read and BadRequest
    for what isn't there.
    """
    path, part = split_spec(spec)
    names = tuple(classes)
    if path.is_file() and path.suffix == ".npz":
        pixels, labels = open_arrays(path, part, names, size, limit)
    elif path.is_file() and path.name.endswith(".ndjson.gz"):
        check_part(path, part)
        pixels, labels = StrokePictures.read(path, names).held_out(size or SKETCH_SIDE, limit)
    elif path.is_dir() and (path / STROKES).exists():
        check_part(path, part)
        sketches = sketch_pictures(path)
        pixels, labels = sketches.held_out(size or SKETCH_SIDE, limit)
        labels = translate(labels, sketches.classes, names)
    else:
        check_part(path, part, HELD_OUT)
        photos = PhotoPictures.read(path, channels=channels, fewest=1)
        chosen = photos.kept if part or photos.divided else np.arange(len(photos.pictures))
        pixels, labels = photos.stills(chosen[:limit], size or SKETCH_SIDE)
        labels = translate(labels, photos.classes, names)
    if not len(pixels):
        raise BadRequest(f"{spec} has no held-out pictures to evaluate.")
    return np.repeat(pixels, channels, axis=3) if pixels.shape[3] < channels else pixels, labels


def open_arrays(
    path: Path, part: str, classes: tuple[str, ...], size: int | None, limit: int | None
) -> tuple[Bytes, Labels]:
    """The pictures of an .npz file, grey, as `open_pictures` says."""
    names = array_names(path)
    if "ink" in names:
        check_part(path, part)
        return BitmapPictures.read_omniglot(path, classes).held_out(size or SKETCH_SIDE, limit)
    check_part(path, part, *names)
    if "test" in names:
        digits = pad_digits(read_digits(path, part or "test")[:limit], size or DIGIT_SIDE)
        return digits, np.full(len(digits), NO_CLASS, np.int64)
    words = (part,) if part else ()
    return BitmapPictures.read_quickdraw(path, classes, *words).held_out(size or SKETCH_SIDE, limit)


def translate(labels: Labels, names: tuple[str, ...], classes: tuple[str, ...]) -> Labels:
    """Labels among `names` as labels among `classes`, -1 where these lack the name."""
    index = {name: i for i, name in enumerate(classes)}
    table = np.array([index.get(name, NO_CLASS) for name in names] + [NO_CLASS], np.int64)
    return table[labels]  # -1, no class, takes the last


def split_spec(spec: str) -> tuple[Path, str]:
    """A path and what follows its last colon, if anything; raises BadRequest where there is no such file."""
    name, colon, part = spec.rpartition(":")
    if Path(spec).exists():
        return Path(spec), ""
    if colon and Path(name).exists():
        return Path(name), part
    raise BadRequest(f"There is no folder or file {name if colon else spec}.")


def check_part(path: Path, part: str, *known: str) -> None:
    """Raises BadRequest for a part the data does not have."""
    if part and part not in known:
        choice = f": choose one of {', '.join(known)}" if known else ""
        raise BadRequest(f"{path} has no part {part!r}{choice}.")
