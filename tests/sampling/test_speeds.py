"""`auto` goes by the nearest measurement, of this machine if there is one, else of the bundled table."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pixpaint.assets import resource
from pixpaint.errors import CannotWrite
from pixpaint.models.config import EncoderConfig
from pixpaint.recipe import FillSettings
from pixpaint.sampling.painting import Painter
from pixpaint.sampling.speeds import (
    Speed,
    calibrated_path,
    fastest,
    of_its_size,
    read_speeds,
    save_speeds,
)
from tests.registry import MODELS, model_of


def speed(engine: str, us: float, *, weights: int = 1000, candidates: int = 1, device: str = "cpu") -> Speed:
    return Speed(engine=engine, device=device, weights=weights, candidates=candidates, us_per_pixel=us)


BOTH = {"torch", "fused"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


def test_the_fastest_engine_of_the_nearest_size_and_batch_is_taken() -> None:
    speeds = [
        speed("torch", 20, weights=1000),
        speed("fused", 10, weights=1000),
        speed("torch", 30, weights=100_000),
        speed("fused", 40, weights=100_000),
        speed("torch", 5, weights=1000, candidates=16),
        speed("fused", 50, weights=1000, candidates=16),
    ]
    assert fastest(speeds, BOTH, "cpu", 2000, 1) == "fused"
    assert fastest(speeds, BOTH, "cpu", 9_000, 1) == "fused"  # nearer by factors, not by differences
    assert fastest(speeds, BOTH, "cpu", 11_000, 1) == "torch"
    assert fastest(speeds, BOTH, "cpu", 1000, 3) == "fused"
    assert fastest(speeds, BOTH, "cpu", 1000, 5) == "torch"


def test_measurements_of_a_size_are_of_the_nearest_one_if_it_is_near() -> None:
    speeds = [speed("fused", us, weights=4000, candidates=count) for count, us in ((1, 9), (4, 20))]
    others = [speed("torch", 1, weights=4000), speed("fused", 1, weights=9000)]
    assert of_its_size([*others, *speeds], "fused", "cpu", 3000) == speeds
    assert of_its_size(speeds, "fused", "cpu", 1999) == []
    assert of_its_size(speeds, "fused", "cuda", 4000) == []


def test_each_engine_is_judged_by_its_own_nearest_measurement() -> None:
    """A table may lack an engine at some size."""
    speeds = [speed("torch", 20), speed("fused", 10, weights=4000)]
    assert fastest(speeds, BOTH, "cpu", 1000, 1) == "fused"


def test_only_engines_that_may_be_taken_and_their_device_count() -> None:
    speeds = [speed("torch", 20), speed("fused", 10), speed("torch", 1, device="cuda")]
    assert fastest(speeds, {"torch"}, "cpu", 1000, 1) == "torch"
    assert fastest(speeds, BOTH, "cuda", 1000, 1) == "torch"
    assert fastest(speeds, {"fused"}, "cuda", 1000, 1) is None
    assert fastest([], BOTH, "cpu", 1000, 1) is None


def test_what_was_saved_is_read_and_goes_before_the_bundled_table(home: Path) -> None:
    mine = (speed("torch", 1.25), speed("fused", 2.5, candidates=4))
    assert read_speeds() != mine
    assert save_speeds(mine) == calibrated_path() == home / "pixpaint" / "speeds.json"
    assert read_speeds() == mine


@pytest.mark.parametrize("text", ["", "{", "3", '[{"engine": "torch"}]', '[{"speed": 1}]', "[[]]", "\xff"])
def test_a_calibrated_file_that_cannot_be_read_is_passed_over(text: str) -> None:
    bundled = read_speeds()
    calibrated_path().parent.mkdir(parents=True)
    calibrated_path().write_bytes(text.encode("latin-1"))
    assert read_speeds() == bundled


def test_a_table_that_cannot_be_kept_is_said_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calibrated_path().mkdir(parents=True)
    with pytest.raises(CannotWrite):
        save_speeds([speed("torch", 1.0)])


def test_the_bundled_table_covers_what_calibration_measures() -> None:
    rows = [Speed(**row) for row in json.loads(resource("speeds.json").read_text(encoding="utf-8"))]
    assert tuple(rows) == read_speeds()
    cpu = [row for row in rows if row.device == "cpu"]
    sizes = {row.weights for row in cpu}
    assert len(sizes) == 3
    assert {(row.engine, row.weights, row.candidates) for row in cpu} == {
        (engine, weights, candidates) for engine in BOTH for weights in sizes for candidates in (1, 4, 16)
    }
    assert all(asdict(row)["us_per_pixel"] > 0 for row in rows)


def test_the_encoder_is_not_counted_in_a_models_size() -> None:
    config = MODELS["pixel_cnn_pp RGB, two blocks a stage, alone"]
    (alone, beside) = (model_of(replace(config, encoder=encoder)) for encoder in (None, EncoderConfig()))
    projections = sum(
        p.numel() for block in beside.gated_blocks if block.project for p in block.project.parameters()
    )
    assert beside.decoder_weights - projections == alone.decoder_weights
    assert 0 < alone.decoder_weights < sum(p.numel() for p in alone.parameters())


def test_a_painter_tells_what_was_measured_of_its_like() -> None:
    painter = Painter()
    used = painter.prepare(FillSettings(model="sketch", engine="torch", device="cpu"))
    weights = painter.model(used).decoder_weights
    save_speeds([speed("torch", 20, weights=weights), speed("torch", 50, weights=weights, candidates=4)])
    assert painter.measured(used) == {1: pytest.approx(20e-6), 4: pytest.approx(50e-6)}
    assert painter.measured(replace(used, engine="reference")) == {}
    assert painter.measured(replace(used, model="digits-pixelcnn")) == {}
