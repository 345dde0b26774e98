"""Weights on disk: what is saved comes back, and anything else is refused in one sentence."""

import hashlib
import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from pixpaint.errors import BadModel, CannotWrite
from pixpaint.layers.masked import MaskedConv2d
from pixpaint.models import card as cards
from pixpaint.models.card import ModelCard, list_models, read_card
from pixpaint.models.checkpoint import build_model, load_model, save_model
from pixpaint.models.config import ModelConfig, read_config
from pixpaint.models.encoder import Context
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
def test_a_config_comes_back_from_json(config: ModelConfig) -> None:
    assert read_config(json.loads(json.dumps(config.to_json()))) == config


def test_a_damaged_file_is_refused(saved) -> None:
    _, card = saved
    data = bytearray(card.path.read_bytes())
    data[-1] ^= 1
    card.path.write_bytes(data)
    with pytest.raises(BadModel, match="damaged"):
        load_model(str(card.path))


def test_a_truncated_file_with_a_matching_sum_is_refused(saved) -> None:
    _, card = saved
    data = card.path.read_bytes()[:1000]
    card.path.write_bytes(data)
    replace(card, sha256=hashlib.sha256(data).hexdigest()).write(card.path.with_suffix(".json"))
    with pytest.raises(BadModel, match="no safetensors file"):
        load_model(str(card.path))


def test_weights_of_another_model_are_refused(saved) -> None:
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
        {"features": 8.0},
        {"features": True},
        {"crop": "8"},
        {"blocks": None},
        {"classes": -1},
        {"dropout": "no"},
        {"dropout": float("nan")},
        {"oriented": 1},
        {"encoder": 3},
        {"encoder": {}},
        {"encoder": {"widths": [8]}},
        {"encoder": {"widths": 8}},
        {"encoder": {"widths": "888"}},
        {"encoder": {"widths": [16, 16, 16.0]}},
        {"encoder": {"widths": [16, 16, 0]}},
        {"encoder": {"widths": [16, 16, 16], "blocks": 2.0}},
        {"encoder": {"widths": [16, 16, 16], "blocks": 0}},
        {"encoder": {"widths": [16, 16, 16], "surprise": 1}},
        {"surprise": 1},
    ],
    ids=str,
)
def test_an_impossible_config_is_refused(change) -> None:
    with pytest.raises(BadModel):
        read_config({**MODELS["pixel_cnn_pp RGB"].to_json(), **change})


@pytest.mark.parametrize("data", [None, 3, "text", [], {}, {"kind": "other"}, {"kind": []}])
def test_what_is_no_config_is_refused(data) -> None:
    with pytest.raises(BadModel):
        read_config(data)


def test_a_renamed_model_goes_by_its_file_s_name(saved, monkeypatch: pytest.MonkeyPatch) -> None:
    _, card = saved
    for suffix in (".safetensors", ".json"):
        card.path.with_suffix(suffix).rename(card.path.with_name(f"yours{suffix}"))
    monkeypatch.setattr(cards, "model_folders", lambda: [card.path.parent])
    (listed,) = list_models()
    assert listed.name == "yours"
    assert read_card(listed.name).path == card.path.with_name("yours.safetensors")
    load_model(listed.name)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6])
def test_weights_that_float16_cannot_hold_are_not_saved(saved, value: float) -> None:
    model, card = saved
    before = {path: path.read_bytes() for path in card.path.parent.iterdir()}
    model.head.bias[0] = value
    with pytest.raises(BadModel, match=r"head\.bias"):
        save_model(model, card, card.path.parent)
    assert {path: path.read_bytes() for path in card.path.parent.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_explained(saved) -> None:
    model, card = saved
    with pytest.raises(CannotWrite, match="can't be made"):
        save_model(model, card, card.path / "folder")


def test_a_card_that_cannot_be_written_leaves_the_old_one(saved, monkeypatch: pytest.MonkeyPatch) -> None:
    _, card = saved

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CannotWrite, match="No space left"):
        replace(card, notes="new").write(card.path.with_suffix(".json"))
    assert read_card(str(card.path)) == card
    assert {path.suffix for path in card.path.parent.iterdir()} == {".safetensors", ".json"}


def test_bundled_models_load_and_their_cards_say_what_they_are() -> None:
    for card in list_models():
        model = load_model(card.name)
        assert len(card.classes) == model.config.classes
        assert card.parameters == sum(p.numel() for p in model.parameters())
        assert card.path is not None
        assert card.path.stat().st_size <= 15e6


@pytest.mark.parametrize("name", MODELS)
def test_every_model_comes_back_from_its_file(name: str, tmp_path) -> None:
    model = model_of(MODELS[name], torch.float32)
    for tensor in model.state_dict().values():
        tensor.copy_(tensor.half())
    card = save_model(model, ModelCard(name="mine", config={}, data="nothing"), tmp_path)
    back = load_model(str(card.path))
    assert type(back) is type(model)
    assert back.config == model.config
    x = torch.rand(1, model.config.channels, 8, 8) * 2 - 1
    context, zero = Context.of(x, torch.ones(1, 1, 8, 8)), torch.tensor([0])
    with torch.inference_mode():
        expected, found = (m(x, context, zero, zero, x).params for m in (model, back))
    assert torch.equal(found, expected)


@pytest.mark.parametrize("name", [name for name in MODELS if name.endswith("pixel_cnn RGB")])
def test_a_file_s_weights_behind_a_mask_let_nothing_through(name: str) -> None:
    """A stranger's file may hold any numbers where a mask should have left none."""
    weights = {name: torch.randn_like(t) for name, t in model_of(MODELS[name]).state_dict().items()}
    model = build_model(MODELS[name], weights)
    x = (torch.rand(1, 3, 8, 8) * 2 - 1).requires_grad_()
    zero = torch.tensor([0])
    for channel, params in enumerate(model(x, None, zero, zero).params.chunk(3, 1)):
        (gradient,) = torch.autograd.grad(params[0, :, 4, 4].sum(), x, retain_graph=True)
        assert not gradient[0, channel:, 4, 4].any()
        assert not gradient[0, :, 4, 5:].any()
        assert not gradient[0, :, 5:].any()
    masked = [m for m in model.modules() if isinstance(m, MaskedConv2d)]
    assert masked
    assert all(m.mask is None for m in masked)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("pixel_cnn RGB", {"classes": 2}),
        ("row_lstm RGB", {"classes": 2}),
        ("pixel_cnn RGB", {"blocks": 0}),
        ("pixel_cnn RGB", {"encoder": None}),
        ("gated_pixel_cnn RGB", {"kernel": 4}),
        ("gated_pixel_cnn RGB", {"likeness": 1}),
        ("gated_pixel_cnn RGB", {"layers": 2.0}),
        ("gated_pixel_cnn RGB", {"components": 3}),
    ],
)
def test_an_impossible_config_of_another_model_is_refused(name: str, change) -> None:
    with pytest.raises(BadModel):
        read_config({**MODELS[name].to_json(), **change})
