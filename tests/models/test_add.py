"""A model file from elsewhere is checked, then copied whole; anything else is refused in one sentence."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pixpaint.assets import user_models_folder
from pixpaint.errors import BadModel, BadRequest, CannotWrite
from pixpaint.models.add import add_model
from pixpaint.models.card import check_name, list_models, read_card
from pixpaint.models.checkpoint import load_model


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def elsewhere(tiny_model: Path, tmp_path: Path) -> Path:
    """theirs.safetensors with its card, in a folder of its own."""
    path = tmp_path / "elsewhere" / "theirs.safetensors"
    path.parent.mkdir()
    for suffix in (".safetensors", ".json"):
        shutil.copy(tiny_model.with_suffix(suffix), path.with_suffix(suffix))
    return path


def change_weights(path: Path, **changes: torch.Tensor) -> None:
    """Other weights, to which the card's sha256 is fitted."""
    save_file({**load_file(path), **changes}, path)
    change_card(path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def change_card(path: Path, **changes: object) -> None:
    card = path.with_suffix(".json")
    card.write_text(json.dumps({**json.loads(card.read_text()), **changes}))


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_it_is_copied_with_its_card_and_listed(elsewhere: Path, suffix: str) -> None:
    before = read_card(str(elsewhere))
    card = add_model(elsewhere.with_suffix(suffix))
    assert card.path == user_models_folder() / "theirs.safetensors"
    assert read_card("theirs") == replace(before, path=card.path) == card
    assert "theirs" in [listed.name for listed in list_models()]
    theirs, ours = load_model(str(elsewhere)).state_dict(), load_model("theirs").state_dict()
    assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())
    assert {path.name for path in user_models_folder().iterdir()} == {"theirs.safetensors", "theirs.json"}


def test_it_may_be_given_another_name(elsewhere: Path) -> None:
    assert add_model(elsewhere, "ours 2").name == "ours 2"
    assert load_model("ours 2").config == load_model(str(elsewhere)).config


@pytest.mark.parametrize("name", ["theirs", "sketch"])
def test_a_name_that_is_taken_stays_as_it_is(elsewhere: Path, name: str) -> None:
    add_model(elsewhere)
    with pytest.raises(BadRequest, match=f"called {name} already"):
        add_model(elsewhere, name)


@pytest.mark.parametrize(
    "name", ["", ".hidden", "..", "a/b", "a\\b", "c:", "x" * 101, "a\nb", "a.safetensors"]
)
def test_what_can_be_no_file_s_name_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="can't be called"):
        check_name(name)


def refused(path: Path, match: str) -> None:
    with pytest.raises(BadModel, match=match) as error:
        add_model(path)
    assert "\n" not in str(error.value)
    assert not user_models_folder().exists()


@pytest.mark.parametrize("name", ["a.pt", "a.pth", "a.ckpt", "a.PKL", "a.bin"])
def test_a_pickle_is_refused_unread_with_the_reason(tmp_path: Path, name: str) -> None:
    refused(tmp_path / name, "pickle, which can run any program")


def test_no_model_no_file_and_no_card_are_told_apart(elsewhere: Path, tmp_path: Path) -> None:
    refused(tmp_path / "picture.png", "picture.png is no model")
    refused(tmp_path / "nothing.safetensors", "no model file .*nothing")
    elsewhere.with_suffix(".json").unlink()
    refused(elsewhere, r"theirs\.json is missing beside theirs\.safetensors")


def test_a_damaged_file_is_refused(elsewhere: Path) -> None:
    data = bytearray(elsewhere.read_bytes())
    data[-1] ^= 1
    elsewhere.write_bytes(data)
    refused(elsewhere, "damaged")


def test_a_pickle_in_disguise_is_refused(elsewhere: Path) -> None:
    elsewhere.write_bytes(b"\x80\x04\x95" + b"x" * 50)
    change_card(elsewhere, sha256=hashlib.sha256(elsewhere.read_bytes()).hexdigest())
    refused(elsewhere, "no safetensors file")


def test_weights_that_do_not_fit_are_refused(elsewhere: Path) -> None:
    change_weights(elsewhere, surprise=torch.zeros(1))
    refused(elsewhere, "don't fit")


def test_weights_that_are_no_numbers_are_refused(elsewhere: Path) -> None:
    bias = load_file(elsewhere)["head.bias"]
    change_weights(elsewhere, **{"head.bias": torch.full_like(bias, float("nan"))})
    refused(elsewhere, "not all of its weights are numbers")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"classes": ["cat"]}, "other classes"),
        ({"classes": [1, 2]}, "other classes"),
        ({"config": {"kind": "other", "channels": 1, "crop": 16}}, "not one this version"),
        ({"config": 3}, "can't be read"),
    ],
    ids=str,
)
def test_a_card_that_is_not_the_model_s_is_refused(elsewhere: Path, change: dict, match: str) -> None:
    change_card(elsewhere, **change)
    refused(elsewhere, match)


def test_a_card_of_an_endless_model_is_refused_at_once(elsewhere: Path) -> None:
    config = json.loads(elsewhere.with_suffix(".json").read_text())["config"]
    change_card(elsewhere, config={**config, "blocks": 10**9})
    refused(elsewhere, "no valid")


def test_a_full_disk_leaves_nothing_behind(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def full_at_the_second_file(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_at_the_second_file)
    with pytest.raises(CannotWrite, match="No space left"):
        add_model(elsewhere)
    assert list(user_models_folder().iterdir()) == []
