"""A model of one's own: from another model, in parts, told in lines of JSON, and never in another one's place."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixpaint.assets import data_folder, user_models_folder
from pixpaint.cli import main
from pixpaint.commands import train as train_command
from pixpaint.commands import train_plan
from pixpaint.models.add import add_model
from pixpaint.models.card import read_card
from pixpaint.training.runs import discard_run, read_run, run_folder, unfinished_runs


@pytest.fixture(autouse=True)
def _desk(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model tiny, and 60 colour pictures of two kinds, one of which it knows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    add_model(tiny_model)
    rows, columns = np.indices((24, 24))
    for kind in ("cat", "bird"):
        Path("pictures", kind).mkdir(parents=True)
        for k in range(30):
            ramp = (rows * (k + 1) + columns * 5) % 256
            pixels = np.stack([ramp, 255 - ramp, ramp // 2], 2).astype(np.uint8)
            Image.fromarray(pixels).save(Path("pictures", kind, f"{k}.png"))
    Path("pictures", "bird", "broken.png").write_text("no picture")


def train(*arguments: str) -> int:
    return main(["train", *arguments, "--threads", "1"])


START = ("--data", "pictures", "--name", "mine", "--from", "tiny", "--batch", "4")


def lines(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_it_learns_from_another_model_and_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert train(*START, "--steps", "30") == 0
    out = capsys.readouterr().out
    assert "60 pictures: 52 to learn from, 8 held out; passed over 1 that can't be read." in out
    assert "keeps its own classes: pictures in bird are learned without a class" in out
    card = read_card("mine")
    assert card.path == user_models_folder() / "mine.safetensors"
    assert card.classes == ("cat", "fish")
    assert card.config == read_card("tiny").config
    assert card.data == "52 pictures of pictures"
    assert card.training["from"] == "tiny"
    first, last = card.training["history"][0], card.training["history"][-1]
    assert (first["step"], last["step"]) == (0, 30)
    assert last["all"] < first["all"]
    assert f"held-out bits/dim {first['all']:.3f} before, {last['all']:.3f} now" in out
    assert main(["models"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("mine"))
    assert f"all {last['all']:.3f}" in line
    assert unfinished_runs() == []


def test_lines_of_json_tell_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert train(*START, "--steps", "2", "--json") == 0
    pictures, before, progress, after, end = lines(capsys.readouterr().out)
    assert pictures == {
        "event": "pictures",
        "training": 52,
        "held_out": 8,
        "unreadable": 1,
        "too_small": 0,
        "folders_without_class": ["bird"],
    }
    assert (before["event"], before["step"], before["now"]) == ("score", 0, before["before"])
    assert Path(before["samples"]).exists()
    assert (progress["event"], progress["step"], progress["share_done"]) == ("progress", 2, 1.0)
    assert (after["event"], after["step"], after["before"]) == ("score", 2, before["before"])
    assert end["event"] == "end"
    assert end["now"] == after["now"] == read_card("mine").bits_per_dim["all"]
    assert end["model"] == str(user_models_folder() / "mine.safetensors")


def test_a_run_that_only_gets_worse_ends_and_leaves_its_best(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_command, "pause_minutes", lambda minutes: 0.0)
    monkeypatch.setitem(train_plan.FINE_TUNING, "learning_rate", 0.3)
    monkeypatch.setitem(train_plan.FINE_TUNING, "patience", 2)
    assert train(*START, "--steps", "60", "--json") == 0
    _, first, *told, end = lines(capsys.readouterr().out)
    scores = [line["now"] for line in told if line["event"] == "score"]
    assert 3 <= len(scores) < 60
    assert (end["event"], end["before"], end["now"]) == ("end", first["now"], min(scores))
    assert read_card("mine").bits_per_dim["all"] == min(scores)
    assert unfinished_runs() == []


def test_a_path_will_do_for_the_start_and_is_not_told_in_the_card(tiny_model: Path) -> None:
    start = ("--data", "pictures", "--out", "run", "--name", "mine", "--from", str(tiny_model))
    assert train(*start, "--steps", "1", "--batch", "4") == 0
    card = Path("run", "mine.json").read_text()
    assert json.loads(card)["training"]["from"] == "tiny"
    assert str(tiny_model.parent) not in card


def test_nobody_s_model_is_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in data_folder().rglob("*") if path.is_file()}
    assert train("--data", "pictures", "--name", "tiny", "--from", "tiny") == 2
    assert "a model called tiny already" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in data_folder().rglob("*") if path.is_file()} == before


def test_a_run_goes_on_as_it_was_begun(capsys: pytest.CaptureFixture[str]) -> None:
    assert train(*START, "--steps", "2") == 0
    shutil.rmtree(user_models_folder())  # what it started from is needed no more
    assert train("--name", "mine", "--resume", "--steps", "4") == 0
    assert read_card("mine").training["steps"] == 4
    capsys.readouterr()
    assert train("--name", "mine", "--resume") == 2
    assert "trained already, 4 steps" in capsys.readouterr().err
    assert train("--name", "mine", "--resume", "--from", "sketch", "--steps", "6") == 2
    assert "started from tiny, not from sketch" in capsys.readouterr().err
    run = read_run(run_folder("mine"))
    assert run.data == str(Path("pictures").resolve())
    assert (run.step, run.recipe.start_from, run.share_done) == (4, "tiny", 1.0)


def test_a_run_without_pictures_asks_for_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("--name", "mine") == 2
    assert "--data" in capsys.readouterr().err


def test_a_discarded_run_leaves_nothing_but_other_models() -> None:
    assert train(*START, "--steps", "1") == 0
    discard_run("mine")
    assert sorted(path.name for path in data_folder().rglob("*") if path.is_file()) == [
        "tiny.json",
        "tiny.safetensors",
    ]


@pytest.mark.skipif(os.name != "posix", reason="there are no such signals elsewhere")
def test_a_stopped_run_is_found_and_finished_after_a_restart() -> None:
    command = [
        sys.executable,
        "-m",
        "pixpaint",
        "train",
        *START,
        "--minutes",
        "30",
        "--json",
        "--threads",
        "1",
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "progress":
                process.send_signal(signal.SIGINT)
                break
        rest = lines(process.stdout.read())
    assert process.returncode == 130
    assert rest[-1]["event"] == "score"
    (run,) = unfinished_runs()
    assert run.recipe.name == "mine"
    assert run.recipe.minutes == 30
    assert 0 < run.share_done < 0.5
    assert run.step == rest[-1]["step"] == read_card("mine").training["steps"]
    assert train("--name", "mine", "--resume", "--steps", str(run.step + 3)) == 0
    assert read_card("mine").training["steps"] == run.step + 3
    assert unfinished_runs() == []


@pytest.mark.skipif(os.name != "posix", reason="there are no such pipes elsewhere")
def test_a_run_that_nobody_listens_to_any_more_stops_and_is_saved() -> None:
    command = [sys.executable, "-m", "pixpaint", "train", *START, "--json", "--threads", "1"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["event"] == "pictures"
    process.stdout.close()
    assert process.wait(60) == 130
    assert "stopped and saved" in process.stderr.read()
    process.stderr.close()
    assert read_run(run_folder("mine")).step > 0
