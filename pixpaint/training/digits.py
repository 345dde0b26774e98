"""Handwritten digits as their files split them: binarized MNIST (Larochelle and Murray) and 8-bit MNIST."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pixpaint.errors import BadImage, BadRequest
from pixpaint.training.arrays import array_names, read_arrays
from pixpaint.training.pictures import NO_CLASS, Bytes, Labels, Pictures

DIGIT_SIDE = 28


def read_digits(path: Path, split: str) -> Bytes:
    """One split of an MNIST file, uint8 (n, 28, 28), bright ink; bits become 0 and 255. Raises BadImage."""
    pixels = read_arrays(path, split)[split]
    if pixels.ndim == 2 and pixels.shape[1] == DIGIT_SIDE * DIGIT_SIDE // 8:
        return (np.unpackbits(pixels, axis=1) * np.uint8(255)).reshape(-1, DIGIT_SIDE, DIGIT_SIDE)
    if pixels.shape[1:] != (DIGIT_SIDE, DIGIT_SIDE):
        raise BadImage(f"{path} has no digits in {split!r}: its shape is {pixels.shape}.")
    return pixels


@dataclass(frozen=True, kw_only=True, eq=False)
class DigitPictures(Pictures):
    """Digits as they are, never augmented, so that likelihoods compare with published ones; no classes."""

    train: Bytes
    kept: Bytes

    @classmethod
    def read(cls, path: Path) -> "DigitPictures":
        """The file's `train`, with `valid` held out where there is one, else `test`. Raises BadImage."""
        kept = "valid" if "valid" in array_names(path) else "test"
        return cls(classes=(), channels=1, train=read_digits(path, "train"), kept=read_digits(path, kept))

    def __len__(self) -> int:
        return len(self.train)

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Bytes, int]:
        i = int(rng.integers(len(self.train)))
        return pad_digits(self.train[i : i + 1], size)[0], NO_CLASS

    def held_out(self, size: int, limit: int | None = None) -> tuple[Bytes, Labels]:
        pixels = pad_digits(self.kept[:limit], size)
        return pixels, np.full(len(pixels), NO_CLASS, np.int64)


def pad_digits(digits: Bytes, size: int) -> Bytes:
    """Digits (n, 28, 28) in the middle of black pictures (n, size, size, 1); raises BadRequest below 28."""
    if size < DIGIT_SIDE:
        raise BadRequest(
            f"Digits are {DIGIT_SIDE} pixels wide and can't be cut to {size}: ask for {DIGIT_SIDE} or more."
        )
    before = (size - DIGIT_SIDE) // 2
    after = size - DIGIT_SIDE - before
    return np.pad(digits, ((0, 0), (before, after), (before, after)))[..., None]
