"""`pixpaint bench speed` prints a table, one line of JSON, or what `auto` will pick; it never measures in vain."""

import json
import sys
from pathlib import Path

import pytest

from pixpaint.bench import calibrate, curves, speed
from pixpaint.bench.machine import contenders
from pixpaint.bench.subjects import FAMILY, SUBJECTS, Subject
from pixpaint.cli import main
from pixpaint.models.config import EncoderConfig, PixelCNNPPConfig
from pixpaint.sampling import compile_cache, compile_loops
from pixpaint.sampling.speeds import calibrated_path, read_speeds

ENCODER = EncoderConfig(widths=(8, 8, 8))
TINY = Subject(
    name="tiny", config=PixelCNNPPConfig(features=4, blocks=1, components=2, crop=8, encoder=ENCODER)
)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Plans that take a second, and a person's folders of one's own."""
    hole = speed.HoleTask(subject=TINY, hole=4, picture=12)
    plan = speed.Plan(subjects=(TINY,), cells=((8, 1),), family=(), hole=hole, patience=0.01)
    monkeypatch.setattr(speed, "QUICK", plan)
    few = calibrate.Plan(subjects=(TINY,), batches=(1, 2), side=8, patience=0.01)
    monkeypatch.setattr(calibrate, "PLAN", few)
    points = curves.Plan(
        subject=TINY, holes=(2, 4), pictures=(8, 12), batches=(1, 2), hole=3, picture=8, patience=0
    )
    monkeypatch.setattr(curves, "QUICK", points)
    # That the loops are compiled is marked in the cache folder, and changes what `auto` means: for these tests alone.
    monkeypatch.setattr(compile_loops, "_done", False)
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))


@pytest.fixture
def measuring_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(*_: object) -> None:
        pytest.fail("measured before the request was checked")

    for module, name in ((speed, "prepare"), (speed, "measure"), (calibrate, "measure_speeds")):
        monkeypatch.setattr(module, name, measured)


ROW = {
    "model": str,
    "kind": str,
    "features": int,
    "blocks": int,
    "height": int,
    "width": int,
    "batch": int,
    "engine": str,
    "device": str,
    "seconds": float,
    "us_per_pixel": float,
    "images_per_second": float,
    "speedup_over_reference": float,
    "speedup_over_torch": float,
    "times_one_candidate": float | None,
    "floor_share": float | None,
}


@pytest.mark.usefixtures("tiny")
def test_json_is_one_line_of_the_promised_shape(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "speed", "--quick", "--json"]) == 0
    out, err = capfd.readouterr()
    assert out.count("\n") == 1
    assert err == ""
    said = json.loads(out)
    assert [row["engine"] for row in said["rows"]][:3] == ["reference", "torch", "fused"]
    for row in said["rows"]:
        for key, kind in ROW.items():
            assert isinstance(row[key], kind), key
        torch = next(
            other for other in said["rows"] if (other["engine"], other["device"]) == ("torch", "cpu")
        )
        assert row["speedup_over_torch"] == pytest.approx(torch["seconds"] / row["seconds"])
    assert 0 < said["first_row_seconds"] < said["hole_seconds"]
    assert isinstance(said["peak_rss_bytes"], int | None)
    assert said["machine"]["threads"] in (1, 2)


@pytest.mark.usefixtures("tiny")
def test_a_person_gets_a_table_with_machine_and_method(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "speed", "--quick"]) == 0
    out, err = capfd.readouterr()
    head, *lines = out.splitlines()
    assert head.startswith("model  size   batch  engine     device  ")
    rows = lines[: lines.index("")]
    assert [line.split()[5:7] for line in rows[:3]] == [
        ["reference", "cpu"],
        ["torch", "cpu"],
        ["fused", "cpu"],
    ]
    assert "*" in rows[0]
    assert rows[2].endswith("%")
    assert len({len(line) for line in (head, rows[2])}) == 1
    assert all(word in out for word in ("4 × 4 in 12 × 12", "thread", "numba", "float16", "sample", "median"))
    assert err == ""


@pytest.mark.usefixtures("tiny")
def test_calibrate_keeps_what_auto_reads_and_says_what_it_will_pick(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["bench", "speed", "--calibrate", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert compile_cache.ready()
    assert said["path"] == str(calibrated_path())
    kept = read_speeds()
    assert [vars(measured) for measured in kept] == said["speeds"]
    assert len(kept) == 2 * len(contenders())
    for choice in said["auto"]:
        us = {
            measured.engine: measured.us_per_pixel
            for measured in kept
            if (measured.device, measured.candidates) == (choice["device"], choice["candidates"])
        }
        assert choice["engine"] == min(us, key=us.__getitem__)


@pytest.mark.usefixtures("tiny")
def test_calibrate_shows_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "speed", "--calibrate"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["device", "weights", "batch", "torch", "fused", "auto"]
    assert lines[0].split()[0] == "cpu"
    assert lines[0].split()[-1] in ("torch", "fused")
    assert str(calibrated_path()) in lines[-1]


@pytest.mark.usefixtures("tiny")
def test_curves_are_drawn_beside_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert main(["bench", "speed", "--quick", "--json", "--curves", str(tmp_path / "curves.png")]) == 0
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(capsys.readouterr().out)["rows"]


@pytest.mark.usefixtures("measuring_fails")
def test_without_matplotlib_one_sentence_and_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["bench", "speed", "--curves", str(tmp_path / "curves.png")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "pip install 'pixpaint[bench]'" in err


@pytest.mark.usefixtures("measuring_fails")
@pytest.mark.parametrize("extra", [["--quick"], ["--curves", "curves.png"]], ids=" ".join)
def test_calibrate_stands_alone(extra: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "speed", "--calibrate", *extra]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.usefixtures("measuring_fails")
def test_a_folder_that_cannot_be_written_is_told_before_measuring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/proc")
    assert main(["bench", "speed", "--calibrate"]) == 1
    assert "/proc/pixpaint" in capsys.readouterr().err


@pytest.mark.usefixtures("measuring_fails")
@pytest.mark.parametrize("words", [[], ["quantity"], ["quality", "pictures", "more"]], ids=" ".join)
def test_another_word_is_bad_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["bench", *words])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_plans_measure_the_promised_models_and_sizes() -> None:
    shapes = [(s.config.features, s.config.blocks, s.config.encoder) for s in SUBJECTS]
    assert shapes == [(32, 2, EncoderConfig()), (64, 3, EncoderConfig()), (160, 5, None)]
    assert {(s.config.channels, s.config.components) for s in SUBJECTS} == {(3, 10)}
    assert speed.FULL.subjects == speed.QUICK.subjects == calibrate.PLAN.subjects == SUBJECTS
    assert speed.FULL.family == speed.QUICK.family == FAMILY
    assert [s.config.kind for s in FAMILY] == ["pixel_cnn", "gated_pixel_cnn", "row_lstm", "diagonal_bilstm"]
    assert {(s.config.features, s.blocks, s.config.channels, s.config.levels) for s in FAMILY} == {
        (48, 7, 3, 256)
    }
    assert set(speed.QUICK.family_cells) == {(32, 1)} < set(speed.FULL.family_cells)
    assert {(32, 1), (64, 1)} <= set(speed.FULL.cells)
    assert {batch for _, batch in speed.FULL.cells} == set(calibrate.PLAN.batches) == {1, 4, 16}
    assert set(speed.QUICK.cells) == {(32, 1), (32, 4)}
    assert (speed.FULL.hole.subject.config.features, speed.FULL.hole.hole, speed.FULL.hole.picture) == (
        64,
        48,
        512,
    )
