"""Pictures: a set one can draw training crops from, the hold-out rule all share, and weighted mixtures."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixpaint.errors import BadRequest
from pixpaint.scaling import halved, quantized

Bytes = NDArray[np.uint8]
Labels = NDArray[np.int64]

NO_CLASS = -1
HELD_OUT_SHARE = 0.025


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures(ABC):
    """A set of pictures, split for good into training and held-out ones, drawn with a given generator.

    `classes` names what the labels index; `channels` is 1 (grey) or 3 (RGB).
    """

    classes: tuple[str, ...]
    channels: int

    @abstractmethod
    def __len__(self) -> int:
        """The number of training pictures, before augmentation."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, size: int) -> tuple[Bytes, int]:
        """One augmented training picture, uint8 (size, size, channels), and its label, -1 for none."""

    @abstractmethod
    def held_out(self, size: int, limit: int | None = None) -> tuple[Bytes, Labels]:
        """The held-out pictures, never augmented, uint8 (n, size, size, channels), and labels (n,).

        With `limit` the first so many, in an order that mixes the classes and never changes.
        """


def digest(key: str) -> float:
    """A number in [0, 1) that depends on `key` alone, the same on every machine and in every run."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=6).digest(), "big") / 2**48


def split(keys: Iterable[str], *, at_least: int = 0) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the training keys, in order, and of the held-out keys, by digest.

    A key is held out when its digest is below HELD_OUT_SHARE; at least the `at_least` lowest are.
    """
    digests = np.array([digest(key) for key in keys], dtype=np.float64)
    lowest = np.argsort(digests, kind="stable")
    count = max(int(np.count_nonzero(digests < HELD_OUT_SHARE)), min(at_least, len(digests)))
    return np.sort(lowest[count:]), lowest[:count]


def stack(pictures: Sequence[tuple[Bytes, int]], size: int, channels: int) -> tuple[Bytes, Labels]:
    """Pictures and labels as two arrays, (n, size, size, channels) and (n,), also when there are none."""
    pixels = np.empty((len(pictures), size, size, channels), np.uint8)
    labels = np.empty(len(pictures), np.int64)
    for i, (picture, label) in enumerate(pictures):
        pixels[i], labels[i] = picture, label
    return pixels, labels


@dataclass(frozen=True, kw_only=True, eq=False)
class HalvedPictures(Pictures):
    """Other pictures at 1/2^`times` size, as a coarser level of a pyramid has them, in so many `levels` before and
    after."""

    whole: Pictures
    times: int
    levels: int

    @classmethod
    def of(cls, pictures: Pictures, times: int, *, levels: int) -> Pictures:
        """The pictures halved so many times; they themselves, where that is none."""
        if not times:
            return pictures
        return cls(
            classes=pictures.classes,
            channels=pictures.channels,
            whole=pictures,
            times=times,
            levels=levels,
        )

    def __len__(self) -> int:
        return len(self.whole)

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Bytes, int]:
        picture, label = self.whole.sample(rng, size << self.times)
        return shrunk(picture, self.times, levels=self.levels), label

    def held_out(self, size: int, limit: int | None = None) -> tuple[Bytes, Labels]:
        pictures, labels = self.whole.held_out(size << self.times, limit)
        small = [shrunk(picture, self.times, levels=self.levels) for picture in pictures]
        return stack(list(zip(small, labels.tolist(), strict=True)), size, self.channels)


def shrunk(picture: Bytes, times: int, *, levels: int) -> Bytes:
    """A picture uint8 (H, W, C) halved so many times, in so many levels each time."""
    picture = quantized(picture, levels)
    for _ in range(times):
        picture = halved(picture, levels)
    return picture


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture(Pictures):
    """Several sets sharing one class list, each drawn from in proportion to its weight."""

    parts: tuple[tuple[float, Pictures], ...]

    @classmethod
    def of(cls, parts: Sequence[tuple[float, Pictures]]) -> "Mixture":
        """A mixture with the classes and channels of its parts; raises BadRequest where these differ."""
        if not parts:
            raise BadRequest("A mixture needs at least one set of pictures.")
        first = parts[0][1]
        return cls(classes=first.classes, channels=first.channels, parts=tuple(parts))

    def __post_init__(self) -> None:
        for weight, pictures in self.parts:
            if pictures.classes != self.classes or pictures.channels != self.channels:
                raise BadRequest(
                    "The sets of a mixture must share one list of classes and the number of channels."
                )
            if not weight > 0 or not len(pictures):
                raise BadRequest(
                    f"A set of {len(pictures)} pictures with weight {weight} can't be part of a mixture."
                )

    def __len__(self) -> int:
        return sum(len(pictures) for _, pictures in self.parts)

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Bytes, int]:
        point = rng.random() * sum(weight for weight, _ in self.parts)
        for weight, pictures in self.parts[:-1]:
            point -= weight
            if point < 0:
                return pictures.sample(rng, size)
        return self.parts[-1][1].sample(rng, size)

    def held_out(self, size: int, limit: int | None = None) -> tuple[Bytes, Labels]:
        """All held-out pictures of the parts, one part after another; `limit` is shared out by weight."""
        total = sum(weight for weight, _ in self.parts)
        ends = np.round(np.cumsum([weight for weight, _ in self.parts]) / total * (limit or 0)).astype(int)
        shares = np.diff(ends, prepend=0).tolist() if limit is not None else [None] * len(self.parts)
        found = [
            pictures.held_out(size, share) for (_, pictures), share in zip(self.parts, shares, strict=True)
        ]
        return np.concatenate([pixels for pixels, _ in found]), np.concatenate(
            [labels for _, labels in found]
        )
