"""Pictures for training: what is drawn from them, and what is held out."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from pixpaint.errors import BadImage, BadRequest
from pixpaint.layers.pixels import bytes_to_units, units_to_bytes
from pixpaint.models.config import PixelCNNPPConfig
from pixpaint.scaling import quantized
from pixpaint.training.bitmaps import ALSO_STROKES, CHARACTER, BitmapPictures, lay_bitmap, thicken
from pixpaint.training.data import digit_pictures, open_pictures, sketch_pictures
from pixpaint.training.digits import DigitPictures
from pixpaint.training.pictures import NO_CLASS, Mixture, Pictures, digest, split
from pixpaint.training.strokes import STILL, Pose, StrokePictures, draw_strokes

SQUARE = [[[40, 200, 200, 40, 40], [60, 60, 220, 220, 60]]]
DIAGONAL = [[[0, 255], [0, 255]], [[10], [200]]]


@pytest.fixture
def strokes_file(tmp_path: Path) -> Path:
    """Two hundred sketches of two words."""
    path = tmp_path / "sketches.ndjson.gz"
    rows = [
        {"word": word, "key_id": str(i), "drawing": drawing}
        for i in range(100)
        for word, drawing in (("square", SQUARE), ("line", DIAGONAL))
    ]
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


@pytest.fixture
def bitmaps_file(tmp_path: Path) -> Path:
    """Two hundred bitmaps each of two words."""
    path = tmp_path / "bitmaps.npz"
    ink = np.zeros((200, 28, 28), np.uint8)
    ink[:, 6:20, 8:11] = 255
    np.savez(path, line=ink, square=np.flip(ink, 2).copy())
    return path


@pytest.fixture
def digits_file(tmp_path: Path) -> Path:
    path = tmp_path / "digits.npz"
    bits = np.random.default_rng(0).integers(0, 2, (7, 784), np.uint8)
    np.savez(path, train=np.packbits(bits, axis=1), valid=np.packbits(bits[:3], axis=1))
    return path


class TestHoldOut:
    def test_a_digest_never_changes(self) -> None:
        assert digest("4697143728144384") == pytest.approx(0.700193, abs=1e-6)  # BLAKE2b, first 48 bits

    @given(st.sets(st.text(max_size=8), max_size=60), st.sets(st.text(max_size=8), max_size=60))
    def test_a_key_is_held_out_whatever_else_is_there(self, some: set[str], more: set[str]) -> None:
        def kept(keys: set[str]) -> set[str]:
            ordered = list(keys)
            train, held_out = split(ordered)
            assert sorted([*train, *held_out]) == list(range(len(ordered)))
            return {ordered[i] for i in held_out}

        assert kept(some | more) & some == kept(some)

    def test_one_key_in_forty_is_held_out(self) -> None:
        _, held_out = split(map(str, range(20_000)))
        assert len(held_out) / 20_000 == pytest.approx(0.025, abs=0.004)

    def test_of_few_keys_the_lowest_are_held_out(self) -> None:
        keys = [f"{i}.jpg" for i in range(30)]
        train, held_out = split(keys, at_least=3)
        assert len(held_out) >= 3
        assert max(digest(keys[i]) for i in held_out) < min(digest(keys[i]) for i in train)


class TestStrokes:
    def test_a_line_has_the_ink_of_its_length_and_width(self) -> None:
        points = np.array([[0, 100], [255, 100]], np.float32)
        picture = draw_strokes(points, np.array([2]), 64, Pose(scale=0.75, width=2.0))
        width = Pose(width=2.0).line_width(64)
        length = 0.75 * 64 - width
        expected = width * length + np.pi * width**2 / 4  # and its round ends
        assert (255.0 - picture).sum() / 255 == pytest.approx(expected, rel=0.08)
        ink = 255.0 - picture[..., 0]
        place = np.arange(64)
        assert (ink.sum(axis=1) @ place) / ink.sum() == pytest.approx(31.5, abs=0.13)  # in the middle
        assert (ink.sum(axis=0) @ place) / ink.sum() == pytest.approx(31.5, abs=0.13)

    def test_the_ink_is_black_and_the_paper_white(self) -> None:
        points = np.array(SQUARE[0], np.float32).T
        picture = draw_strokes(points, np.array([5]), 32, STILL)
        assert picture.min() < 8  # its lines need not lie on whole pixels
        assert picture[0, 0] == picture[16, 16] == 255

    def test_a_mirrored_drawing_is_the_picture_mirrored(self) -> None:
        points = np.array([[0, 0], [200, 30], [90, 255]], np.float32)
        plain, mirrored = (draw_strokes(points, np.array([3]), 48, Pose(mirror=m)) for m in (False, True))
        assert np.abs(mirrored[:, ::-1].astype(int) - plain).mean() < 8
        assert np.abs(mirrored.astype(int) - plain).mean() > 20

    def test_lines_grow_more_slowly_than_pictures(self) -> None:
        pose = Pose(width=1.0)
        assert pose.line_width(32) == 1.0
        assert 1.5 < pose.line_width(64) < 2.0

    @given(
        points=st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=12),
        size=st.integers(8, 70),
        seed=st.integers(0, 2**32),
    )
    @example(points=[(0, 0)], size=33, seed=11621008)
    def test_any_drawing_in_any_pose_leaves_ink(
        self, points: list[tuple[int, int]], size: int, seed: int
    ) -> None:
        pose = Pose.random(np.random.default_rng(seed))
        picture = draw_strokes(np.array(points, np.float32), np.array([len(points)]), size, pose)
        assert picture.shape == (size, size, 1)
        assert picture.dtype == np.uint8
        assert picture.min() < 255

    def test_sketches_are_read_with_their_classes(self, strokes_file: Path) -> None:
        pictures = StrokePictures.read(strokes_file, ("line", "cloud"))
        assert len(pictures) + len(pictures.kept) == 200
        labels = [pictures.sample(np.random.default_rng(i), 16)[1] for i in range(40)]
        assert set(labels) == {0, NO_CLASS}

    def test_held_out_sketches_are_never_drawn_for_training(self, strokes_file: Path) -> None:
        pictures = StrokePictures.read(strokes_file, ("line", "square"))
        assert len(pictures.kept) > 0
        assert not set(pictures.train) & set(pictures.kept)


class TestBitmaps:
    def test_a_bitmap_keeps_its_shape_and_contrast(self) -> None:
        ink = np.zeros((28, 28), np.uint8)
        ink[4:24, 10:14] = 255  # 20 by 4
        picture = lay_bitmap(ink, 40, Pose(scale=0.5))[..., 0]
        assert picture[11:29, 19:21].max() == 0
        assert picture[10:30, 18:22].max() < 40  # corners are rounded a little
        assert (255.0 - picture).sum() / 255 == pytest.approx(80, rel=0.08)

    @given(seed=st.integers(0, 2**32), size=st.integers(16, 70))
    def test_any_pose_leaves_dark_ink_on_white(self, seed: int, size: int) -> None:
        ink = np.zeros((28, 28), np.uint8)
        ink[2:26, 12:15] = ink[12:15, 2:26] = 255
        picture = lay_bitmap(ink, size, Pose.random(np.random.default_rng(seed)))
        assert picture.shape == (size, size, 1)
        assert picture.min() < 64  # thin ink is softened where it falls between small pixels
        assert np.median(picture) == 255

    def test_an_empty_bitmap_is_white_paper(self) -> None:
        assert (lay_bitmap(np.zeros((28, 28), np.uint8), 32, STILL) == 255).all()

    @pytest.mark.parametrize(("steps", "area"), [(0, 1), (1, 5), (2, 21)])
    def test_ink_is_thickened_on_every_side(self, steps: int, area: int) -> None:
        dot = np.zeros((9, 9), bool)
        dot[4, 4] = True
        thick = thicken(dot, steps)
        assert thick.sum() == area
        np.testing.assert_array_equal(thick, thick[::-1])
        np.testing.assert_array_equal(thick, thick.T)

    def test_the_drawings_that_are_strokes_too_are_left_out(self, bitmaps_file: Path) -> None:
        pictures = BitmapPictures.read_quickdraw(bitmaps_file, ("line", "square"))
        assert len(pictures.bitmaps) == 2 * (200 - ALSO_STROKES)
        assert set(pictures.labels) == {0, 1}

    def test_characters_drawn_twice_are_read_once(self, tmp_path: Path) -> None:
        ink = np.random.default_rng(0).integers(0, 256, (30, 105, 14), np.uint8)
        np.savez(tmp_path / "twice.npz", ink=np.concatenate([ink, ink]))
        pictures = BitmapPictures.read_omniglot(tmp_path / "twice.npz", ("line", CHARACTER))
        assert len(pictures) + len(pictures.kept) == 30
        assert pictures.sample(np.random.default_rng(0), 32)[1] == 1


class TestDigits:
    def test_bits_become_bright_ink(self, digits_file: Path) -> None:
        pictures = DigitPictures.read(digits_file)
        bits = np.random.default_rng(0).integers(0, 2, (7, 784), np.uint8)
        np.testing.assert_array_equal(pictures.train, bits.reshape(7, 28, 28) * 255)
        held_out, labels = pictures.held_out(28)
        np.testing.assert_array_equal(held_out[..., 0], pictures.train[:3])
        assert (labels == NO_CLASS).all()

    def test_a_larger_picture_is_black_around_the_digit(self, digits_file: Path) -> None:
        pictures = DigitPictures.read(digits_file)
        picture, _ = pictures.sample(np.random.default_rng(0), 33)
        assert picture.shape == (33, 33, 1)
        assert picture.sum(dtype=int) == picture[2:30, 2:30].sum(dtype=int)

    def test_a_smaller_picture_is_refused(self, digits_file: Path) -> None:
        with pytest.raises(BadRequest, match="27"):
            DigitPictures.read(digits_file).sample(np.random.default_rng(0), 27)


class TestMixture:
    @pytest.fixture
    def parts(self, strokes_file: Path, bitmaps_file: Path) -> tuple[Pictures, Pictures]:
        classes = ("line", "square")
        strokes = StrokePictures.read(strokes_file, classes)
        return strokes, BitmapPictures.read_quickdraw(bitmaps_file, classes)

    def test_parts_are_drawn_from_by_weight(self, parts: tuple[Pictures, Pictures]) -> None:
        mixture = Mixture.of([(3.0, parts[0]), (1.0, parts[1])])
        rng = np.random.default_rng(0)
        drawn = []
        original = BitmapPictures.sample
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BitmapPictures, "sample", lambda *a: drawn.append(1) or original(*a))
            for _ in range(2000):
                mixture.sample(rng, 8)
        assert len(drawn) / 2000 == pytest.approx(0.25, abs=0.03)

    def test_a_limit_is_shared_out_by_weight(self, parts: tuple[Pictures, Pictures]) -> None:
        mixture = Mixture.of([(1.0, parts[0]), (1.0, parts[1])])
        pixels, labels = mixture.held_out(16, 4)
        assert pixels.shape == (4, 16, 16, 1)
        assert labels.shape == (4,)
        np.testing.assert_array_equal(pixels[:2], parts[0].held_out(16, 2)[0])
        np.testing.assert_array_equal(pixels[2:], parts[1].held_out(16, 2)[0])

    def test_parts_must_agree(self, parts: tuple[Pictures, Pictures], digits_file: Path) -> None:
        with pytest.raises(BadRequest, match="classes"):
            Mixture.of([(1.0, parts[0]), (1.0, DigitPictures.read(digits_file))])
        with pytest.raises(BadRequest, match="weight 0"):
            Mixture.of([(0.0, parts[0])])

    @given(seed=st.integers(0, 2**32), size=st.integers(8, 40))
    def test_the_same_generator_gives_the_same_picture(self, seed: int, size: int) -> None:
        rows = (np.array([[0, 0], [99, 140]], np.float32), np.array([2]))
        strokes = StrokePictures(
            classes=("a",),
            channels=1,
            drawings=(rows, rows),
            labels=np.array([0, 0]),
            train=np.array([0, 1]),
            kept=np.array([], np.intp),
        )
        mixture = Mixture.of([(1.0, strokes), (2.0, strokes)])
        (a, i), (b, j) = (mixture.sample(np.random.default_rng(seed), size) for _ in range(2))
        np.testing.assert_array_equal(a, b)
        assert i == j == 0


def test_quantized_takes_the_nearest_of_the_levels() -> None:
    every = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(quantized(np.array([0, 127, 128, 255], np.uint8), 2), [0, 0, 255, 255])
    np.testing.assert_array_equal(quantized(every, 256), every)
    for levels in PixelCNNPPConfig.possible_levels:
        known = np.linspace(0, 255, levels)
        nearest = known[np.abs(every[:, None] - known).argmin(1)]
        np.testing.assert_array_equal(quantized(every, levels), nearest)
        drawn = units_to_bytes(bytes_to_units(torch.from_numpy(every)), levels)
        np.testing.assert_array_equal(drawn.numpy(), nearest)


class TestOpen:
    def test_sketches_give_their_held_out_ones(self, strokes_file: Path) -> None:
        pixels, labels = open_pictures(str(strokes_file), channels=3, classes=("square",), size=24)
        expected, _ = StrokePictures.read(strokes_file, ()).held_out(24)
        np.testing.assert_array_equal(pixels, np.repeat(expected, 3, axis=3))
        assert set(labels) <= {0, NO_CLASS}

    def test_bitmaps_of_one_word(self, bitmaps_file: Path) -> None:
        both, labels = open_pictures(str(bitmaps_file), channels=1, classes=("line", "square"))
        lines, _ = open_pictures(f"{bitmaps_file}:line", channels=1)
        assert both.shape[1:] == (32, 32, 1)
        assert len(lines) == np.count_nonzero(labels == 0)

    def test_digits_of_one_part(self, tmp_path: Path) -> None:
        digits = np.arange(2 * 784, dtype=np.uint8).reshape(2, 28, 28)
        np.savez(tmp_path / "d.npz", train=digits, test=digits[1:])
        default, labels = open_pictures(str(tmp_path / "d.npz"), channels=1)
        np.testing.assert_array_equal(default[..., 0], digits[1:])
        assert labels.tolist() == [NO_CLASS]
        assert len(open_pictures(f"{tmp_path / 'd.npz'}:train", channels=1)[0]) == 2

    @pytest.mark.parametrize(
        ("name", "part", "error"),
        [
            ("gone.npz", "", BadRequest),
            ("text.npz", "", BadImage),
            ("text.npz", ":train", BadImage),
            ("text.zip", "", BadImage),
            ("text.ndjson.gz", "", BadImage),
            ("cut.npz", "", BadImage),
            ("cut.ndjson.gz", "", BadImage),
            ("floats.npz", "", BadImage),
            ("single.npz", "", BadImage),
            ("bitmaps.npz", ":dog", BadRequest),
            ("sketches.ndjson.gz", ":square", BadRequest),
        ],
    )
    def test_what_cannot_be_opened_is_said_in_one_sentence(
        self, tmp_path: Path, strokes_file: Path, bitmaps_file: Path, name: str, part: str, error: type
    ) -> None:
        for suffix in (".npz", ".zip", ".ndjson.gz"):
            (tmp_path / f"text{suffix}").write_text("not pictures")
        (tmp_path / "cut.npz").write_bytes(bitmaps_file.read_bytes()[:5000])
        (tmp_path / "cut.ndjson.gz").write_bytes(strokes_file.read_bytes()[:100])
        with (tmp_path / "single.npz").open("wb") as file:
            np.save(file, np.zeros((3, 28, 28), np.uint8))
        np.savez(tmp_path / "floats.npz", cat=np.zeros((3, 28, 28)))
        with pytest.raises(error) as caught:
            open_pictures(f"{tmp_path / name}{part}", channels=1)
        message = str(caught.value)
        assert name in message
        assert message.endswith(".")
        assert "\n" not in message


@pytest.fixture(scope="module")
def sketches(shared_data: Path) -> Mixture:
    return sketch_pictures(shared_data)


@pytest.mark.data
class TestSharedData:
    def test_the_classes_are_the_words_and_character(self, sketches: Mixture) -> None:
        assert len(sketches.classes) == 346
        assert sketches.classes[-1] == CHARACTER
        assert list(sketches.classes[:-1]) == sorted(sketches.classes[:-1])
        assert {"apple", "bicycle", "cat", "diamond", "eye", "fish"} < set(sketches.classes)

    def test_each_source_is_dark_ink_of_about_the_same_weight(self, sketches: Mixture) -> None:
        for _, pictures in sketches.parts:
            rng = np.random.default_rng(0)
            pixels = np.stack([pictures.sample(rng, 32)[0] for _ in range(300)])
            assert 0.1 < (255 - pixels).mean() / 255 < 0.18
            assert np.median(pixels) == 255
            assert (pixels.min(axis=(1, 2, 3)) < 64).mean() > 0.99

    def test_each_source_holds_out_about_one_in_forty(self, sketches: Mixture) -> None:
        for _, pictures in sketches.parts:
            pixels, labels = pictures.held_out(16)
            assert len(pixels) / (len(pictures) + len(pixels)) == pytest.approx(0.025, abs=0.005)
            assert (labels >= 0).all()

    def test_no_held_out_sketch_is_among_the_training_bitmaps(self, sketches: Mixture) -> None:
        strokes, bitmaps = (pictures for _, pictures in sketches.parts[:2])
        assert isinstance(strokes, StrokePictures)
        assert isinstance(bitmaps, BitmapPictures)
        kept, labels = strokes.held_out(28)
        for word in np.intersect1d(labels, bitmaps.labels):
            rows = [i for i in bitmaps.train if bitmaps.labels[i] == word]
            laid = np.stack([lay_bitmap(bitmaps.bitmaps[i], 28, STILL) for i in rows])
            assert likeness(kept[labels == word], laid).max() < 0.87

    def test_binarized_mnist_is_split_as_published(self, shared_data: Path) -> None:
        digits = digit_pictures(shared_data)
        assert (len(digits), len(digits.kept)) == (50_000, 10_000)
        test, _ = open_pictures(str(shared_data / "binarized-mnist.npz") + ":test", channels=1)
        assert test.shape == (10_000, 28, 28, 1)
        assert set(np.unique(test)) == {0, 255}
        assert (test == 255).mean() == pytest.approx(0.132, abs=0.002)

    def test_the_files_open_for_evaluation(self, shared_data: Path, sketches: Mixture) -> None:
        for name in ("quickdraw-345.ndjson.gz", "quickdraw-6-bitmaps.npz", "omniglot.npz"):
            pixels, labels = open_pictures(
                str(shared_data / name), channels=1, classes=sketches.classes, limit=40
            )
            assert pixels.shape == (40, 32, 32, 1)
            assert (labels >= 0).all()


def likeness(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Correlations (n, m) of pictures (n, ...) and (m, ...)."""
    a, b = (255.0 - pictures.reshape(len(pictures), -1) for pictures in (some, others))
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (a, b))
    return (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T
