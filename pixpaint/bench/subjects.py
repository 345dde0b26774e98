"""The models that are measured: PixelCNN++ in three sizes, the rest of the family in one, with random weights, rounded
as a model file holds them."""

from copy import deepcopy
from dataclasses import dataclass
from math import sqrt

import torch
from torch import nn

from pixpaint.models.base import Model
from pixpaint.models.config import (
    DiagonalBiLSTMConfig,
    EncoderConfig,
    GatedPixelCNNConfig,
    PixelCNNConfig,
    PixelCNNPPConfig,
    PixelRNNConfig,
    RowLSTMConfig,
)
from pixpaint.models.family import new_model

AnyConfig = PixelCNNPPConfig | PixelCNNConfig | GatedPixelCNNConfig | PixelRNNConfig


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model to measure, by the name it has in tables."""

    name: str
    config: AnyConfig

    @property
    def blocks(self) -> int:
        """Its blocks, of PixelCNN++ those of a stage, or its layers."""
        config = self.config
        return config.blocks if isinstance(config, PixelCNNPPConfig | PixelCNNConfig) else config.layers


SMALL = Subject(
    name="F=32 q=2, encoder",
    config=PixelCNNPPConfig(features=32, blocks=2, oriented=True, encoder=EncoderConfig()),
)
MEDIUM = Subject(
    name="F=64 q=3, encoder",
    config=PixelCNNPPConfig(features=64, blocks=3, oriented=True, encoder=EncoderConfig()),
)
PAPER = Subject(name="F=160 q=5", config=PixelCNNPPConfig(features=160, blocks=5))
"""The paper's network."""

SUBJECTS = (SMALL, MEDIUM, PAPER)
"""PixelCNN++."""

FAMILY = (
    Subject(name="PixelCNN h=48, 7 blocks", config=PixelCNNConfig(features=48, blocks=7, head=96)),
    Subject(
        name="Gated PixelCNN p=48, 7 layers",
        config=GatedPixelCNNConfig(features=48, layers=7, kernel=3, head=96),
    ),
    Subject(name="Row LSTM h=48, 7 layers", config=RowLSTMConfig(features=48, layers=7, head=96)),
    Subject(
        name="Diagonal BiLSTM h=48, 7 layers", config=DiagonalBiLSTMConfig(features=48, layers=7, head=96)
    ),
)
"""The rest: in colour as those are, so that a pixel takes three passes."""


def random_model(config: AnyConfig, seed: int = 0) -> Model:
    """A model in evaluation mode with random weights.

    The kernels are normal, of half the deviation that would keep an input's, so that the features neither die away nor
    grow; those that training starts at zero are drawn too. All are rounded to float16, as in a model's file: an engine
    may then store them so.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = new_model(config)
        for weight in model.parameters():
            if weight.ndim == 4:
                nn.init.normal_(weight, std=0.5 / sqrt(weight[0].numel()))
            weight.data = weight.data.half().float()
    return model.eval().requires_grad_(False)


def on_device(model: Model, device: str) -> Model:
    """The model itself if it is there, else a copy."""
    return model if model.head.weight.device.type == device else deepcopy(model).to(device)
