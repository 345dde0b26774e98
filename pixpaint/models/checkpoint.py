"""Weights on disk: safetensors with a JSON card beside them, whose sha256 is checked at every load.

Nothing here unpickles: a file from a stranger can be refused, but it can't run code.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from pixpaint.errors import BadModel, CannotWrite
from pixpaint.files import replace_file
from pixpaint.layers.masked import MaskedConv2d
from pixpaint.models.base import Model
from pixpaint.models.card import ModelCard, read_card, weights_path
from pixpaint.models.config import ModelConfig, read_config
from pixpaint.models.family import new_model


def save_model(model: Model, card: ModelCard, folder: Path) -> ModelCard:
    """Writes folder/<card.name>.safetensors in float16 and its card; gives the card with sha256 and parameters
    filled in.

    The model must have plain weights (no weight norm). Raises CannotWrite, and BadModel for weights that are no
    numbers or too large for float16; then nothing is written.
    """
    weights = {name: tensor.half().contiguous().cpu() for name, tensor in model.state_dict().items()}
    for name, tensor in weights.items():
        if not torch.isfinite(tensor).all():
            raise BadModel(
                f"The model {card.name} can't be saved: {name} holds values that are not finite in float16; "
                "train it at a lower learning rate."
            )
    data = save_tensors(weights, {"format": "pt"})
    path = folder / f"{card.name}.safetensors"
    card = replace(
        card,
        config=model.config.to_json(),
        sha256=hashlib.sha256(data).hexdigest(),
        parameters=sum(p.numel() for p in model.parameters()),
        path=path,
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"The folder {folder} can't be made: {error.strerror or error}.") from error
    replace_file(path, data)
    card.write(path.with_suffix(".json"))
    return card


def load_model(
    name_or_path: str, *, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> Model:
    """The model of this name or path, in evaluation mode. Raises BadModel where it is unknown, damaged or another
    kind."""
    card = read_card(name_or_path)
    path = weights_path(name_or_path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadModel(f"The model file {path} can't be read ({error.strerror}).") from error
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise BadModel(f"The model file {path} is damaged: its sha256 is not the one in its description.")
    try:
        weights = load_tensors(data)
    except SafetensorError as error:
        raise BadModel(f"The model file {path} is no safetensors file ({error}).") from error
    return build_model(read_config(card.config), weights).to(device, dtype)


def build_model(config: ModelConfig, weights: Mapping[str, Tensor]) -> Model:
    """A model in evaluation mode with these weights. Raises BadModel where they are not those of the config."""
    with torch.device("meta"):
        model = new_model(config)
    try:
        model.load_state_dict({name: t.float() for name, t in weights.items()}, assign=True)
    except RuntimeError as error:
        raise BadModel("The model's weights don't fit its description; it needs another version.") from error
    for layer in model.modules():
        if isinstance(layer, MaskedConv2d):
            layer.fold()
    return model.eval().requires_grad_(False)
