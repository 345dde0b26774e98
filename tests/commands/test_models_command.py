"""`pixpaint models` lists what there is, in a table and in JSON."""

import json
import shutil
from pathlib import Path

import pytest

from pixpaint.assets import user_models_folder
from pixpaint.cli import main
from pixpaint.models import card


@pytest.fixture
def only_tiny(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for suffix in (".safetensors", ".json"):
        shutil.copy(tiny_model.with_suffix(suffix), tmp_path)
    monkeypatch.setattr(card, "model_folders", lambda: [tmp_path])


@pytest.mark.usefixtures("only_tiny")
def test_the_table_tells_name_size_data_and_bits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "size", "parameters", "bits/dim", "data"]
    assert line.startswith("tiny  16 × 16 grey  0.05 M")
    assert line.endswith("all 7.500, bottom 7.250  nothing")
    assert head.index("data") == line.index("nothing")


@pytest.mark.usefixtures("only_tiny")
def test_json_has_all_of_it(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert said["name"] == "tiny"
    assert said["classes"] == ["cat", "fish"]
    assert said["bits_per_dim"] == {"all": 7.5, "bottom": 7.25}
    assert said["sha256"] == json.loads(tiny_model.with_suffix(".json").read_text())["sha256"]


def test_without_models_it_says_where_to_put_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(card, "model_folders", list)
    assert main(["models"]) == 0
    assert str(user_models_folder()) in capsys.readouterr().out


def test_a_model_from_elsewhere_is_added_and_listed(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["models", "add", str(tiny_model), "--name", "theirs"]) == 0
    assert "theirs is added" in capsys.readouterr().out
    assert main(["models"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("theirs"))
    assert "all 7.500, bottom 7.250" in line
    assert main(["models", "add", str(tiny_model), "--name", "others", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(user_models_folder() / "others.safetensors")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("add",), "FILE"),
        (("add", "x.pt"), "pickle"),
        (("--name", "x"), "--name"),
        (("--at", "1,1"), "models field"),
        (("field",), "-o FIELD.png"),
        (("field", "-o", "field.jpg"), ".png"),
        (("field", "-o", "field.png", "--at", "1,1"), "one model"),
        (("field", "nobody", "-o", "field.png"), "no model named nobody"),
    ],
)
def test_what_cannot_be_done_is_explained(
    arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert named in err
    assert err.count("\n") == 1
