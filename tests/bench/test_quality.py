"""Fillers are compared on the same holes, fairly and reproducibly; peers that are not installed are named."""

import json
import sys
import types
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pixpaint.bench import metrics
from pixpaint.bench.holes import seeded_hole
from pixpaint.bench.peers import PEERS, Filler, missing_peers, peers_at_hand
from pixpaint.bench.quality import Comparison, Figure, compare, mean, painted_by, ratio
from pixpaint.recipe import FillSettings
from pixpaint.sampling.painting import Painter

SIDE = 112
PICTURES = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
HOLES = [seeded_hole("48", SIDE, 0, i) for i in range(3)]


def grey(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    return np.where(hole[..., None], np.uint8(128), image)


def knowing(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    """The original, found by what is left of it."""
    for truth in PICTURES:
        if image.shape == truth.shape and np.array_equal(image[~hole], truth[~hole]):
            return truth
    return image


def careless(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    return np.full_like(image, 128)


def speckled(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, image.shape, dtype=np.uint8)


def compared(seed: int = 5, **fillers: Filler) -> Comparison:
    return compare(PICTURES, HOLES, fillers, seed=seed)


def untimed(comparison: Comparison) -> dict[str, object]:
    return {name: {**asdict(row), "seconds": 0} for name, row in comparison.rows.items()}


def test_a_perfect_fill_has_the_best_of_all_figures_and_the_floor() -> None:
    comparison = compared(knowing=knowing)
    row = comparison.rows["knowing"]
    assert row.psnr == Figure(mean=metrics.MOST_PSNR, error=0)
    assert row.ssim.mean == pytest.approx(1)
    assert row.gradient_energy == Figure(mean=1, error=0)
    assert row.border_step == Figure(mean=1, error=0)
    assert row.patch_distance == comparison.floor
    assert np.array_equal(comparison.fills["knowing"], PICTURES)


def test_a_flat_fill_has_no_gradient_and_is_far_from_the_originals_patches() -> None:
    comparison = compared(grey=grey)
    row = comparison.rows["grey"]
    assert row.gradient_energy.mean == 0
    assert row.patch_distance.mean is not None
    assert comparison.floor.mean is not None
    assert row.patch_distance.mean > 3 * comparison.floor.mean > 0


def test_fillers_do_not_see_what_the_hole_hides() -> None:
    seen = []

    def looking(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
        seen.append((image.copy(), hole, seed))
        return image

    compared(looking=looking)
    for (image, hole, seed), truth, i in zip(seen[1:], PICTURES, range(3), strict=True):
        assert not image[hole].any()
        assert np.array_equal(image[~hole], truth[~hole])
        assert np.array_equal(hole, HOLES[i])
        assert seed == 5 + i


def test_what_a_filler_changes_outside_the_hole_is_not_looked_at() -> None:
    comparison = compared(grey=grey, careless=careless)
    rows = untimed(comparison)
    assert rows["grey"] == rows["careless"]
    assert np.array_equal(comparison.fills["grey"], comparison.fills["careless"])


def test_the_same_seed_gives_the_same_figures_whoever_else_takes_part() -> None:
    alone, again, together = (
        compared(speckled=speckled),
        compared(speckled=speckled),
        compared(grey=grey, speckled=speckled),
    )
    assert untimed(alone) == untimed(again)
    assert untimed(alone)["speckled"] == untimed(together)["speckled"]
    assert alone.floor == together.floor
    assert untimed(alone) != untimed(compared(6, speckled=speckled))


def test_every_fill_is_told_with_its_size() -> None:
    sizes: list[int] = []
    compare(PICTURES, HOLES, {"grey": grey, "careless": careless}, on_filled=sizes.append)
    assert sizes == [48**2] * 6


def test_means_and_ratios_with_their_standard_errors() -> None:
    assert mean([1.0, 3.0]) == Figure(mean=2, error=1)
    assert mean([4.0]) == Figure(mean=4, error=None)
    assert ratio([(1.0, 2.0), (3.0, 6.0)]) == Figure(mean=0.5, error=0)
    # Off the line by 1 and -1: the root of 2 · 2 / 1 by the sum below, 4.
    assert ratio([(3.0, 2.0), (1.0, 2.0)]) == Figure(mean=1, error=0.5)
    assert ratio([(3.0, 2.0)]) == Figure(mean=1.5, error=None)
    assert ratio([(0.0, 0.0)]) == Figure(mean=None, error=None)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_fills_the_hole_and_nothing_else(name: str) -> None:
    pytest.importorskip(PEERS[name].module)
    fill = peers_at_hand()[name]
    rows, columns = np.mgrid[:SIDE, :SIDE]
    smooth = np.stack([rows, columns, 200 - rows], axis=2).astype(np.uint8)
    for kind in ("48", "scratch"):
        hole = seeded_hole(kind, SIDE, 1, 1)
        hidden = np.where(hole[..., None], np.uint8(0), smooth)
        filled = fill(hidden, hole, 0)
        assert filled.dtype == np.uint8
        assert np.array_equal(filled[~hole], smooth[~hole])
        # On a ramp there is no patch to copy that would fit.
        most = 0.5 * smooth[hole].mean() if name == "shift-map" else 12
        assert np.abs(filled.astype(int) - smooth)[hole].mean() < most


def test_a_peer_that_is_not_installed_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert not {"telea", "navier-stokes", "shift-map"} & set(peers_at_hand())
    sentences = [sentence for sentence in missing_peers() if "opencv" in sentence]
    assert len(sentences) == 1
    assert "telea, navier-stokes, frequency-selective and shift-map left out" in sentences[0]
    assert "pip install 'pixpaint[bench]'" in sentences[0]


def test_of_an_opencv_without_what_was_contributed_the_rest_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", types.ModuleType("cv2"))
    assert {"telea", "navier-stokes"} <= set(peers_at_hand())
    assert not {"frequency-selective", "shift-map"} & set(peers_at_hand())
    (sentence,) = [sentence for sentence in missing_peers() if "opencv" in sentence]
    assert sentence.startswith("frequency-selective and shift-map left out")
    assert "after pip uninstall" in sentence


def test_pixpaint_paints_as_its_command_does(tiny_model: Path) -> None:
    painter, settings = Painter(), FillSettings(model=str(tiny_model), engine="torch")
    image, hole = PICTURES[0][:24, :24], np.zeros((24, 24), np.bool_)
    hole[9:14, 6:13] = True
    filled = painted_by(painter, settings)(image, hole, 7)
    expected = image.copy()
    for event in painter.paint(replace(settings, seed=7), image, hole):
        expected[event.rows, event.columns] = event.pixels[0]
    assert np.array_equal(filled, expected)
    assert np.array_equal(filled[~hole], image[~hole])
    assert (filled != image).any()


def test_all_figures_fit_into_json() -> None:
    flat = np.full((2, SIDE, SIDE, 3), 9, np.uint8)  # nothing to take a ratio of
    comparison = compare(flat, HOLES[:2], {"grey": grey})
    assert comparison.rows["grey"].gradient_energy.mean is None
    json.dumps(asdict(comparison.rows["grey"]), allow_nan=False)
