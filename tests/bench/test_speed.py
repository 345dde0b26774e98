"""What `bench speed` and `--calibrate` measure: complete, consistent, and where `auto` finds it."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pixpaint.bench import calibrate, curves, speed
from pixpaint.bench.machine import contenders, peak_memory, this_machine, two_threads
from pixpaint.bench.subjects import FAMILY, Subject, random_model
from pixpaint.bench.timing import Task, time_fill
from pixpaint.errors import BadRequest
from pixpaint.models.config import DiagonalBiLSTMConfig, EncoderConfig, PixelCNNPPConfig
from pixpaint.sampling.speeds import Speed

ENCODER = EncoderConfig(widths=(8, 8, 8))
TINY = Subject(
    name="tiny", config=PixelCNNPPConfig(features=4, blocks=1, components=2, crop=8, encoder=ENCODER)
)
LSTM = Subject(name="tiny LSTM", config=DiagonalBiLSTMConfig(features=3, layers=2, head=8, crop=8))
CELLS = ((8, 1), (12, 1), (12, 2), (6, 2))
ENGINES = [("reference", "cpu"), *contenders()]


@pytest.fixture(scope="module")
def report() -> speed.Report:
    seen: list[tuple[float, float]] = []
    plan = speed.Plan(
        subjects=(TINY,),
        cells=((8, 1), (12, 1), (12, 2)),
        family=(LSTM,),
        family_cells=((6, 2),),
        hole=speed.HoleTask(subject=TINY, hole=5, picture=20),
        patience=0.05,
    )
    report = speed.measure(plan, lambda done, total: seen.append((done, total)))
    total = len(ENGINES) * 4 + 1
    assert seen == [(done, total) for done in range(1, total + 1)]
    return report


def test_every_engine_is_measured_at_every_size_and_batch(report: speed.Report) -> None:
    measured = [(row.height, row.width, row.batch, row.engine, row.device) for row in report.rows]
    assert measured == [(side, side, batch, *engine) for side, batch in CELLS for engine in ENGINES]
    models = [
        (row.model, row.kind, row.features, row.blocks, row.encoder, row.weights) for row in report.rows
    ]
    tiny, lstm = (random_model(subject.config).decoder_weights for subject in (TINY, LSTM))
    assert models == [("tiny", "pixel_cnn_pp", 4, 1, True, tiny)] * 3 * len(ENGINES) + [
        ("tiny LSTM", "diagonal_bilstm", 3, 2, False, lstm)
    ] * len(ENGINES)


def test_all_figures_of_a_row_follow_from_its_seconds(report: speed.Report) -> None:
    for row in report.rows:
        beside = {
            other.engine: other
            for other in report.rows
            if (other.height, other.batch, other.device) == (row.height, row.batch, "cpu")
        }
        assert row.speedup_over_torch == pytest.approx(beside["torch"].seconds / row.seconds)
        assert row.speedup_over_reference == pytest.approx(beside["reference"].seconds / row.seconds)
        assert row.us_per_pixel == pytest.approx(row.seconds / (row.height * row.width) * 1e6)
        assert row.images_per_second == pytest.approx(row.batch / row.seconds)
        if row.engine == "fused":
            assert row.floor_share == pytest.approx(row.floor_us_per_pixel / row.us_per_pixel)
            assert 0 < row.floor_share < 1
        else:
            assert row.floor_share is None
        assert row.sampled or row.engine != "reference"
        compared = not row.sampled and row.height != 6
        assert (row.times_one_candidate is not None) == compared
        assert row.times_one_candidate == 1 or not compared or row.batch > 1


@pytest.mark.parametrize(("subject", "ratio"), list(zip(FAMILY, (100, 100, 30, 30), strict=True)))
def test_fused_is_so_many_times_as_fast_as_the_naive_sampler(subject: Subject, ratio: int) -> None:
    """At 32 x 32. What is promised: on a machine of its own each is 2.5 times as far ahead or more."""
    speed.prepare()
    task = Task.of_nothing(random_model(subject.config), 32, 32, 1)
    naive, fused = (time_fill(task, engine, patience=0.5).seconds for engine in ("reference", "fused"))
    assert naive / fused > ratio


def test_the_holes_first_row_comes_before_its_last(report: speed.Report) -> None:
    assert 0 < report.first_row_seconds < report.hole_seconds


@pytest.mark.skipif("sys.platform == 'win32'")
def test_memory_is_told_in_bytes() -> None:
    peak = peak_memory()
    assert peak is not None
    assert 50e6 < peak < 50e9


def test_torch_gets_its_threads_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with two_threads():
            assert this_machine().threads == torch.get_num_threads() <= 2
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_calibration_measures_what_auto_chooses_from() -> None:
    larger = replace(TINY, config=replace(TINY.config, features=8))
    plan = calibrate.Plan(subjects=(TINY, larger), batches=(1, 2), side=8, patience=0.05)
    done: list[float] = []
    speeds = calibrate.measure_speeds(plan, lambda now, total: done.append(now / total))
    assert done[-1] == 1
    weights = [random_model(subject.config).decoder_weights for subject in plan.subjects]
    assert weights[0] < weights[1]
    assert [(s.weights, s.engine, s.device, s.candidates) for s in speeds] == [
        (w, *engine, batch) for w in weights for engine in contenders() for batch in (1, 2)
    ]
    assert all(s.us_per_pixel > 0 for s in speeds)


def test_a_choice_is_the_fastest_engine_of_its_device() -> None:
    def measured(engine: str, device: str, candidates: int, us: float) -> Speed:
        return Speed(engine=engine, device=device, weights=1000, candidates=candidates, us_per_pixel=us)

    speeds = (
        measured("torch", "cpu", 1, 50.0),
        measured("torch", "cpu", 4, 60.0),
        measured("fused", "cpu", 1, 10.0),
        measured("fused", "cpu", 4, 70.0),
        measured("torch", "cuda", 4, 90.0),
    )
    chosen = [(c.device, c.candidates, c.engine) for c in calibrate.choices(speeds)]
    assert chosen == [("cpu", 1, "fused"), ("cpu", 4, "torch"), ("cuda", 4, "torch")]


def test_curves_have_a_time_for_every_engine_and_point() -> None:
    plan = curves.Plan(
        subject=TINY, holes=(2, 4), pictures=(8, 12), batches=(1, 3), hole=3, picture=9, patience=0.0
    )
    done: list[tuple[float, float]] = []
    panels = curves.measure_curves(plan, lambda now, total: done.append((now, total)))
    assert done[-1] == (len(contenders()) * 6,) * 2
    assert [panel.curves[0].x for panel in panels] == [(2, 4), (8, 12), (1, 3)]
    for panel in panels:
        assert [(curve.engine, curve.device) for curve in panel.curves] == list(contenders())
        assert all(len(curve.seconds) == 2 and min(curve.seconds) > 0 for curve in panel.curves)


def test_curves_are_drawn_into_a_png(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from PIL import Image

    lines = tuple(
        curves.Curve(engine=engine, device="cpu", x=(8, 32), seconds=(0.1, slow))
        for engine, slow in (("torch", 5.0), ("fused", 0.5))
    )
    panels = tuple(curves.Panel(title=f"panel {i}", axis="pixels", curves=lines) for i in range(3))
    curves.draw(panels, "a machine", tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as image:
        assert image.format == "PNG"
        assert image.width > 2 * image.height
        colours = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)
    assert len(colours) > 10  # more than an empty page
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]


def test_without_matplotlib_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BadRequest, match=r"pip install 'pixpaint\[bench\]'"):
        curves.require_matplotlib()
