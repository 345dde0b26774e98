"""Weights on disk: what is saved comes back, and anything else is refused in one sentence."""

import json

import pytest
import torch
from safetensors.torch import save_file

from pixpaint.errors import BadModel
from pixpaint.models.card import ModelCard, list_models, read_card
from pixpaint.models.checkpoint import load_model, save_model
from pixpaint.models.config import PixelCNNPPConfig
from tests.registry import MODELS, model_of


@pytest.fixture
def saved(tmp_path):
    model = model_of(MODELS["pixel_cnn_pp RGB"], torch.float32)
    card = ModelCard(name="mine", config=model.config.to_json(), classes=("cat", "fish"), data="two pictures")
    return model, save_model(model, card, tmp_path)


def test_a_saved_model_comes_back_with_its_card(saved) -> None:
    model, card = saved
    back = load_model(str(card.path))
    assert back.config == model.config
    assert not back.training
    for name, tensor in back.state_dict().items():
        torch.testing.assert_close(tensor, model.state_dict()[name].half().float(), rtol=0, atol=0)
    assert read_card(str(card.path)) == card
    assert card.parameters == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS)
def test_a_config_comes_back_from_json(config: PixelCNNPPConfig) -> None:
    assert PixelCNNPPConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_a_damaged_file_is_refused(saved) -> None:
    _, card = saved
    data = bytearray(card.path.read_bytes())
    data[-1] ^= 1
    card.path.write_bytes(data)
    with pytest.raises(BadModel, match="damaged"):
        load_model(str(card.path))


def test_a_truncated_file_with_a_matching_sum_is_refused(saved) -> None:
    import hashlib
    from dataclasses import replace

    _, card = saved
    data = card.path.read_bytes()[:1000]
    card.path.write_bytes(data)
    replace(card, sha256=hashlib.sha256(data).hexdigest()).write(card.path.with_suffix(".json"))
    with pytest.raises(BadModel, match="no safetensors file"):
        load_model(str(card.path))


def test_weights_of_another_model_are_refused(saved) -> None:
    import hashlib
    from dataclasses import replace

    _, card = saved
    save_file({"head.weight": torch.zeros(1)}, card.path)
    digest = hashlib.sha256(card.path.read_bytes()).hexdigest()
    replace(card, sha256=digest).write(card.path.with_suffix(".json"))
    with pytest.raises(BadModel, match="don't fit"):
        load_model(str(card.path))


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"name": "x"}', '{"name": "x", "config": {"kind": "other"}}']
)
def test_an_unreadable_card_is_refused(saved, text: str) -> None:
    _, card = saved
    card.path.with_suffix(".json").write_text(text)
    with pytest.raises(BadModel):
        load_model(str(card.path))


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadModel, match="no model named nothing-like-it; there are"):
        read_card("nothing-like-it")


def test_a_pickle_is_never_loaded(tmp_path) -> None:
    path = tmp_path / "boom.safetensors"
    path.write_bytes(b"\x80\x04\x95" + b"x" * 50)
    path.with_suffix(".json").write_text(
        json.dumps({"name": "boom", "config": MODELS["pixel_cnn_pp RGB"].to_json()})
    )
    with pytest.raises(BadModel):
        load_model(str(path))


@pytest.mark.parametrize(
    "change",
    [
        {"channels": 2},
        {"levels": 7},
        {"features": 0},
        {"dropout": 1.0},
        {"encoder": {"widths": [8]}},
        {"surprise": 1},
    ],
)
def test_an_impossible_config_is_refused(change) -> None:
    with pytest.raises(BadModel):
        PixelCNNPPConfig.from_json({**MODELS["pixel_cnn_pp RGB"].to_json(), **change})


def test_bundled_models_load_and_their_cards_say_what_they_are() -> None:
    for card in list_models():
        model = load_model(card.name)
        assert len(card.classes) == model.config.classes
        assert card.parameters == sum(p.numel() for p in model.parameters())
        assert card.path is not None
        assert card.path.stat().st_size <= 15e6
